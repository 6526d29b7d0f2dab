"""Byte order marks and other encodings in whatever people write."""

import pytest
import soundfile

from kwskit.corpora.alignments.read import read_alignments
from kwskit.corpora.alignments.transcripts import read_transcripts
from kwskit.corpora.findings import Findings
from kwskit.corpora.libriphrase.phrase_pairs import read_phrase_pairs
from kwskit.corpora.mswc import _read_split
from kwskit.corpora.std.preparation import read_queries
from kwskit.data.records import read_records
from kwskit.data.word_folder import words_from_folder
from kwskit.hparams import resolve_hparams
from kwskit.speech_model.write_card import read_facts
from kwskit.stages.table_plan import read_table
from kwskit.text.lexicon import read_lexicon
from kwskit.text_file import TextFileError, first_lines, read_text
from kwskit.untrusted_yaml import read_yaml

TRIALS = "#kwskit trials v1 protocol=x\nenrol_text\tutt_id\ttarget\nHey_Nova\tu\t1\n"
PAIRS = (
    "anchor,anchor_spk,anchor_text,anchor_dur,comparison,comparison_spk,comparison_text,comparison_dur,type,target\n"
    "a.wav,1,Stop,1,b.wav,2,stop,1,diffspk_positive,1\n"
)
READERS = {
    "trials.tsv": (TRIALS, lambda path: read_records(path, "trials")[0]["enrol_text"].to_pylist(), ["hey nova"]),
    "words.tsv": ("word\tpath\nStop!\tw.wav\n", lambda path: words_from_folder(path)["word"].to_pylist(), ["stop"]),
    "a.csv": (
        "audio_filename,start,end,text\nu,0,1,Stop.\n",
        lambda path: read_alignments(path, Findings())["word"].to_pylist(),
        ["stop"],
    ),
    "a.ctm": ("u 1 0 1 Stop\n", lambda path: read_alignments(path, Findings())["utterance"].to_pylist(), ["u"]),
    "t.csv": ("file,text\nu.wav,Don\u2019t stop\n", read_transcripts, {"u": ["don't", "stop"]}),
    "t.txt": ("u Don\u2019t stop\n", read_transcripts, {"u": ["don't", "stop"]}),
    "q.txt": ("Fellow Americans\n", lambda path: list(read_queries(path, Findings())), ["fellow americans"]),
    "lexicon.tsv": ("stop\tS T AA1 P\n", lambda path: list(read_lexicon(path)), ["stop"]),
    "config.yaml": ("seed: 1\n", resolve_hparams, "seed: 1\n"),
    "model.yaml": ("seed: 1\n", read_yaml, "seed: 1\n"),
    "facts.json": ('{"name": "x"}\n', read_facts, {"name": "x"}),
    "en_splits.csv": ("LINK,WORD\na/b.opus,stop\n", lambda p: _read_split(p, ("LINK",))["LINK"][0].as_py(), "a/b.opus"),
    "table.yaml": (
        "title: T\ncolumns: [{name: a, label: A, trials: t}]\nrows: [{label: r}]\n",
        lambda path: read_table(path).title,
        "T",
    ),
    "x_1word.csv": (
        PAIRS,
        lambda path: read_phrase_pairs(path.parent, Findings()).to_pydict()["anchor_text"],
        ["stop"],
    ),
}


@pytest.fixture
def written(tmp_path):
    soundfile.write(tmp_path / "w.wav", [0.1] * 8000, 16_000)

    def write(name, content):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


@pytest.mark.parametrize("name", READERS)
def test_a_byte_order_mark_is_no_part_of_a_text(name, written):
    text, read, expected = READERS[name]
    assert read(written(name, text.encode("utf-8"))) == expected
    assert read(written(name, b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode("utf-8"))) == expected


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("name", READERS)
def test_utf16_is_refused_in_a_line_that_names_the_file(name, encoding, written):
    text, read, _ = READERS[name]
    path = written(name, text.encode(encoding))
    with pytest.raises(ValueError, match="UTF-8") as caught:
        read(path)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_another_encoding_is_named_with_its_line(written):
    path = written("list.txt", "one\ncafé\n".encode("latin-1"))
    with pytest.raises(TextFileError, match=r"list\.txt: line 2 has the byte 0xe9, which is not UTF-8"):
        read_text(path)
    assert first_lines(path) == ["one"]
    assert first_lines(written("empty", b""), 2) == ["", ""]
    assert first_lines(written("three", b"\xef\xbb\xbfa\r\nb\nc"), 2) == ["a", "b"]
