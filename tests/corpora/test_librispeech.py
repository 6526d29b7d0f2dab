"""LibriSpeech's layout, and what happens to corpora that are not as they should be."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from kwskit.corpora.alignments.alignment_places import librispeech_alignments
from kwskit.corpora.findings import Findings
from kwskit.corpora.librispeech import hold_out_speakers, read_librispeech, read_speakers
from kwskit.corpora.text_vocabulary import by_vocabulary, can_be_told_apart, frequent, readable
from kwskit.errors import CorpusError


def test_utterances_are_those_of_the_folders(corpus):
    findings = Findings()
    table = read_librispeech(corpus, ["train-clean-100", "test-clean"], findings)  # one level above
    assert table["utterance"].to_pylist() == [
        *("103-100-0000", "103-100-0001", "84-100-0000", "84-100-0001"),
        *("121-100-0000", "61-100-0000"),
    ]
    assert table["speaker"].to_pylist() == ["103", "103", "84", "84", "121", "61"]
    assert set(table["split"].to_pylist()) == {"train-clean-100", "test-clean"}
    assert all(Path(path).is_file() and Path(path).is_absolute() for path in table["path"].to_pylist())
    assert not len(findings)


def test_some_speakers_will_do_and_the_list_of_speakers_may_be_missing(corpus):
    shutil.rmtree(corpus / "LibriSpeech/train-clean-100/103")
    (corpus / "LibriSpeech/SPEAKERS.TXT").unlink()
    findings = Findings()
    table = read_librispeech(corpus / "LibriSpeech", ["train-clean-100"], findings)
    assert table["speaker"].to_pylist() == ["84", "84"]
    assert not len(findings)


def test_missing_and_misplaced_speakers_are_left_out_and_counted(corpus):
    path = corpus / "LibriSpeech/SPEAKERS.TXT"
    lines = [line.replace("test-clean ", "dev-clean  ") if line.startswith("61") else line for line in _lines(path)]
    path.write_text("\n".join(line for line in lines if not line.startswith("84")))
    findings = Findings()
    table = read_librispeech(corpus / "LibriSpeech", ["train-clean-100", "test-clean"], findings)
    assert table["speaker"].to_pylist() == ["103", "103", "121"]
    assert findings.counts == {
        "utterances of speakers that SPEAKERS.TXT lacks": 2,
        "utterances of speakers that SPEAKERS.TXT has in another part": 1,
    }
    assert "84-100-0000" in findings.summary()


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_a_broken_list_of_speakers_is_told_with_its_line(tmp_path):
    (tmp_path / "SPEAKERS.TXT").write_text(";ID | SEX\n84 | F | dev-clean | 8 | X\n103 | F")
    with pytest.raises(CorpusError, match=r"SPEAKERS.TXT: line 3: expected 'ID \| SEX \| SUBSET.*found '103 \| F'"):
        read_speakers(tmp_path / "SPEAKERS.TXT")
    (tmp_path / "SPEAKERS.TXT").write_text(";nothing\n")
    with pytest.raises(CorpusError, match="names no speaker"):
        read_speakers(tmp_path / "SPEAKERS.TXT")


def test_a_part_that_is_not_there_or_empty_is_told(corpus):
    with pytest.raises(CorpusError, match="lacks train-other-500"):
        read_librispeech(corpus / "LibriSpeech", ["train-clean-100", "train-other-500"], Findings())
    (corpus / "LibriSpeech/dev-other").mkdir()
    with pytest.raises(CorpusError, match=r"dev-other holds no <speaker>/<chapter>"):
        read_librispeech(corpus / "LibriSpeech", ["dev-other"], Findings())
    with pytest.raises(CorpusError, match="wrong level"):
        read_librispeech(corpus / "LibriSpeech/train-clean-100/84", ["train-clean-100"], Findings())


def test_a_folder_that_may_not_be_read_is_told(corpus, monkeypatch):
    import kwskit.corpora.librispeech as module

    def walk(folder, onerror, followlinks):
        onerror(PermissionError(13, "Permission denied", f"{folder}/84"))
        return iter(())

    monkeypatch.setattr(module.os, "walk", walk)
    with pytest.raises(CorpusError, match=r"train-clean-100/84: cannot be read: Permission denied"):
        read_librispeech(corpus / "LibriSpeech", ["train-clean-100"], Findings())


def test_speakers_are_held_out_by_the_seed_and_whole():
    speakers = [f"{i % 20}" for i in range(100)]
    table = pa.table({name: speakers for name in ("utterance", "path", "speaker", "split")})
    first, again, other = (hold_out_speakers(table, 3, 5, seed) for seed in (1, 1, 2))
    of = {
        split: {s for s, own in zip(speakers, first["split"].to_pylist(), strict=True) if own == split}
        for split in ("train", "dev", "test")
    }
    assert [len(of[split]) for split in ("train", "dev", "test")] == [12, 3, 5]
    assert first == again != other
    with pytest.raises(CorpusError, match="10 speakers for dev and 11 for test: there are 20"):
        hold_out_speakers(table, 10, 11, 1)


def test_alignments_that_are_not_there_are_asked_for(tmp_path):
    (tmp_path / "b/librispeech_alignments").mkdir(parents=True)
    assert librispeech_alignments(None, [tmp_path / "a", tmp_path / "b"]) == tmp_path / "b/librispeech_alignments"
    with pytest.raises(CorpusError, match="no such file"):
        librispeech_alignments(tmp_path / "x", [tmp_path])
    with pytest.raises(CorpusError, match=r"kwskit fetch librispeech-alignments.*kwskit align"):
        librispeech_alignments(None, [tmp_path])


def test_frequent_words_and_the_cap_on_them():
    words = ["a"] * 7 + ["b"] * 3 + ["c"] * 2 + ["d"]
    words = [words[i] for i in np.random.default_rng(0).permutation(13)]
    table = pa.table({"word": words, "row": range(13)})
    counts = dict(zip(*np.unique(frequent(table, 3)["word"].to_pylist(), return_counts=True), strict=True))
    assert counts == {"a": 7, "b": 3}
    capped = frequent(table, 2, most=2, seed=4)
    assert dict(zip(*np.unique(capped["word"].to_pylist(), return_counts=True), strict=True)) == {
        "a": 2,
        "b": 2,
        "c": 2,
    }
    assert capped == frequent(table, 2, most=2, seed=4)
    assert {tuple(frequent(table, 7, most=1, seed=seed)["row"].to_pylist()) for seed in range(20)} == {
        (row,) for row, word in enumerate(words) if word == "a"
    }


def test_texts_that_cannot_be_read_out_are_left_out():
    findings = Findings()
    table = readable(pa.table({"word": ["word", "'", "слово", "x-ray", "'"]}), findings)
    assert table["word"].to_pylist() == ["word", "x-ray"]
    assert findings.counts == {"words that cannot be read out": 2}


def test_known_and_new_words():
    table = pa.table({"word": ["banana", "castle", "banana", "of", "of"]})
    parts = by_vocabulary(table, {"banana", "window"})
    assert [parts[kind]["word"].to_pylist() for kind in ("iv", "oov")] == [["banana", "banana"], ["castle", "of", "of"]]
    assert can_be_told_apart(table)
    assert not can_be_told_apart(parts["iv"])  # one word
    assert not can_be_told_apart(parts["oov"])  # "of" is too short, and castle is there once
