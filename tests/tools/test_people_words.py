"""Words and phrases that the benchmark on people cuts out: sure, long, and of the half."""

import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.usefixtures("people_bench")


def words_file(folder, rows):
    (folder / "librispeech_words/flac").mkdir(parents=True)
    for file in {row[0] for row in rows}:
        (folder / "librispeech_words/flac" / file).touch()
    lines = ["file\tstart\tend\tword\tprobability", *("\t".join(map(str, row)) for row in rows)]
    (folder / "librispeech_words/words.tsv").write_text("\n".join(lines) + "\n")


def test_words_are_sure_and_long_and_of_the_half(tmp_path):
    from people.spoken_words import spoken_words, vocabulary_of, word_clips

    rows = [
        ("7-1-0.flac", 0.0, 0.5, "house", 0.95),
        ("7-1-0.flac", 0.5, 0.6, "the", 0.99),  # three letters
        ("7-1-0.flac", 0.6, 1.0, "we'd", 0.99),  # and an apostrophe
        ("7-1-0.flac", 1.0, 1.4, "garden", 0.9),  # not above
        ("7-1-0.flac", 1.4, 1.42, "flowers", 0.99),  # no window of 25 ms
        ("7-1-0.flac", 2.0, 2.4, "don't", 0.91),
        ("30-1-0.flac", 0.0, 0.5, "other", 0.99),  # the test half
    ]
    words_file(tmp_path, rows)
    words = spoken_words(tmp_path, "dev")
    clips = word_clips(tmp_path, words)
    assert [(one.text, one.start, one.stop, one.speaker) for one in clips] == [
        ("house", 0.0, 0.5, "7"),
        ("don't", 2.0, 2.4, "7"),
    ]
    assert vocabulary_of(words) == ["don't", "flowers", "house", "the", "we'd"]
    assert [one.text for one in word_clips(tmp_path, spoken_words(tmp_path, "test"))] == ["other"]
    for file in (tmp_path / "librispeech_words/flac").iterdir():
        file.unlink()
    with pytest.raises(FileNotFoundError, match="no words of the dev half"):
        spoken_words(tmp_path, "dev")


def test_phrases_follow_closely_and_share_no_word(tmp_path):
    from people.spoken_words import phrase_clips, spoken_words

    file = "7-1-0.flac"
    rows = [
        (file, 0.0, 0.4, "one", 0.99),
        (file, 0.5, 0.8, "two", 0.99),
        (file, 0.8, 1.0, "three", 0.99),
        (file, 1.2, 1.6, "four", 0.99),  # after a gap
        (file, 1.6, 2.0, "five", 0.99),
        (file, 2.0, 2.4, "six", 0.5),
        (file, 2.4, 2.6, "seven", 0.99),
        (file, 2.6, 2.8, "eight", 0.99),  # 0.4 s together
        ("7-1-1.flac", 0.0, 2.0, "nine", 0.99),
        ("7-1-1.flac", 2.0, 2.6, "ten", 0.99),  # 2.6 s together
    ]
    words_file(tmp_path, rows)
    words = spoken_words(tmp_path, "dev")
    assert [one.text for one in phrase_clips(tmp_path, words, 2)] == ["one two", "four five"]
    assert [(one.text, one.start, one.stop) for one in phrase_clips(tmp_path, words, 3)] == [
        ("one two three", 0.0, 1.0)
    ]
    assert phrase_clips(tmp_path, words, 4) == []


class Aligner:
    """Places words 0.1 s later than ``words`` have it, and the fifth elsewhere; what is longer does not fit."""

    name = "later"

    def __init__(self, words):
        self.words = words

    def spells(self, words):
        return all(any(map(str.isalnum, word)) for word in words)

    def place(self, samples, words):
        if len(words) > len(samples) / 1600:
            return None
        own = [word for word in self.words if word.text in words]
        times = [(word.start + 0.1, word.stop + 0.1, None) for word in own]
        times[4:5] = [(9.0, 9.5, None)]
        return times


def test_words_move_and_strays_are_not_sure(tmp_path):
    from people.aligned_words import aligned_words
    from people.spoken_words import SpokenWord, word_clips

    texts = ["zero", "first", "second", "-", "third", "fourth", "fifth"]
    long = [SpokenWord("7-1-0.flac", 0.5 * k, 0.5 * k + 0.5, text, 0.99) for k, text in enumerate(texts)]
    short = [one._replace(file="7-1-1.flac") for one in long]
    (tmp_path / "librispeech_words/flac").mkdir(parents=True)
    for file, seconds in (("7-1-0.flac", 10), ("7-1-1.flac", 0.2)):
        soundfile.write(tmp_path / "librispeech_words/flac" / file, np.zeros(round(16_000 * seconds)), 16_000)
    found = aligned_words(tmp_path, long + short, Aligner(long))
    later = [one._replace(start=one.start + 0.1, stop=one.stop + 0.1) for one in long]
    later[3] = long[3]._replace(probability=0.0)  # it has no letter
    later[5] = long[5]._replace(start=9.0, stop=9.5, probability=0.0)
    assert found == [*later, *(one._replace(probability=0.0) for one in short)]
    assert [clip.text for clip in word_clips(tmp_path, found)] == ["zero", "first", "second", "third", "fifth"]


def test_clips_are_cut_at_their_times(tmp_path):
    from people.clip import Clip, some, sounds_of

    pcm = np.arange(16_000, dtype=np.int16)
    soundfile.write(tmp_path / "a.wav", pcm, 16_000)
    soundfile.write(tmp_path / "b.wav", pcm[:8_000], 16_000)
    a, b = tmp_path / "a.wav", tmp_path / "b.wav"
    late, whole, early = sounds_of(
        [Clip("1", a, "x", "s", 0.5, 0.75), Clip("2", b, "x", "s"), Clip("3", a, "x", "s", 0, 0.1)]
    )
    assert np.array_equal(late, pcm[8_000:12_000])
    assert np.array_equal(whole, pcm[:8_000])
    assert np.array_equal(early, pcm[:1_600])
    assert some(range(10), 3) == [0, 4, 9]
    assert some(range(2), 3) == [0, 1]
