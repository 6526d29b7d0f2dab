import dataclasses
import hashlib
import itertools
import re
from collections import defaultdict

import numpy as np
import pytest
import soundfile

from kwskit import registry
from kwskit.errors import SynthesisError
from kwskit.records import read_records
from kwskit.synthesis import running_speech
from kwskit.synthesis.casting import running_speakers
from kwskit.synthesis.running_plan import RunningPlan, SpeechPart
from kwskit.synthesis.running_speech import make_running_speech, running_shards
from kwskit.synthesis.sentences import sentences_without
from kwskit.synthesis.voices.timed_speech import TimedSpeech, UntimedSpeech
from kwskit.synthesis.voices.voice import MARKS, MissingEngine, Voice

pytest.importorskip("symspellpy")

RATE = 8000
HELD_OUT = ("the", "of", "seven")
SPEAKERS = ("chimes:low", "chimes:low@110", "chimes:high")


def pitch_of(word):
    """Hz, of its own for every word."""
    return 300 + int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") % 2000


@registry.register("voice", "chimes")
class Chimes(Voice):
    """A test voice that says every word as its own tone, with 30 ms between words and 300 ms at a comma."""

    package = "numpy"
    stateful = False
    timed = True
    asked: list[tuple] = []  # noqa: RUF012 — shared on purpose: what all engines of a test spoke

    def speakers(self):
        return ["low", "high"]

    def speak_words(self, words, speaker, rate=1.0, pitch=1.0, seed=0, said=None):
        self.asked.append((tuple(words), speaker, rate, pitch, seed, said))
        pieces, spans, at = [np.zeros(RATE // 5)], [], 0.2
        for word in words:
            bare = word.rstrip(MARKS)
            seconds = round(0.3 / rate * RATE) / RATE
            pieces.append(0.3 * np.sin(2 * np.pi * pitch_of(bare) * np.arange(round(seconds * RATE)) / RATE))
            spans.append((at, at + seconds))
            silence = RATE * 3 // 10 if word.endswith(",") else RATE * 3 // 100
            pieces.append(np.zeros(silence))
            at += seconds + silence / RATE
        return TimedSpeech(np.concatenate(pieces).astype(np.float32), RATE, np.array(spans))


def chimes_plan(sentences=30, seed=4, **settings):
    return RunningPlan({"chimes": SpeechPart(seed, sentences, SPEAKERS)}, HELD_OUT, shard=8, **settings)


def rows_of(folder):
    tables = [read_records(folder / f"manifests/{name}.tsv", "manifest")[0] for name in ("train", "dev")]
    return [row for table in tables for row in table.to_pylist()]


def contents(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("running")
    Chimes.asked.clear()
    counts = make_running_speech(chimes_plan(), folder)
    return folder, counts, list(Chimes.asked)


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


def test_same_bytes_after_an_interruption(made, tmp_path, monkeypatch):
    folder, _, _ = made
    whole = contents(folder)
    spoken = running_speech.speak_running_shard

    def interrupted(shard, plan, data):
        if shard.name == "chimes-0002":
            raise KeyboardInterrupt
        return spoken(shard, plan, data)

    with monkeypatch.context() as patch:
        patch.setattr(running_speech, "speak_running_shard", interrupted)
        with pytest.raises(KeyboardInterrupt):
            make_running_speech(chimes_plan(), tmp_path)
    assert sorted(path.name for path in (tmp_path / "audio").glob("*.wav")) == ["chimes-0000.wav", "chimes-0001.wav"]
    (tmp_path / "audio/chimes-0001.wav").unlink()
    counts = make_running_speech(chimes_plan(), tmp_path)
    assert (counts["kept"], counts["shards"]) == (1, 3)
    assert contents(tmp_path) == whole


def test_other_seeds_and_settings(made):
    folder, _, _ = made
    before = contents(folder)
    for plan in (chimes_plan(seed=5), dataclasses.replace(chimes_plan(), held_out=("it",))):
        with pytest.raises(SynthesisError, match="other settings"):
            make_running_speech(plan, folder)
    assert contents(folder) == before


def test_more_sentences_later(made, tmp_path):
    """They end up as if all had been made at once; so do fewer."""
    folder, _, _ = made
    whole = contents(folder)
    assert make_running_speech(chimes_plan(20), tmp_path)["shards"] == 3
    fewer = rows_of(tmp_path)
    counts = make_running_speech(chimes_plan(), tmp_path)
    assert (counts["kept"], counts["shards"]) == (2, 2)
    assert {name: digest for name, digest in contents(tmp_path).items() if name in whole} == whole
    assert make_running_speech(chimes_plan(20), tmp_path)["kept"] == 3
    assert rows_of(tmp_path) == fewer


def test_an_engine_can_be_added_later(tmp_path):
    first = chimes_plan(8)
    make_running_speech(first, tmp_path)
    registry.register("voice", "more_chimes")(type("MoreChimes", (Chimes,), {"__doc__": "Others."}))
    both = {**first.parts, "more_chimes": SpeechPart(9, 6, ("more_chimes:high", "more_chimes:low"), in_turn=True)}
    Chimes.asked.clear()
    counts = make_running_speech(dataclasses.replace(first, parts=both), tmp_path)
    assert (counts["kept"], counts["shards"]) == (1, 1)
    assert [one[1] for one in Chimes.asked] == ["high", "low"] * 3
    assert {one[3] for one in Chimes.asked} == {1.0}
    assert {row["utt_id"].split("-")[0] for row in rows_of(tmp_path)} == {"chimes", "more_chimes"}
    assert make_running_speech(first, tmp_path)["kept"] == 1
    assert {row["utt_id"].split("-")[0] for row in rows_of(tmp_path)} == {"chimes"}


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


def test_same_bytes_with_one_and_two_processes(tmp_path):
    parts = {}
    for name in ("flite", "espeak"):
        try:
            registry.get("voice", name).cls.require()
            parts[name] = SpeechPart(3, 6, running_speakers(name))
        except MissingEngine:
            continue
    if not parts:
        pytest.skip("neither Flite nor espeak-ng is installed")
    plan = RunningPlan(parts, shard=3)
    for jobs in (1, 2):
        make_running_speech(plan, tmp_path / str(jobs), jobs)
    first = contents(tmp_path / "1")
    assert first == contents(tmp_path / "2")
    assert sum(name.endswith(".wav") for name in first) == len(running_shards(plan)) == 2 * len(parts)


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
