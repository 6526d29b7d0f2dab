"""Running speech that is spoken again, after an interruption, or with more sentences and engines."""

import hashlib
import itertools
import re
from collections import defaultdict

import numpy as np
import pytest
import soundfile

from kwskit import registry
from kwskit.data.records import read_records
from kwskit.errors import SynthesisError
from kwskit.synthesis.casting import running_speakers
from kwskit.synthesis.running_plan import RunningPlan
from kwskit.synthesis.running_speech import make_running_speech
from kwskit.synthesis.sentences import sentences_without
from kwskit.synthesis.voices.timed_speech import UntimedSpeech
from kwskit.synthesis.voices.voice import MissingEngine
from tests.synthesis.chimes import HELD_OUT, SPEAKERS, Chimes, chimes_plan, pitch_of, rows_of

pytest.importorskip("symspellpy")


def test_every_row_is_the_sound_of_its_word(made):
    folder, counts, _ = made
    rows = rows_of(folder)
    assert counts["shards"] == 4
    assert counts["train"] + counts["dev"] == len(rows)
    heard = 0
    for row in rows:
        if " " in row["word"]:
            continue
        samples, rate = soundfile.read(folder / row["path"])
        own = samples[round(row["start"] * rate) : round(row["stop"] * rate)]
        spectrum = np.abs(np.fft.rfft(own * np.hanning(len(own)), 65536))
        warp = int(row["speaker"].partition("@")[2] or 100) / 100
        assert np.argmax(spectrum) * rate / 65536 == pytest.approx(pitch_of(row["word"]) * warp, rel=0.02), row
        assert np.mean(own**2) > 0.2 * np.mean(samples[samples != 0] ** 2)
        heard += 1
    assert heard > 90


def test_rows_are_the_words_of_their_sentence(made):
    folder, _, asked = made
    by_sentence = defaultdict(dict)
    for row in rows_of(folder):
        engine, number, place = row["utt_id"].split("-")
        assert engine == "chimes"
        by_sentence[int(number)][place] = row
    assert sorted(by_sentence) == list(range(30))
    phrases = 0
    for number, rows in by_sentence.items():
        sentence = sentences_without(HELD_OUT).draw(4, number)
        words, phrase = [rows[place] for place in sorted(rows) if place != "phrase"], rows.get("phrase")
        assert tuple(row["word"] for row in words) == sentence.words
        assert not set(sentence.words) & set(HELD_OUT)
        assert all(row["stop"] <= later["start"] for row, later in itertools.pairwise(words))
        assert len({row["speaker"] for row in rows.values()}) == 1
        assert words[0]["speaker"] in SPEAKERS
        if phrase is None:
            assert all(sentence.pauses)
            continue
        phrases += 1
        parts = phrase["word"].split()
        assert 2 <= len(parts) <= 4
        assert re.search(rf"(^| ){phrase['word']}([ ,.?!]|$)", " ".join(sentence.marked())), "a pause within"
        ends = [(row["start"], row["stop"]) for row in words]
        spans = {(ends[k][0], ends[k + len(parts) - 1][1]) for k in range(len(ends) - len(parts) + 1)}
        assert (phrase["start"], phrase["stop"]) in spans
    assert phrases > 15
    marked = [tuple(sentences_without(HELD_OUT).draw(4, number).marked()) for number in range(30)]
    assert [one[0] for one in asked] == marked


def test_rate_pitch_and_noise_are_drawn(made):
    _, _, asked = made
    rates, pitches, seeds = (np.array([one[k] for one in asked]) for k in (2, 3, 4))
    assert 0.68 <= rates.min() < 0.85
    assert 1.15 < rates.max() <= 1.3
    assert 0.81 <= pitches.min() < 0.92
    assert 1.08 < pitches.max() <= 1.2
    assert len(set(seeds.tolist())) == 30
    assert all(len(one[5]) == len(one[0]) for one in asked)


def test_words_for_development_are_never_in_training(tmp_path):
    make_running_speech(chimes_plan(150), tmp_path)
    tables = {name: read_records(tmp_path / f"manifests/{name}.tsv", "manifest") for name in ("train", "dev")}
    assert tables["train"][1] == {"corpus": "running", "seed.chimes": "4"}

    def for_dev(word):
        return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little") % 20 == 0

    for name, (table, _) in tables.items():
        assert set(table["split"].to_pylist()) == {name}
        words = table["word"].to_pylist()
        assert len(words) > 20
        assert all(any(map(for_dev, word.split())) == (name == "dev") for word in words)


def test_silences_lie_between_sentences(made):
    folder, _, _ = made
    samples, rate = soundfile.read(folder / "audio/chimes-0000.wav", dtype="int16")
    ends = defaultdict(lambda: [np.inf, 0.0])
    for row in rows_of(folder):
        if row["path"] == "audio/chimes-0000.wav":
            span = ends[row["utt_id"].split("-")[1]]
            span[:] = min(span[0], row["start"]), max(span[1], row["stop"])
    spans = [ends[name] for name in sorted(ends)]
    assert len(spans) == 8
    for (_, end), (begin, _) in itertools.pairwise(spans):
        assert 0.1 <= begin - end <= 0.3 + 0.1  # the margins of 40 ms
        middle = round((begin + end) / 2 * rate)
        assert not samples[middle - rate // 50 : middle + rate // 50].any()


def test_sentences_without_times_are_left_out(made, tmp_path, monkeypatch, caplog):
    """The others are where they would be anyway."""
    folder, _, _ = made
    words = sentences_without(HELD_OUT).draw(4, 3).marked()
    spoken = Chimes.speak_words

    def forgetful(self, wanted, *args):
        if list(wanted) == words:
            raise UntimedSpeech("ran together")
        return spoken(self, wanted, *args)

    monkeypatch.setattr(Chimes, "speak_words", forgetful)
    with caplog.at_level("INFO", "kwskit.synthesis.running_speech"):
        make_running_speech(chimes_plan(), tmp_path)
    assert "chimes-000003 is left out: ran together" in caplog.text
    kept, all_rows = ({row["utt_id"]: row for row in rows_of(place)} for place in (tmp_path, folder))
    assert all_rows.keys() - kept.keys() == {name for name in all_rows if name.startswith("chimes-000003-")}
    assert all(kept[name]["word"] == all_rows[name]["word"] for name in kept)


def test_nothing_that_can_be_timed(tmp_path, monkeypatch):
    def forgetful(self, *args):
        raise UntimedSpeech("ran together")

    monkeypatch.setattr(Chimes, "speak_words", forgetful)
    with pytest.raises(SynthesisError, match="no word of running speech could be spoken"):
        make_running_speech(chimes_plan(4), tmp_path)
    with pytest.raises(SynthesisError, match="needs a sentence of one engine at least"):
        make_running_speech(RunningPlan({}), tmp_path / "empty")


@pytest.mark.parametrize("engine", ["hibari", "flite", "espeak", "kokoro"])
def test_the_cast_names_speakers_of_its_engine(engine):
    speakers = running_speakers(engine)
    assert len(set(speakers)) == len(speakers) >= 8
    try:
        registry.get("voice", engine).cls.require()
    except MissingEngine as error:
        pytest.skip(str(error))
    voice = registry.build("voice", engine)
    assert {name.partition(":")[2].partition("@")[0] for name in speakers} <= set(voice.speakers())
    assert voice.timed
    voice.close()
