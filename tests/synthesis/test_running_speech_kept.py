"""Running speech that is spoken again, after an interruption, or with more sentences and engines."""

import dataclasses
import hashlib

import pytest

from kwskit import registry
from kwskit.errors import SynthesisError
from kwskit.synthesis import running_speech
from kwskit.synthesis.casting import running_speakers
from kwskit.synthesis.running_plan import RunningPlan, SpeechPart
from kwskit.synthesis.running_speech import make_running_speech, running_shards
from kwskit.synthesis.voices.voice import MissingEngine
from tests.synthesis.chimes import Chimes, chimes_plan, rows_of

pytest.importorskip("symspellpy")


def contents(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


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
