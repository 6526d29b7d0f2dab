import errno
import resource
import signal

import numpy as np
import pyarrow as pa
import pytest

from kwskit.atomic_write import atomic_write
from kwskit.data.records import RecordError, read_records, write_records

HEAD = "#kwskit trials v1 protocol=wsj seed=7\n"
COLUMNS = "enrol_text\tutt_id\ttarget\n"


def trials(**changed):
    columns = {"enrol_text": ["banana", "don't"], "utt_id": ["u1", "u2"], "target": [1, 0]} | changed
    return pa.table(columns)


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("trials", {"enrol_text": ["façade", "a b"], "utt_id": ["u1", "u2"], "target": [1, 0]}),
        ("trials", {"enrol_text": ["a"], "utt_id": ["u"], "target": [0], "group": ["hard"]}),
        (
            "scores",
            {"enrol_text": ["a"] * 3, "utt_id": ["u", "v", "w"], "target": [1, 0, 0], "score": [1 / 3, -1e-300, 5]},
        ),
        (
            "manifest",
            {
                "utt_id": ["u"],
                "path": ["a b.wav"],
                "start": [0.1],
                "stop": [0.7000000000000001],
                "word": ["null"],
                "speaker": ["NA"],
                "split": [""],
            },
        ),
        ("recordings", {"recording": ["a"], "path": ["a b.flac"], "start": [0.0], "stop": [3600.5]}),
        (
            "queries",
            {"query": ["typed", "spoken"], "text": ["an apple", ""], "utt_id": ["", "u1"], "group": ["iv", "oov"]},
        ),
        ("occurrences", {"query": ["q"], "recording": ["a"], "start": [0.25], "stop": [0.75]}),
        ("detections", {"query": ["q"], "recording": ["a"], "start": [0.25], "stop": [0.75], "score": [-1.5]}),
        ("trials", {"enrol_text": pa.array([], pa.string()), "utt_id": pa.array([], pa.string()), "target": []}),
    ],
)
def test_what_is_written_is_read_back(tmp_path, kind, columns):
    facts = {"protocol": "my protocol", "seed": 7, "note": "50% =\tä"}
    path = tmp_path / "new" / "file.tsv"
    write_records(path, kind, pa.table(columns), facts)
    table, message = read_records(path, kind)
    assert table.to_pydict() == pa.table(columns).to_pydict()
    assert message == {key: str(value) for key, value in facts.items()}
    assert [p.name for p in path.parent.iterdir()] == ["file.tsv"]


def test_the_file_is_the_text_that_the_module_promises(tmp_path):
    table = pa.table({"note": ["x"], "target": [1.0], "utt_id": ["u0001"], "enrol_text": ["banana"]})
    write_records(tmp_path / "t.tsv", "trials", table, {"protocol": "wsj", "seed": 7})
    assert (tmp_path / "t.tsv").read_text() == f"{HEAD}enrol_text\tutt_id\ttarget\tnote\nbanana\tu0001\t1\tx\n"


def test_dictionary_columns_and_unknown_columns_become_text(tmp_path):
    write_records(
        tmp_path / "t.tsv", "trials", trials(enrol_text=pa.array(["a", "b"]).dictionary_encode(), snr=[5, 10])
    )
    table, _ = read_records(tmp_path / "t.tsv", "trials")
    assert table["enrol_text"].to_pylist() == ["a", "b"]
    assert table["snr"].to_pylist() == ["5", "10"]


@pytest.mark.parametrize(
    "message", ["\ufeff" + HEAD + COLUMNS + "a\tu\t1\n", (HEAD + COLUMNS + "a\tu\t1").replace("\n", "\r\n")]
)
def test_files_of_other_editors_are_read(tmp_path, message):
    path = tmp_path / "t.tsv"
    path.write_bytes(message.encode())
    assert read_records(path, "trials")[0].to_pylist() == [{"enrol_text": "a", "utt_id": "u", "target": 1}]


LONG = "a\tu\t1\n" * 300_000  # several of Arrow's blocks: the line must still be right


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "line 1: expected '#kwskit trials v1 …', found ''"),
        ("enrol_text\tutt_id\ttarget\na\tu\t1\n", "line 1: expected '#kwskit trials v1"),
        (HEAD.replace("v1", "v2") + COLUMNS, "line 1: .* found '#kwskit trials v2"),
        (HEAD.replace("trials", "scores") + COLUMNS, "line 1: .* found '#kwskit scores v1"),
        (HEAD, "line 2: a trials file needs the column enrol_text, utt_id, target"),
        (HEAD + "enrol_text\ttarget\n", "line 2: a trials file needs the column utt_id; it has"),
        (HEAD + COLUMNS.replace("\n", "\ttarget\n") + "a\tu\t1\t1\n", "line 2: the column target is there twice"),
        (HEAD + COLUMNS + "a\tu\t1\nb\tu\tyes\n", "line 4: column 'target': expected a whole number.*'yes'"),
        (HEAD + COLUMNS + "a\tu\t1\nb\tu\t\n", "line 4: column 'target': expected a whole number.*''"),
        (HEAD + COLUMNS + "a\tu\t300\n", "line 3: column 'target': .*'300'"),
        (HEAD + COLUMNS + "a\tu\t1\n\nb\tu\t1\n", "line 4: "),
        (HEAD + COLUMNS + "a\tu\t1\nb\tu\n", r"line 4: expected 3 values \(enrol_text, utt_id, target\), found 2"),
        (HEAD + COLUMNS + "a\tu\t1\tx\n", "line 3: expected 3 values .* found 4"),
        (HEAD + COLUMNS + LONG + "a\tu\tx\n", "line 300003: column 'target'"),
        (HEAD + COLUMNS + LONG + "a\tu\n", "line 300003: expected 3 values"),
        ((HEAD + COLUMNS).encode() + b"a\tu\t1\n\xff\tu\t1\n", "line 4: column 'enrol_text': expected UTF-8 text"),
    ],
    ids=lambda value: f"{len(value)} characters" if len(value) > 1000 else None,
)
def test_a_bad_file_is_refused_with_its_line(tmp_path, content, message):
    path = tmp_path / "t.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(RecordError, match=f"t.tsv: {message}"):
        read_records(path, "trials")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "none.tsv", tmp_path):
        with pytest.raises(RecordError, match=f"{path}: cannot be read"):
            read_records(path, "trials")


@pytest.mark.parametrize(
    ("table", "facts", "message"),
    [
        (trials(enrol_text=["a", "b\tc"]), {}, "record 2: column 'enrol_text' holds a tab"),
        (trials(utt_id=["a\n", "b"]), {}, "record 1: column 'utt_id' holds a tab, a line break"),
        (trials(enrol_text=['say "a"', "b"]), {}, "record 1: column 'enrol_text' holds .* a quotation mark"),
        (trials(enrol_text=pa.array(["a", "b\r"]).dictionary_encode()), {}, "record 2: column 'enrol_text' holds"),
        (trials(enrol_text=["a", None]), {}, "record 2: column 'enrol_text' has no value"),
        (trials(target=[0.5, 1]), {}, "column 'target': expected int8 values"),
        (trials(target=["yes", "no"]), {}, "column 'target': expected int8 values"),
        (trials().drop(["utt_id"]), {}, "needs the column utt_id"),
        (trials(), {"two words": 1}, "fact 'two words'"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(tmp_path, table, facts, message):
    with pytest.raises(RecordError, match=f"t.tsv: .*{message}"):
        write_records(tmp_path / "t.tsv", "trials", table, facts)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_disk():
    """The system refuses files beyond 64 KiB."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("small_disk")
def test_a_failing_disk_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "scores.tsv"
    write_records(path, "trials", trials())
    before = path.read_bytes()
    many = np.arange(100_000).astype(str)
    with pytest.raises(OSError, match="cannot be written") as caught:
        write_records(path, "trials", pa.table({"enrol_text": many, "utt_id": many, "target": np.ones(100_000, int)}))
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(path))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_while_writing_leaves_nothing(tmp_path):
    def interrupted():
        with atomic_write(tmp_path / "a" / "file") as partial:
            partial.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list((tmp_path / "a").iterdir()) == []


def test_a_reader_of_the_old_file_is_not_disturbed(tmp_path):
    write_records(tmp_path / "t.tsv", "trials", trials())
    with (tmp_path / "t.tsv").open() as reader:
        write_records(tmp_path / "t.tsv", "trials", trials(enrol_text=["x", "y"]))
        assert "banana" in reader.read()
    assert "banana" not in (tmp_path / "t.tsv").read_text()
