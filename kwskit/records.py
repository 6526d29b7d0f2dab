"""The text files that stages hand each other: manifests, trials and scores.

One record a line, tab separated, UTF-8, no quoting. Line 1 says what the file is, with its version and
``key=value`` facts such as the protocol's name and its seed; line 2 names the columns::

    #kwskit trials v1 protocol=wsj seed=7
    enrol_text	utt_id	target
    banana	u0001	1
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

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
TRIALS = {"enrol_text": pa.string(), "utt_id": pa.string(), "target": pa.int8()}
SCORES = TRIALS | {"score": pa.float64()}
OPTIONAL = {"group": pa.string()}
COLUMNS: dict[str, dict[str, pa.DataType]] = {"manifest": MANIFEST, "trials": TRIALS, "scores": SCORES}


class RecordError(ValueError):
    """A record file that cannot be used; the message names the file, the line and the column."""


def write_records(path: str | Path, kind: str, table: pa.Table, facts: Mapping[str, object] | None = None) -> None:
    """Write ``table`` as a ``kind`` file, whole or not at all (temporary name, then rename).

    Raises
    ------
    RecordError
        When a column of the kind is missing, or a text holds a tab, a line break or a quotation mark.
    """
    path = Path(path)
    columns = [*_required(path, kind, table.column_names), *(c for c in table.column_names if c not in COLUMNS[kind])]
    table = table.select(columns)
    for name in columns:
        if pa.types.is_string(table[name].type) or pa.types.is_large_string(table[name].type):
            bad = pc.match_substring_regex(table[name], r"[\t\r\n\"]")
            if pc.any(bad).as_py():
                row = pc.index(bad, True).as_py()
                raise RecordError(
                    f"{path}: record {row + 1}: column '{name}' holds a tab, a line break or a quotation mark"
                )
    told = "".join(f" {key}={quote(str(value), safe='/:,.+')}" for key, value in (facts or {}).items())
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as sink:
            sink.write(f"#kwskit {kind} {VERSION}{told}\n{chr(9).join(columns)}\n".encode())
            options = pyarrow.csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")
            pyarrow.csv.write_csv(table, sink, options)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_records(path: str | Path, kind: str) -> tuple[pa.Table, dict[str, str]]:
    """Read a ``kind`` file: its table (columns typed as in ``COLUMNS``) and the facts of its first line.

    Raises
    ------
    RecordError
        When the file is missing or of another kind or version, lacks a column, or holds a value that is
        not of its column's type (with the line).
    """
    path = Path(path)
    try:
        with path.open("rb") as source:
            first, second = source.readline().decode(), source.readline().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: cannot be read: {error}") from error
    words = first.split()
    if words[:3] != ["#kwskit", kind, VERSION]:
        raise RecordError(f"{path}: line 1: expected '#kwskit {kind} {VERSION} …', found {first.strip()[:80]!r}")
    facts = {key: unquote(value) for key, _, value in (word.partition("=") for word in words[3:])}
    columns = second.rstrip("\r\n").split("\t")
    _required(path, kind, columns)
    types = COLUMNS[kind] | OPTIONAL
    options = (
        pyarrow.csv.ParseOptions(delimiter="\t", quote_char=False, ignore_empty_lines=False),
        pyarrow.csv.ConvertOptions(column_types=types, null_values=[], strings_can_be_null=False),
    )
    reading = pyarrow.csv.ReadOptions(skip_rows=HEADER_LINES, column_names=columns)
    try:
        table = pyarrow.csv.read_csv(path, reading, *options)
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return pa.table({c: pa.array([], types.get(c, pa.string())) for c in columns}), facts
        reading.use_threads = False  # only then does Arrow count the lines
        try:
            pyarrow.csv.read_csv(path, reading, *options)
        except pa.ArrowInvalid as located:
            error = located
        raise RecordError(f"{path}: {_with_line(str(error))}") from error
    return table, facts


def _required(path: Path, kind: str, columns: list[str]) -> list[str]:
    missing = [name for name in COLUMNS[kind] if name not in columns]
    if missing:
        raise RecordError(f"{path}: line 2: a {kind} file needs the column {', '.join(missing)}; it has {columns}")
    return list(COLUMNS[kind])


def _with_line(message: str) -> str:
    """Arrow counts records from 1 (and columns from 0); people count lines of the file."""
    return re.sub(r"Row #(\d+)", lambda match: f"line {match[1]}", message)
