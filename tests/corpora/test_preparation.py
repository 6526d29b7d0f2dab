"""What stage 1 writes, all of it or nothing, and what it says of bad input."""

import errno
import json

import pyarrow as pa
import pytest

from kwskit.corpora import preparation
from kwskit.corpora.findings import Findings
from kwskit.corpora.locate import corpus_root
from kwskit.corpora.preparation import Preparation
from kwskit.data.manifest import read_manifest
from kwskit.data.records import read_records
from kwskit.errors import CorpusError

GOOD = {"utt_id": "a_0", "path": "/c/a.wav", "start": 0.0, "stop": 0.5, "word": "one", "speaker": "s"}


def segments(*changes: dict) -> pa.Table:
    return pa.Table.from_pylist([GOOD | change for change in changes])


def trials(*utt_ids: str) -> pa.Table:
    return pa.table({"enrol_text": ["one"] * len(utt_ids), "utt_id": list(utt_ids), "target": [1] * len(utt_ids)})


def files(folder) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def prepare(data, settings=None, strict=False, bad: tuple[dict, ...] = ()) -> Preparation:
    made = Preparation(data, settings or {"seed": 7}, strict)
    kept = made.manifest("test", segments({}, {"utt_id": "a_1"}, *bad))
    made.trials("test_wsj", trials(*kept["utt_id"].to_pylist()), {"protocol": "wsj", "seed": 7})
    made.evaluate("test_wsj")
    return made


def test_everything_is_written_and_known_again(tmp_path, capsys):
    made = prepare(tmp_path)
    assert not made.is_done()
    made.finish()
    assert files(tmp_path) == [
        "evaluation.txt",
        "left_out.tsv",
        "manifests/test.tsv",
        "prepared.json",
        "trials/test_wsj.tsv",
    ]
    manifest = read_manifest(tmp_path / "manifests/test.tsv", check_audio=False)
    assert manifest["split"].to_pylist() == ["test", "test"]
    assert read_records(tmp_path / "trials/test_wsj.tsv", "trials")[1] == {"protocol": "wsj", "seed": "7"}
    assert (tmp_path / "evaluation.txt").read_text() == "test_wsj\n"
    assert "manifests/test: 2 segments" in capsys.readouterr().out
    assert Preparation(tmp_path, {"seed": 7}).is_done()
    assert "there already" in capsys.readouterr().out
    assert not Preparation(tmp_path, {"seed": 8}).is_done()
    (tmp_path / "trials/test_wsj.tsv").unlink()
    assert not Preparation(tmp_path, {"seed": 7}).is_done()


BAD = (
    {},
    {"utt_id": "b", "word": " "},
    {"utt_id": ""},
    {"utt_id": "c", "path": ""},
    {"utt_id": "d", "word": 'the "quoted"'},
    {"utt_id": "e", "stop": 0.0},
    {"utt_id": "f", "start": float("nan")},
)


def test_bad_segments_are_left_out_counted_and_listed(tmp_path, capsys):
    made = prepare(tmp_path, bad=BAD)
    made.finish()
    assert made.findings.counts == {
        "empty words": 1,
        "segments without a name": 1,
        "segments without a path": 1,
        "segments whose word has a tab, line break or quotation mark": 1,
        "segments whose times are no stretch": 2,
        "segments whose utt_id is there twice": 1,
    }
    assert read_manifest(tmp_path / "manifests/test.tsv", check_audio=False)["utt_id"].to_pylist() == ["a_0", "a_1"]
    assert "1 empty words: test: b (/c/a.wav)" in capsys.readouterr().out
    listed = (tmp_path / "left_out.tsv").read_text().splitlines()
    assert listed[:2] == ["kind\twhich", "empty words\ttest: b (/c/a.wav)"]
    assert len(listed) == 1 + len(BAD)
    assert Preparation(tmp_path, {"seed": 7}).is_done()
    assert not Preparation(tmp_path, {"seed": 7}, strict=True).is_done()


def test_strict_stops_and_writes_nothing(tmp_path):
    made = prepare(tmp_path, strict=True, bad=BAD)
    with pytest.raises(CorpusError, match=r"7 things cannot be used, and this is --strict:\n1 empty words"):
        made.finish()
    assert files(tmp_path) == []


def test_trials_go_with_their_segments(tmp_path):
    made = Preparation(tmp_path, {})
    made.manifest("test", segments({}))
    made.trials("test_wsj", trials("a_0", "gone", "gone"), {})
    made.finish()
    assert read_records(tmp_path / "trials/test_wsj.tsv", "trials")[0]["utt_id"].to_pylist() == ["a_0"]
    assert made.findings.counts == {"segments of trials test_wsj that its manifest lacks": 1}
    with pytest.raises(CorpusError, match="no trial is left for test_x"):
        made.trials("test_x", trials("gone"), {})
    with pytest.raises(CorpusError, match=r"(?s)no segment is left for dev:\n.*1 empty words"):
        made.manifest("dev", segments({"word": ""}))


def test_searches(tmp_path):
    made = Preparation(tmp_path, {})
    recordings = pa.table({"recording": ["r"], "path": ["/r.wav"], "start": [0.0], "stop": [60.0]})
    queries = pa.table({"query": ["q"], "text": ["one"], "utt_id": [""]})
    occurrences = pa.table({"query": ["q"], "recording": ["r"], "start": [1.0], "stop": [1.5]})
    made.search("talks", recordings, queries, occurrences, {"protocol": "std"})
    made.finish()
    for kind, table in {"recordings": recordings, "queries": queries, "occurrences": occurrences}.items():
        stored, facts = read_records(tmp_path / f"search/talks/{kind}.tsv", kind)
        assert stored.equals(table)
        assert facts == {"protocol": "std"}


def test_files_of_an_earlier_preparation_go(tmp_path):
    prepare(tmp_path).finish()
    (tmp_path / "manifests/own.tsv").write_text("mine")
    made = Preparation(tmp_path, {"seed": 8})
    made.manifest("train", segments({}))
    made.finish()
    assert files(tmp_path) == ["left_out.tsv", "manifests/own.tsv", "manifests/train.tsv", "prepared.json"]


def test_words_go_with_their_utterances(tmp_path):
    made = Preparation(tmp_path, {})
    made.manifest("train", segments({"word": "Hey_Nova one"}, {"utt_id": "b", "stop": 0.0}, {"utt_id": "c"}))
    rows = [("a_0", "Hey_Nova"), ("a_0", "one"), ("b", "one"), ("gone", "one"), ("c", "one")]
    columns = {"utt_id": [name for name, _ in rows], "word": [word for _, word in rows]}
    table = pa.table(columns | {"start": [0.0, 0.3, 0.0, 0.0, 0.1], "stop": [0.3, 0.5, 0.5, 0.5, 0.4]})
    made.words("train", table)
    made.finish()
    stored, _ = read_records(tmp_path / "words/train.tsv", "words")
    assert [tuple(row.values()) for row in stored.to_pylist()] == [
        ("a_0", "hey nova", 0.0, 0.3),
        ("a_0", "one", 0.3, 0.5),
        ("c", "one", 0.1, 0.4),
    ]
    assert (tmp_path / "words/train.tsv").read_text().splitlines()[2] == "a_0\they nova\t0\t0.3"
    again = Preparation(tmp_path, {"seed": 8})
    again.manifest("train", segments({}))
    again.finish()
    assert not (tmp_path / "words/train.tsv").exists()


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    prepare(tmp_path).finish()
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    real = preparation.write_records

    def full(path, kind, *rest):
        if kind == "trials":
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, kind, *rest)

    monkeypatch.setattr(preparation, "write_records", full)
    made = prepare(tmp_path, {"seed": 8})
    with pytest.raises(OSError, match="cannot be written: No space left"):
        made.finish()
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == before
    assert json.loads(before["prepared.json"])["settings"] == {"seed": 7}


def test_an_interruption_while_files_are_put_is_not_taken_for_finished(tmp_path, monkeypatch):
    prepare(tmp_path).finish()

    def interrupted(path):
        raise KeyboardInterrupt

    monkeypatch.setattr(preparation, "atomic_write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        prepare(tmp_path).finish()
    assert not Preparation(tmp_path, {"seed": 7}).is_done()
    monkeypatch.undo()
    prepare(tmp_path).finish()
    assert Preparation(tmp_path, {"seed": 7}).is_done()


def test_findings_count_and_shorten():
    findings = Findings()
    findings.add_all("words", [])
    assert len(findings) == 0
    findings.add("words", "x" * 500)
    findings.add_all("words", "abc")
    findings.add("files", "f")
    assert findings.counts == {"words": 4, "files": 1}
    assert len(findings) == 5
    assert findings.summary(2) == f"4 words: {'x' * 160}…; a; …\n1 files: f"
    assert list(findings)[-1] == ("files", "f")


def test_the_corpus_is_found_or_it_is_said_where(tmp_path, monkeypatch):
    corpus = tmp_path / "disk/LibriSpeech"
    (corpus / "dev-clean").mkdir(parents=True)
    (corpus / "SPEAKERS.TXT").write_text("")
    wanted = ["dev-clean", "*.TXT"]
    assert corpus_root(corpus, wanted, "LibriSpeech") == corpus
    assert corpus_root(corpus.parent, wanted, "LibriSpeech") == corpus
    for wrong in (corpus / "dev-clean", tmp_path):
        with pytest.raises(CorpusError, match=rf"{wrong} is a folder of the wrong level: .* is in {corpus}"):
            corpus_root(wrong, wanted, "LibriSpeech")
    with pytest.raises(CorpusError, match=rf"LibriSpeech: {corpus} lacks test-clean; it has SPEAKERS.TXT, dev-clean"):
        corpus_root(corpus, [*wanted, "test-clean"], "LibriSpeech")
    with pytest.raises(CorpusError, match="no such folder"):
        corpus_root(tmp_path / "other", wanted, "LibriSpeech")
    (tmp_path / "dev-clean.tar.gz").write_text("")
    with pytest.raises(CorpusError, match="is a file: unpack it"):
        corpus_root(tmp_path / "dev-clean.tar.gz", wanted, "LibriSpeech")

    def denied(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.iterdir", denied)
    with pytest.raises(CorpusError, match="permission denied"):
        corpus_root(tmp_path, ["nothing"], "LibriSpeech")


def test_words_have_one_spelling_and_trials_must_agree(tmp_path, capsys):
    rows = {"utt_id": ["a", "b"], "path": ["/c/a.wav"] * 2, "start": [0.0, 1.0], "stop": [1.0, 2.0]}
    table = pa.table(rows | {"word": ["Hey_Nova", "hey nova"], "speaker": ["s"] * 2})
    made = Preparation(tmp_path, {})
    assert made.manifest("test", table)["word"].to_pylist() == ["hey nova"] * 2
    assert capsys.readouterr().out == (
        "test: a keyword is spelt in several ways and taken as one: 'hey nova' ('Hey_Nova', 'hey nova')\n"
    )
    trials = {"enrol_text": ["Hey_Nova", "hey nova"], "utt_id": ["a", "a"], "target": pa.array([1, 0], pa.int8())}
    with pytest.raises(CorpusError, match="'hey nova' is a target of a in one spelling and none in another"):
        made.trials("test_wsj", pa.table(trials), {"protocol": "wsj"})
    made.trials("test_wsj", pa.table(trials).slice(0, 1), {"protocol": "wsj"})
    made.finish()
    assert (tmp_path / "trials/test_wsj.tsv").read_text().splitlines()[2] == "hey nova\ta\t1"
