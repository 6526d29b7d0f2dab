"""The text files that stages hand each other: manifests, trials, scores, and those of a search.

One record a line, tab separated, UTF-8, no quoting. Line 1 says what the file is, with its version and
``key=value`` facts such as the protocol's name and its seed; line 2 names the columns::

    #kwskit trials v1 protocol=wsj seed=7
    enrol_text	utt_id	target
    banana	u0001	1
"""

import functools
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from kwskit.atomic_write import atomic_write
from kwskit.data.normal_column import with_normal_form
from kwskit.text.normal_form import merged_message
from kwskit.text_file import TextFileError, first_lines

VERSION = "v1"
HEADER_LINES = 2

MANIFEST = {
    "utt_id": pa.string(),
    "path": pa.string(),
    "start": pa.float64(),
    "stop": pa.float64(),
    "word": pa.string(),
    "speaker": pa.string(),
    "split": pa.string(),
}
# When each word of an utterance is said, in seconds from where the utterance begins.
WORDS = {"utt_id": pa.string(), "word": pa.string(), "start": pa.float64(), "stop": pa.float64()}
TRIALS = {"enrol_text": pa.string(), "utt_id": pa.string(), "target": pa.int8()}
SCORES = TRIALS | {"score": pa.float64()}
# A search: what is searched (a stretch of a file, in seconds), for what (a typed text, or a spoken utterance of the
# store that the fact `store` names: the other one is empty), and where it really is.
RECORDINGS = {"recording": pa.string(), "path": pa.string(), "start": pa.float64(), "stop": pa.float64()}
QUERIES = {"query": pa.string(), "text": pa.string(), "utt_id": pa.string()}
OCCURRENCES = {"query": pa.string(), "recording": pa.string(), "start": pa.float64(), "stop": pa.float64()}
DETECTIONS = OCCURRENCES | {"score": pa.float64()}
OPTIONAL = {"group": pa.string()}
TEXTS = ("word", "enrol_text", "text")  # columns of keywords
COLUMNS: dict[str, dict[str, pa.DataType]] = {
    "manifest": MANIFEST,
    "words": WORDS,
    "trials": TRIALS,
    "scores": SCORES,
    "recordings": RECORDINGS,
    "queries": QUERIES,
    "occurrences": OCCURRENCES,
    "detections": DETECTIONS,
}

_KINDS = {pa.string(): "UTF-8 text", pa.float64(): "a number", pa.int8(): "a whole number from -128 to 127"}


logger = logging.getLogger(__name__)


class RecordError(ValueError):
    """A record file that cannot be used; the message names the file, the line and the column."""


def write_records(path: str | Path, kind: str, table: pa.Table, facts: Mapping[str, object] | None = None) -> None:
    """Write ``table`` as a ``kind`` file, whole or not at all (:func:`atomic_write`).

    Raises
    ------
    RecordError
        When a column of the kind is missing, a value is missing or not of its column's type, a text holds a tab,
        a line break or a quotation mark, or a fact's name is not a plain word.
    OSError
        When the file cannot be written.
    """
    _require(path, kind, table.column_names)
    columns = [*COLUMNS[kind], *(c for c in table.column_names if c not in COLUMNS[kind])]
    types = COLUMNS[kind] | OPTIONAL
    table = pa.table({name: _checked(path, name, table[name], types.get(name)) for name in columns})
    for key in facts or {}:
        if not re.fullmatch(r"[\w.-]+", key):
            raise RecordError(f"{path}: fact {key!r}: a name has letters, digits, '_', '.' and '-' only")
    fields = "".join(f" {key}={quote(str(value), safe='/:,.+')}" for key, value in (facts or {}).items())
    with atomic_write(path) as partial, partial.open("wb") as sink:
        sink.write(f"#kwskit {kind} {VERSION}{fields}\n{chr(9).join(columns)}\n".encode())
        options = pyarrow.csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")
        pyarrow.csv.write_csv(table, sink, options)


def read_records(path: str | Path, kind: str) -> tuple[pa.Table, dict[str, str]]:
    """Read a ``kind`` file: its table and the facts of its first line.

    Columns are typed as in ``COLUMNS`` and ``OPTIONAL``; any other column is text. Keywords (``TEXTS``) are in their
    :func:`~kwskit.text.normal_form.normal_form`; spellings that a manifest merges are named in the log.

    Raises
    ------
    RecordError
        When the file is missing or of another kind or version, lacks a column or has one twice, or when a line
        has too few or too many values, or one that is not of its column's type (with the line and the column).
    """
    path = Path(path)
    try:
        first, second = first_lines(path, 2)
    except TextFileError as error:
        raise RecordError(str(error)) from error
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error}") from error
    words = first.split()
    if words[:3] != ["#kwskit", kind, VERSION]:
        raise RecordError(f"{path}: line 1: expected '#kwskit {kind} {VERSION} …', found {first.strip()[:80]!r}")
    facts = {key: unquote(value) for key, _, value in (word.partition("=") for word in words[3:])}
    columns = second.split("\t")
    _require(path, kind, columns)
    types = {name: (COLUMNS[kind] | OPTIONAL).get(name, pa.string()) for name in columns}
    options = (
        pyarrow.csv.ParseOptions(delimiter="\t", quote_char=False, ignore_empty_lines=False),
        pyarrow.csv.ConvertOptions(column_types=types, null_values=[], strings_can_be_null=False),
    )
    reading = pyarrow.csv.ReadOptions(skip_rows=HEADER_LINES, column_names=columns)
    try:
        table = pyarrow.csv.read_csv(path, reading, *options)
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return pa.schema(types).empty_table(), facts
        reading.use_threads = False  # only then does Arrow count the lines
        try:
            pyarrow.csv.read_csv(path, reading, *options)
        except pa.ArrowInvalid as located:
            error = located
        raise RecordError(f"{path}: {_for_people(str(error), columns, types)}") from error
    for name in TEXTS:
        if name in columns:
            table, merged = with_normal_form(table, name)
            if merged and kind == "manifest":
                _warn_once(f"{path}: {merged_message(merged)}")
    return table, facts


@functools.cache
def _warn_once(message: str) -> None:
    logger.warning(message)


def _require(path: str | Path, kind: str, columns: list[str]) -> None:
    missing = [name for name in COLUMNS[kind] if name not in columns]
    if missing:
        raise RecordError(f"{path}: line 2: a {kind} file needs the column {', '.join(missing)}; it has {columns}")
    twice = [name for name in columns if columns.count(name) > 1]
    if twice:
        raise RecordError(f"{path}: line 2: the column {twice[0]} is there twice")


def _checked(path: str | Path, name: str, values: pa.ChunkedArray, wanted: pa.DataType | None) -> pa.ChunkedArray:
    """``values`` as they will be written, of type ``wanted`` (None = any)."""

    def refuse(bad: pa.ChunkedArray, what: str) -> None:
        if pc.any(bad).as_py():
            raise RecordError(f"{path}: record {pc.index(bad, True).as_py() + 1}: column '{name}' {what}")

    refuse(pc.is_null(values), "has no value")
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if wanted is not None:
        try:
            values = values.cast(wanted)
        except pa.ArrowInvalid as error:
            raise RecordError(f"{path}: column '{name}': expected {wanted} values: {error}") from error
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        refuse(pc.match_substring_regex(values, r"[\t\r\n\"]"), "holds a tab, a line break or a quotation mark")
    return values


def _for_people(message: str, columns: list[str], types: Mapping[str, pa.DataType]) -> str:
    """Arrow's message with the file's line and the column's name; Arrow numbers rows from 1 and columns from 0."""
    value = re.fullmatch(r"In CSV column #(\d+): Row #(\d+): CSV conversion error to \w+: (.*)", message)
    if value:
        name = columns[int(value[1])]
        return f"line {value[2]}: column '{name}': expected {_KINDS[types[name]]}: {value[3]}"
    length = re.fullmatch(r"CSV parse error: Row #(\d+): Expected (\d+) columns, got (\d+): .*", message, re.DOTALL)
    if length:
        return f"line {length[1]}: expected {length[2]} values ({', '.join(columns)}), found {length[3]}"
    return re.sub(r"Row #(\d+)", r"line \1", message)
