"""Words found in their sound by PocketSphinx: in a person's recording, whose pauses tell where words cannot be."""

import shutil
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.csv
import pytest
import soundfile

from kwskit.cli import main
from kwskit.corpora.alignments.forced_alignment import Spoken
from kwskit.corpora.alignments.read import read_alignments
from kwskit.corpora.findings import Findings
from kwskit.corpora.word_aligners.pocketsphinx import PocketSphinxAligner
from kwskit.data.audio import read_segment
from kwskit.errors import CorpusError

RECORDING = Path(__file__).parents[2] / "egs/spot/ask_not.flac"
SAID = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"


@pytest.fixture
def model():
    pytest.importorskip("pocketsphinx")
    return PocketSphinxAligner()


@pytest.fixture(scope="module")
def recording():
    return read_segment(RECORDING)


def test_words_stand_where_sound_is(model, recording):
    times = model.place(recording, SAID.split())
    assert len(times) == 22
    assert all(before[1] <= after[0] for before, after in pairwise(times))
    power = np.square(recording.astype(np.float64))
    inside = np.concatenate([power[round(start * 16_000) : round(stop * 16_000)] for start, stop, _ in times])
    assert inside.sum() > 0.97 * power.sum()
    assert inside.mean() > 1.2 * power.mean()


def test_what_does_not_fit(model, recording):
    assert model.spells(["and", "so", "2"])
    assert not model.spells(["and", "..."])
    assert not model.spells([])
    assert model.place(recording[:1600], SAID.split()) is None, "22 words in 0.1 s"
    # A word of two tokens, and one that the dictionary lacks.
    joined = model.place(recording, ["and so", "my", "fellow", "Americanns"])
    plain = model.place(recording, ["and", "so", "my", "fellow", "americans"])
    assert joined[0][:2] == (plain[0][0], plain[1][1])


def test_words_that_nobody_says_score_low(model, recording):
    said = SAID.split()
    wrong = [*said[:10], "tiger", *said[11:]]  # in the place of "country"
    right, other = (model.place(recording, words) for words in (said, wrong))
    assert all(0 < score < 1 for *_, score in right + other)
    assert other[10][2] < 0.1 * right[10][2]
    assert other[10][2] == min(score for *_, score in other)


def test_kwskit_align_writes_what_corpora_read(model, recording, tmp_path):
    (tmp_path / "corpus").mkdir()
    shutil.copy(RECORDING, tmp_path / "corpus/jfk.flac")
    (tmp_path / "said.csv").write_text(f"audio_filename,transcript\njfk.flac,{SAID}\n")
    command = [
        "align",
        "--corpus",
        tmp_path / "corpus",
        "--transcripts",
        tmp_path / "said.csv",
        "--to",
        tmp_path / "out",
    ]
    assert main([*map(str, command), "--with", "pocketsphinx", "--strict"]) == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["pocketsphinx_000000.csv"]
    rows = read_alignments(tmp_path / "out", Findings()).to_pylist()
    assert [(row["word"], row["start"], row["stop"]) for row in rows] == [
        (word, *times[:2]) for word, times in zip(SAID.split(), model.place(recording, SAID.split()), strict=True)
    ]


def test_a_missing_package_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(CorpusError, match=r"pip install 'kwskit\[align\]'"):
        PocketSphinxAligner()


def test_several_processes_find_what_one_finds(model, recording, tmp_path, monkeypatch):
    monkeypatch.setattr("kwskit.corpora.alignments.forced_alignment.SHARE", 2)
    for at in range(5):
        soundfile.write(tmp_path / f"take-{at}.flac", recording[: len(recording) - 800 * at], 16_000)
    utterances = [Spoken(f"take-{at}", tmp_path / f"take-{at}.flac", SAID.split()) for at in range(4)]
    utterances.append(Spoken("gone", tmp_path / "gone.flac", SAID.split()))
    tables = {}
    for jobs in (1, 2):
        model.jobs, findings, to = jobs, Findings(), tmp_path / str(jobs)
        to.mkdir()
        model.align(utterances, to, findings)
        assert findings.counts == {"audio files that cannot be read": 1}
        tables[jobs] = [pyarrow.csv.read_csv(file) for file in sorted(to.glob("*.csv"))]
    for alone, shared in zip(tables[1], tables[2], strict=True):
        assert len(alone) == 2 * 22
        for column in ("audio_filename", "text"):
            assert alone[column] == shared[column]
        # A decoder begins its search with the Gaussians that were likely at the end of the utterance before.
        assert np.allclose(alone["start"], shared["start"], atol=0.02)
