"""Words found in their sound by forced alignment: in a person's recording, whose pauses tell where words cannot be."""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).parents[2]
SAID = "And so my fellow Americans ask not what your country can do for you ask what you can do for your country"

pytest.importorskip("pocketsphinx")


@pytest.fixture(autouse=True)
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools/bench"))
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "people"]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def recording():
    pcm, rate = soundfile.read(ROOT / "egs/spot/ask_not.flac", dtype="int16")
    assert rate == 16_000
    return pcm


def test_words_stand_where_sound_is(recording):
    from people.forced_alignment import ForcedAlignment

    times = ForcedAlignment().align(recording, SAID.split())
    assert len(times) == 22
    assert all(before.stop <= after.start for before, after in pairwise(times))
    power = np.square(recording.astype(np.float64))
    inside = np.concatenate([power[round(one.start * 16_000) : round(one.stop * 16_000)] for one in times])
    assert inside.sum() > 0.97 * power.sum()
    assert inside.mean() > 1.2 * power.mean()


def test_what_does_not_fit(recording):
    from people.forced_alignment import ForcedAlignment

    alignment = ForcedAlignment()
    assert alignment.align(recording, ["..."]) is None
    assert alignment.align(recording[:1600], SAID.split()) is None, "22 words in 0.1 s"
    # A word of two tokens, one of none, and one that the dictionary lacks.
    first, plain = (
        alignment.align(recording, words)
        for words in (["and so", "my", "-", "fellow", "Americanns"], ["and", "so", "my", "fellow", "americans"])
    )
    assert (first[0].start, first[0].stop) == (plain[0].start, plain[1].stop)
    assert first[2] == (plain[2].stop, plain[2].stop)


def test_words_move_and_strays_are_not_sure(recording, tmp_path):
    from people.forced_alignment import ForcedAlignment, with_aligned_times
    from people.spoken_words import SpokenWord, word_clips

    (tmp_path / "librispeech_words/flac").mkdir(parents=True)
    soundfile.write(tmp_path / "librispeech_words/flac/1-2-3.flac", recording, 16_000)
    soundfile.write(tmp_path / "librispeech_words/flac/1-2-4.flac", recording[:1600], 16_000)
    said, times = SAID.split(), ForcedAlignment().align(recording, SAID.split())
    early = [
        SpokenWord("1-2-3.flac", at.start, at.stop - 0.1, text, 0.99) for text, at in zip(said, times, strict=True)
    ]
    early[4] = early[4]._replace(start=4.5, stop=5.0)
    short = [SpokenWord("1-2-4.flac", 0.0, 0.05, word, 0.99) for word in said]
    found = with_aligned_times(tmp_path, early + short)
    assert [(one.start, one.stop) for one in found[:22]] == times
    assert [one.probability for one in found] == [0.99] * 4 + [0.0] + [0.99] * 17 + [0.0] * 22
    assert found[22:] == [one._replace(probability=0.0) for one in short]
    assert "americans" not in [clip.text for clip in word_clips(tmp_path, found)]
