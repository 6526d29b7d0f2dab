"""Stage 1 of LibriSpeech: alignments of any form become segments, and what cannot be used is counted."""

from pathlib import Path

import pytest

from kwskit.data.records import read_records


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
