"""Transcribed recordings, with what is known of who speaks: the table that readers of such corpora give."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from kwskit.corpora.alignments.transcripts import NAMES, TABLE, TEXTS, transcript_words
from kwskit.corpora.findings import Findings
from kwskit.corpora.utterances import UTTERANCES
from kwskit.errors import CorpusError

# Texts, empty where the corpus does not tell.
TRANSCRIBED = UTTERANCES | dict.fromkeys(("text", "age", "gender", "accent"), pa.string())
NEEDED = ("file", "text")
COLUMNS = {"file": NAMES, "text": TEXTS, "speaker": ("speaker",), "age": ("age",), "gender": ("gender",)}
COLUMNS |= {"accent": ("accent",)}


def read_text_folder(folder: Path, findings: Findings) -> pa.Table:
    """A folder of recordings with ``text.tsv``: the columns ``TRANSCRIBED``, without what cannot be used.

    ``text.tsv`` has the columns ``file`` (relative to the folder) and ``sentence`` and, where known, ``speaker``,
    ``age``, ``gender`` and ``accent``, in any order and among others; no quoting.

    Parameters
    ----------
    folder : holds ``text.tsv``
    findings : see :func:`usable`

    Raises
    ------
    CorpusError
        When the table is missing, is no table, or lacks a column, or nothing in it can be used.
    """
    return usable(read_listed(folder / TABLE, folder, COLUMNS, findings), findings)


def read_listed(path: Path, audio: Path, columns: Mapping[str, Sequence[str]], findings: Findings) -> pa.Table:
    """The columns ``TRANSCRIBED`` from a CSV or, without quoting, a TSV; nothing is left out but rows of other lengths.

    ``split`` is the stem of the table's name. Where a speaker is not named, each recording is of a speaker of its own,
    who has its name.

    Parameters
    ----------
    path : of the table
    audio : folder that its files are relative to
    columns : names that it may have for ``file``, ``text``, ``speaker``, ``age``, ``gender`` and ``accent``
    findings : takes rows that have more or fewer values than columns

    Raises
    ------
    CorpusError
        When it cannot be read, is no table, or lacks ``file`` or ``text``.
    """

    def note(row: pyarrow.csv.InvalidRow) -> str:
        where = f"line {row.number}: " if row.number else ""
        line = f"{path.name}: {where}{row.actual_columns} values instead of {row.expected_columns}: {row.text[:60]!r}"
        findings.add("rows of a table that cannot be read", line)
        return "skip"

    tabs = path.suffix == ".tsv"
    try:
        with path.open("rb") as source:
            heads = source.readline().decode("utf-8-sig").rstrip("\r\n").split("\t" if tabs else ",")
        table = pyarrow.csv.read_csv(
            path,
            parse_options=pyarrow.csv.ParseOptions(
                delimiter="\t" if tabs else ",", quote_char=False if tabs else '"', invalid_row_handler=note
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(heads, pa.string()), strings_can_be_null=False
            ),
        )
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: is no table of recordings: {error}") from error
    found = {ours: next((name for name in names if name in heads), None) for ours, names in columns.items()}
    missing = [" or ".join(columns[ours]) for ours in NEEDED if found[ours] is None]
    if missing:
        raise CorpusError(f"{path}: line 1: lacks the column {', '.join(missing)}; it has {', '.join(heads)[:200]}")
    empty = pa.array([""], pa.string()).take(pa.nulls(len(table), pa.int8()).fill_null(0))
    own = {ours: empty if name is None else pc.utf8_trim_whitespace(table[name]) for ours, name in found.items()}
    stems = pc.replace_substring_regex(pc.replace_substring_regex(own["file"], r"^.*[/\\]", ""), r"\.\w+$", "")
    speaker = pc.if_else(pc.equal(own["speaker"], ""), stems, own["speaker"])
    rows = {
        "utterance": stems,
        "path": pc.binary_join_element_wise(str(audio.absolute()), own["file"], "/"),
        "speaker": speaker,
        "split": pa.array([path.stem]).take(pa.nulls(len(table), pa.int8()).fill_null(0)),
        **{name: own[name] for name in ("text", "age", "gender", "accent")},
    }
    return pa.table(rows).cast(pa.schema(TRANSCRIBED))


def usable(table: pa.Table, findings: Findings) -> pa.Table:
    """``table``, of the columns ``TRANSCRIBED``, without what cannot be used.

    Parameters
    ----------
    table : recordings
    findings : takes recordings that are not there, that have no words, and second ones of a name

    Raises
    ------
    CorpusError
        When nothing is left.
    """
    total = len(table)
    paths = table["path"].to_pylist()
    there: dict[str, set[str]] = {}
    for folder in {os.path.dirname(path) for path in paths}:  # a listing of a folder, not a question for every file
        there[folder] = set(os.listdir(folder)) if os.path.isdir(folder) else set()
    absent = [os.path.basename(path) not in there[os.path.dirname(path)] for path in paths]
    table = _without(table, absent, "recordings that are not there", findings)
    silent = [not transcript_words(text) for text in table["text"].to_pylist()]
    table = _without(table, silent, "recordings without a transcript", findings)
    names = table["utterance"].to_pylist()
    first = dict(zip(reversed(names), range(len(names) - 1, -1, -1), strict=True))
    twice = [first[name] != row for row, name in enumerate(names)]
    table = _without(table, twice, "utterances that are there twice", findings)
    if not len(table):
        reasons = f":\n{findings.summary()}" if len(findings) else ""
        raise CorpusError(f"none of {total:,} recordings can be used{reasons}")
    return table


def _without(table: pa.Table, wrong: Sequence[bool], kind: str, findings: Findings) -> pa.Table:
    mask = pa.array(wrong, pa.bool_())
    findings.add_all(kind, table["path"].filter(mask).to_pylist())
    return table.filter(pc.invert(mask))
