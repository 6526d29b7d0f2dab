"""Utterances whose text does not fit, by the scores that `kwskit align` writes."""

import pytest

from kwskit.corpora.alignment_scores import without_misfits
from kwskit.corpora.alignments.read import read_alignments
from kwskit.corpora.findings import Findings

ROWS = """\
audio_filename,start,end,text,score
good.wav,0.0,0.5,open,0.2
good.wav,0.5,1.0,door,0.0001
bad.wav,0.0,0.5,open,0.01
bad.wav,0.5,1.0,window,0.0001
edge.wav,0.0,0.5,open,0.05
edge.wav,0.5,1.0,gate,0.01
untold.wav,0.0,0.5,open,
zero.wav,0.0,0.5,open,0
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pocketsphinx_000000.csv").write_text(ROWS)
    return tmp_path


def test_misfits_are_left_out_and_told(folder, capsys):
    findings = Findings()
    # Geometric means: good 0.0045 (two words), edge 0.022, bad 0.001, zero 1e-6 for 0.
    kept = read_alignments(folder, findings, least_score=0.004)
    assert kept["utterance"].unique().to_pylist() == ["good", "edge", "untold"]
    assert findings.counts == {"utterances whose text does not fit their audio": 2}
    assert "bad: mean score 0.0010, at least 0.004 is wanted" in findings.summary()
    assert "alignments: 5 words of 3 utterances in 1 tables" in capsys.readouterr().out
    assert kept["score"].to_pylist() == [0.2, 0.0001, 0.05, 0.01, None]


def test_by_default_too(folder):
    kept = read_alignments(folder, Findings())
    assert kept["utterance"].unique().to_pylist() == ["edge", "untold"]


def test_alignments_without_scores_stay(tmp_path):
    (tmp_path / "old.csv").write_text("audio_filename,start,end,text\nu.wav,0,1,open\n")
    (tmp_path / "scored.csv").write_text("audio_filename,start,end,text,score\nv.wav,0,1,open,0.9\nw.wav,0,1,x,1e-9\n")
    findings = Findings()
    assert read_alignments(tmp_path / "old.csv", findings)["word"].to_pylist() == ["open"]
    both = read_alignments(tmp_path, findings)
    assert both.select(["utterance", "score"]).to_pylist() == [
        {"utterance": "u", "score": None},
        {"utterance": "v", "score": 0.9},
    ]
    plain = read_alignments(tmp_path / "old.csv", findings)
    assert without_misfits(plain, findings, 2.0).equals(plain)
