"""Recordings of words, as people keep them, turned into a manifest."""

import logging
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from kwskit.data.audio import OVERHANG, AudioError, probe
from kwskit.data.audio_folder import audio_below
from kwskit.data.manifest import read_manifest
from kwskit.data.normal_column import with_normal_form
from kwskit.data.records import MANIFEST, RecordError
from kwskit.text.normal_form import merged_message
from kwskit.text_file import TextFileError, first_lines

logger = logging.getLogger(__name__)


def words_from_folder(source: str | Path, on_bad: str = "stop") -> pa.Table:
    """A manifest table (usable paths, split ``words``) of recorded words, in their normal form.

    Parameters
    ----------
    source :
        a folder whose sub-folders are named after the word they hold (``hey_computer`` is "hey computer"; names
        that begin with ``_`` or ``.`` are passed over; audio may lie deeper), or a TSV with the columns ``word`` and
        ``path`` and, if wanted, ``start``, ``stop`` (seconds), ``speaker`` and ``utt_id``, paths relative to the
        TSV's folder, or a kwskit manifest
    on_bad : ``stop`` at files that cannot be read, or ``skip`` them and name them in the log

    Raises
    ------
    RecordError
        When nothing is found, a column is missing or a value is of no use (with the line).
    AudioError
        With ``on_bad="stop"``: files that cannot be read, with their number and the first of them.
    """
    if on_bad not in ("stop", "skip"):
        raise ValueError(f"on_bad must be 'stop' or 'skip', not {on_bad!r}")
    source = Path(source)
    bad: list[str] = []
    if source.is_dir():
        rows = _rows_of_folder(source, bad)
    elif not source.is_file():
        raise RecordError(f"{source}: neither a folder of words nor a TSV")
    elif _first_line(source).startswith("#kwskit manifest"):
        return read_manifest(source)
    else:
        rows = _rows_of_table(source)
    count = len(rows) + len(bad)
    kept = []
    for row in rows:
        try:
            seconds = probe(row["path"])[1]
        except AudioError as error:
            bad.append(str(error))
            continue
        line = row.pop("line", None)
        if row["start"] >= seconds or (row["stop"] or 0) > seconds + OVERHANG:
            stretch = f"start {row['start']:g}" + ("" if row["stop"] is None else f" and stop {row['stop']:g}")
            raise RecordError(f"{source}: line {line}: {stretch}: the file ends at {seconds:g} s")
        kept.append(row | {"stop": seconds if row["stop"] is None else row["stop"]})
    if bad:
        message = f"{source}: {len(bad)} of {count} recordings cannot be read: " + "; ".join(bad[:5])
        if on_bad == "stop":
            raise AudioError(message)
        logger.warning(message)
    if not kept:
        raise RecordError(f"{source}: no recordings that can be read")
    table, merged = with_normal_form(pa.Table.from_pylist(kept, pa.schema(MANIFEST)), "word")
    if merged:
        logger.warning("%s: %s", source, merged_message(merged))
    return table


def _first_line(path: Path) -> str:
    try:
        return first_lines(path)[0]
    except TextFileError as error:
        raise RecordError(str(error)) from error


def _rows_of_folder(folder: Path, bad: list[str]) -> list[dict]:
    """Recordings of the words; what cannot be used of them is added to ``bad``."""
    rows = []
    for place in sorted(folder.iterdir()):
        if not place.is_dir() or place.name.startswith((".", "_")):
            continue
        word = place.name
        below = audio_below(place)
        below.note(lambda kind, which: bad.extend(f"{one}: {kind}" for one in which))
        for path in below.files:
            rows.append(_row(path.relative_to(folder).as_posix(), path, word))
    if not rows and not bad:
        raise RecordError(f"{folder}: no audio found; expected one folder a word, with recordings inside")
    return rows


def _rows_of_table(path: Path) -> list[dict]:
    try:
        table = pyarrow.csv.read_csv(
            path,
            parse_options=pyarrow.csv.ParseOptions(delimiter="\t", quote_char=False),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={name: MANIFEST[name] for name in ("word", "path", "start", "stop", "speaker", "utt_id")},
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise RecordError(f"{path}: {error}") from error
    missing = [name for name in ("word", "path") if name not in table.column_names]
    if missing:
        raise RecordError(
            f"{path}: line 1: a list of words needs the column {', '.join(missing)}; it has {table.column_names}"
        )
    rows, seen = [], set()
    for line, record in enumerate(table.to_pylist(), start=2):
        if not record["word"].strip() or not record["path"].strip():
            raise RecordError(f"{path}: line {line}: word or path is empty")
        start, stop = record.get("start"), record.get("stop")
        row = _row(record["path"], path.parent / record["path"], record["word"], start or 0.0, stop)
        row["speaker"] = record.get("speaker") or ""
        if start is not None or stop is not None:
            row["utt_id"] += f"#{row['start']:g}"
        row["utt_id"] = record.get("utt_id") or row["utt_id"]
        if not 0 <= row["start"] < (float("inf") if stop is None else stop):
            raise RecordError(f"{path}: line {line}: start {row['start']} and stop {stop}: expected 0 <= start < stop")
        if row["utt_id"] in seen:
            raise RecordError(f"{path}: line {line}: {row['utt_id']} stands there twice")
        seen.add(row["utt_id"])
        rows.append(row | {"line": line})
    return rows


def _row(utt_id: str, path: Path, word: str, start: float = 0.0, stop: float | None = None) -> dict:
    return {
        "utt_id": utt_id,
        "path": str(path.absolute()),
        "start": start,
        "stop": stop,
        "word": word,
        "speaker": "",
        "split": "words",
    }
