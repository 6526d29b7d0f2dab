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
from kwskit.records import read_records

PARTS = {
    "train-clean-100": {"84": ["banana window", "banana window"], "103": ["window banana", "silver"]},
    "dev-clean": {"1272": ["orange marble"]},
    "test-clean": {"61": ["banana castle"], "121": ["castle banana"]},
}


@pytest.fixture(scope="module")
def original(make_librispeech, tmp_path_factory):
    folder = tmp_path_factory.mktemp("original")
    make_librispeech(folder, PARTS)
    return folder


@pytest.fixture
def corpus(original, tmp_path):
    shutil.copytree(original, tmp_path / "c")
    return tmp_path / "c"


@pytest.fixture
def prepare(corpus, stage_one, capsys):
    """Stage 1 on ``corpus``: what it printed, or why it stopped."""
    main = stage_one("librispeech")

    def run(*flags: str) -> str:
        usual = {"--corpus": corpus / "LibriSpeech", "--alignments": corpus / "alignments", "--data": corpus / "data"}
        usual |= {"--jobs": 1, "--least": 2, "--negatives": 2}
        try:
            main([str(part) for flag in usual.items() for part in flag] + list(flags))
        except SystemExit as stop:
            return str(stop)
        return capsys.readouterr().out

    return run


def manifest(corpus: Path, split: str) -> list[dict]:
    return read_records(corpus / f"data/manifests/{split}.tsv", "manifest")[0].to_pylist()


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


@pytest.mark.parametrize("form", ["csv", "ctm"])
def test_any_form_of_alignments_gives_the_same_segments(corpus, prepare, form):
    prepare()
    expected = manifest(corpus, "test")
    lines = []
    for grid in sorted((corpus / "alignments").rglob("*.TextGrid")):
        words = [line.split("=")[1].strip().strip('"') for line in grid.read_text().splitlines() if "text =" in line]
        times = [
            float(line.split("=")[1])
            for line in grid.read_text().splitlines()
            if " xmin =" in line or " xmax =" in line
        ]
        words, times = words[: len(words) // 2], times[2 : 2 + len(words)]
        for word, start, stop in zip(words, times[::2], times[1::2], strict=True):
            if form == "csv":
                name = f"{grid.relative_to(corpus / 'alignments').with_suffix('.wav')}"
                lines.append(f"{name},{start},{stop},{word}")
            elif word:
                lines.append(f"{grid.stem} 1 {start} {stop - start} {word}")
    path = corpus / f"words.{form}"
    path.write_text("\n".join(["audio_filename,start,end,text"] * (form == "csv") + lines) + "\n")
    prepare("--alignments", str(path), "--data", str(corpus / "other"))
    found = read_records(corpus / "other/manifests/test.tsv", "manifest")[0].to_pylist()
    assert [(r["path"], r["word"], r["start"]) for r in found] == [(r["path"], r["word"], r["start"]) for r in expected]
    assert [r["stop"] for r in found] == pytest.approx([r["stop"] for r in expected])


def test_what_cannot_be_used_is_counted_and_strict_stops(corpus, prepare):
    truncated = corpus / "LibriSpeech/train-clean-100/84/100/84-100-0001.flac"
    truncated.write_bytes(truncated.read_bytes()[:20])
    grid = corpus / "alignments/test-clean/61/100/61-100-0000.TextGrid"
    grid.write_text(grid.read_text().replace("xmax = 1.64", "xmax = 99"))
    (corpus / "alignments/test-clean/121/100/121-100-0000.TextGrid").unlink()
    strict = prepare("--strict")
    assert "this is --strict" in strict
    assert not (corpus / "data/manifests").exists()
    out = prepare()
    for message in (strict, out):
        assert "1 audio files that cannot be read" in message
        assert "84-100-0001.flac" in message
        assert "1 utterances without alignment: 121-100-0000" in message
    assert "left_out.tsv" in out
    kinds = [line.split("\t")[0] for line in (corpus / "data/left_out.tsv").read_text().splitlines()[1:]]
    assert "audio files that cannot be read" in kinds
    assert {row["utt_id"].split("_")[0] for row in manifest(corpus, "train")} == {"84-100-0000", "103-100-0000"}


def test_alignments_past_the_end_are_left_out(corpus, prepare):
    path = corpus / "words.csv"
    rows = [
        f"{s}-100-000{i},{a},{b},{w}"
        for s in (84, 103)
        for i in (0, 1)
        for w, a, b in (("banana", 0.1, 0.8), ("window", 0.8, 1.5))
    ]
    rows += ["1272-100-0000,0.1,0.8,orange", "1272-100-0000,0.8,1.4,marble", "61-100-0000,0.1,0.8,banana"]
    rows += ["61-100-0000,0.8,1.4,castle", "61-100-0000,7.0,8.0,late", "121-100-0000,0.1,0.7,banana"]
    path.write_text("\n".join(["audio_filename,start,end,text", *rows]) + "\n")
    out = prepare("--alignments", str(path))
    assert "alignments past the end of their audio" in out
    assert "61-100-0000: 'late' ends at 8 s" in out
    assert "late" not in {row["word"] for row in manifest(corpus, "test")}


def test_phrases_have_spaces_all_the_way(corpus, prepare):
    prepare("--phrases", "1-2")
    assert "banana window" in {row["word"] for row in manifest(corpus, "train")}
    trials = read_records(corpus / "data/trials/test_hard.tsv", "trials")[0]
    assert "banana castle" in trials["enrol_text"].to_pylist()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--split_speakers", "1,1", "--dev", "dev-clean"], "--dev with --split_speakers"),
        (["--dev", "train-clean-100"], "train-clean-100: a part cannot be in two"),
        (["--split_speakers", "5,5"], "5 speakers for dev and 5 for test: there are 2"),
        (["--test", "none"], "no test words"),
    ],
)
def test_flags_that_do_not_fit_are_told(prepare, flags, message):
    assert message in prepare(*flags)


def test_king_takes_shorter_words_and_all_parts(corpus, prepare):
    assert "lacks train-clean-360, train-other-500" in prepare("--protocol", "king")
    prepare("--protocol", "king", "--train", "train-clean-100")
    assert {row["word"] for row in manifest(corpus, "train")} == {"banana", "window"}
    assert prepare("--protocol", "king", "--parts").split() == [
        *("train-clean-100", "train-clean-360", "train-other-500", "dev-clean", "test-clean"),
    ]
