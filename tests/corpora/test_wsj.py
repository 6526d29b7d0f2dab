"""WSJ's layout: sets by folder and by index, capitals, both microphones, and what is wrong with discs."""

import os

import numpy as np
import pyarrow as pa
import pytest
import soundfile

from kwskit.corpora.findings import Findings
from kwskit.corpora.wsj import drawn_segments, wsj_lengths, wsj_utterances
from kwskit.errors import CorpusError

INDEX = """;; si_et_20.ndx, updated 04/26/94
;;
;; Index for WSJ0 20K-word test data
11_14_1:wsj0/si_et_20/440/440c0401
11_14_1:wsj0/si_et_20/440/440c0402.wv1
11_2_1:wsj0/si_tr_s/401/40100301.wv1
"""


@pytest.fixture
def discs(tmp_path, write_sphere):
    pcm = np.arange(-8000, 8000, dtype=np.int16)
    for name in (
        "11-14.1/wsj0/si_et_20/440/440c0401.wv1",
        "11-14.1/wsj0/si_et_20/440/440c0401.wv2",
        "11-14.1/wsj0/si_et_20/440/440c0402.wv1",
        "13-16.1/WSJ1/SI_DT_20/4K0/4K0C0301.WV1",
        "13-33.1/wsj1/si_et_h1/wsj64k/4oa/4oac0201.wv1",
        "11-1.1/wsj0/si_tr_s/011/011c0201.wv1",
    ):
        write_sphere(tmp_path / name, pcm)
    (tmp_path / "11-14.1/wsj0/si_et_20/readme.txt").write_text("no audio")
    return tmp_path


def test_sets_are_folders_at_any_depth_in_small_letters_or_capitals(discs):
    findings = Findings()
    table = wsj_utterances(discs, ["si_et_20", "si_dt_20", "si_et_h1"], findings)
    assert table["utterance"].to_pylist() == ["440c0401", "440c0402", "4k0c0301", "4oac0201"]
    assert table["speaker"].to_pylist() == ["440", "440", "4k0", "4oa"]
    assert table["split"].to_pylist() == ["si_et_20", "si_et_20", "si_dt_20", "si_et_h1"]
    assert all(os.path.isabs(path) for path in table["path"].to_pylist())
    assert wsj_lengths(table, findings)["seconds"].to_pylist() == [1.0] * 4
    assert not len(findings)
    deep = wsj_utterances(discs / "11-14.1/wsj0/si_et_20", ["si_et_20"], findings, microphone=2)
    assert deep["path"].to_pylist() == [str(discs / "11-14.1/wsj0/si_et_20/440/440c0401.wv2")]


def test_an_index_names_utterances(discs):
    (discs / "si_et_20.ndx").write_text(INDEX)
    findings = Findings()
    table = wsj_utterances(discs, [str(discs / "si_et_20.ndx")], findings)
    assert table["utterance"].to_pylist() == ["440c0401", "440c0402"]
    assert table["split"].to_pylist() == ["si_et_20"] * 2
    assert not len(findings)  # 401 is in the index, but on no disc
    (discs / "si_et_20.ndx").write_text(INDEX + "11_14_1:wsj0/si_et_20/440/440c0499\n")
    wsj_utterances(discs, [str(discs / "si_et_20.ndx")], findings)
    assert findings.counts == {"utterances of an index that are not on the discs": 1}
    (discs / "si_et_20.ndx").write_text("banana\n")
    with pytest.raises(CorpusError, match=r"line 1: expected 11_14_1:wsj0.*found 'banana'"):
        wsj_utterances(discs, [str(discs / "si_et_20.ndx")], findings)


def test_a_converted_copy_is_taken_before_the_original(discs):
    folder = discs / "11-14.1/wsj0/si_et_20/440"
    soundfile.write(folder / "440c0401.wav", np.zeros(8000, np.int16), 16000)
    table = wsj_utterances(discs, ["si_et_20"], Findings())
    assert table["path"].to_pylist() == [str(folder / "440c0401.wav"), str(folder / "440c0402.wv1")]
    assert wsj_lengths(table, Findings())["seconds"].to_pylist() == [0.5, 1.0]


def test_bad_files_and_doubles_are_findings(discs, write_sphere):
    write_sphere(discs / "copy/wsj0/si_et_20/440/440c0401.wv1", np.zeros(100, np.int16))
    path = discs / "11-14.1/wsj0/si_et_20/440/440c0402.wv1"
    path.write_bytes(path.read_bytes()[:2000])
    findings = Findings()
    table = wsj_lengths(wsj_utterances(discs, ["si_et_20", "si_dt_20"], findings), findings)
    assert table["utterance"].to_pylist() == ["440c0401", "4k0c0301"]
    assert findings.counts == {"utterances that are there twice": 1, "audio files that cannot be read": 1}
    assert "truncated: the header promises 32,000 bytes of samples, 976 are there (3 %)" in str(list(findings))


def test_a_wrong_folder_is_told(discs, tmp_path, monkeypatch):
    with pytest.raises(CorpusError, match=r"set si_et_05 .*it has si_dt_20, si_et_20, si_et_h1, si_tr_s"):
        wsj_utterances(discs, ["si_et_05"], Findings())
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="it has 0 WSJ audio files: is it the folder of the discs"):
        wsj_utterances(tmp_path / "empty", ["si_et_20"], Findings())
    with pytest.raises(CorpusError, match="nowhere: no such folder"):
        wsj_utterances(tmp_path / "nowhere", ["si_et_20"], Findings())

    def denied(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(CorpusError, match="cannot be read: Permission denied"):
        wsj_utterances(discs, ["si_et_20"], Findings())


def test_segments_are_drawn_by_words_then_by_segments():
    words = [f"w{i % 37}" for i in range(900)]
    table = pa.table({"word": words, "row": range(900)})
    drawn = drawn_segments(table, 100, 20, seed=3)
    assert len(drawn) == 100
    assert len(set(drawn["word"].to_pylist())) == 20
    assert drawn["row"].to_pylist() == sorted(set(drawn["row"].to_pylist()))
    assert drawn == drawn_segments(table, 100, 20, seed=3)
    assert drawn != drawn_segments(table, 100, 20, seed=4)
    assert drawn_segments(table, 5000, 400, seed=3) == table
    assert len(set(drawn_segments(table, 20, 20, seed=3)["word"].to_pylist())) == 20
    with pytest.raises(ValueError, match="--segments 10 are fewer than --words 20"):
        drawn_segments(table, 10, 20, seed=3)
