"""What phrases within utterances set off, against each utterance spotted by itself."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile

from kwskit.spotting.spotter import Spotter

pytestmark = pytest.mark.usefixtures("people_bench")
WORDS = ["banana", "either", "tiger", "window", "computer", "forty", "seven"]


@pytest.fixture
def words(tmp_path, streaming_sung_model):
    """Words of three readers, an utterance each, as SpokenWord has them; their audio is below the folder."""
    from people.spoken_words import SpokenWord

    folder = tmp_path / "librispeech_words/flac"
    folder.mkdir(parents=True)
    found = []
    for reader in range(3):
        said = [WORDS[(reader + k) % len(WORDS)] for k in range(5)]
        pcm, times = streaming_sung_model.stream_of(*said, pause=0.05, seed=reader)
        soundfile.write(folder / f"{reader}-1-1.flac", np.concatenate([pcm, np.zeros(16_000, np.int16)]), 16_000)
        found += [SpokenWord(f"{reader}-1-1.flac", start, stop, text, 1.0) for text, start, stop in times]
    return found


def test_shares_are_those_of_utterances_one_by_one(tmp_path, words, streaming_sung_model, monkeypatch):
    from people import near_phrases

    monkeypatch.setattr(near_phrases.Spotter, "load", staticmethod(lambda _: Spotter(streaming_sung_model)))
    monkeypatch.setattr(near_phrases, "FA_PER_HOUR", 20.0)
    test = near_phrases.near_phrase_test(tmp_path, words, None, 10, 0)
    found = test.measure("any")
    phrases = test.keywords["itself"]
    assert found["phrases"] == len(phrases) == 6  # two words and three of each reader
    assert sorted(len(text.split()) for text in phrases) == [2, 2, 2, 3, 3, 3]
    for row, text in enumerate(phrases):
        said = text.split()
        changed = test.keywords["word_changed"][row].split()
        assert sum(a != b for a, b in zip(said, changed, strict=True)) == 1
        assert test.keywords["beginning"][row].split()[:-1] == said
        assert test.keywords["end"][row].split()[1:] == said
    spotter = Spotter(streaming_sung_model)
    for kind, texts in test.keywords.items():
        heard = []
        for text, clip in zip(texts, test._clips, strict=True):
            spotter.enrol(text, fa_per_hour=20.0)
            hits = spotter.spot(clip.path)
            heard.append(any(hit.end > clip.start - 0.3 and hit.start < clip.stop + 0.3 for hit in hits))
            spotter.forget(text)
        assert found["heard"][kind].value == np.mean(heard)
    assert found["heard"]["itself"].value > found["heard"]["beginning"].value


def test_what_is_heard_elsewhere_is_no_hit_of_the_phrase(tmp_path, words, streaming_sung_model, monkeypatch):
    from people import near_phrases

    monkeypatch.setattr(near_phrases, "FA_PER_HOUR", 20.0)
    clips = near_phrases.near_phrase_test(tmp_path, words, 1, 10, 0)._clips
    spotter = Spotter(streaming_sung_model)
    for seconds in (-60, 0, 60):
        moved = [replace(one, start=one.start + seconds, stop=one.stop + seconds) for one in clips]
        test = near_phrases.NearPhraseTest(moved, WORDS, 10, 0)
        heard = [test._heard(spotter, row) for row in range(len(clips))]
        assert np.any(heard) == (seconds == 0)
    assert spotter.keywords == {}


def test_as_many_phrases_as_are_asked_for(tmp_path, words):
    from people import near_phrases

    assert len(near_phrases.near_phrase_test(tmp_path, words, 2, 10, 0).keywords["itself"]) == 4
