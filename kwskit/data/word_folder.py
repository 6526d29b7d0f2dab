"""Recordings of words, as people keep them, turned into a manifest."""

import logging
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from kwskit.data.audio import AudioError, probe
from kwskit.data.manifest import read_manifest
from kwskit.records import MANIFEST, RecordError
from kwskit.text.normal_column import with_normal_form
from kwskit.text.normal_form import merged_message
from kwskit.text_file import TextFileError, first_lines

AUDIO_SUFFIXES = {".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff", ".au", ".sph", ".w64", ".caf", ".nist"}

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
    if source.is_dir():
        rows = _rows_of_folder(source)
    elif not source.is_file():
        raise RecordError(f"{source}: neither a folder of words nor a TSV")
    elif _first_line(source).startswith("#kwskit manifest"):
        return read_manifest(source)
    else:
        rows = _rows_of_table(source)
    kept, bad = [], []
    for row in rows:
        try:
            seconds = probe(row["path"])[1]
        except AudioError as error:
            bad.append(str(error))
            continue
        kept.append(row | {"stop": seconds if row["stop"] is None else row["stop"]})
    if bad:
        told = f"{source}: {len(bad)} of {len(rows)} recordings cannot be read: " + "; ".join(bad[:5])
        if on_bad == "stop":
            raise AudioError(told)
        logger.warning(told)
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


def _rows_of_folder(folder: Path) -> list[dict]:
    rows = []
    for place in sorted(folder.iterdir()):
        if not place.is_dir() or place.name.startswith((".", "_")):
            continue
        word = place.name
        for path in sorted(place.rglob("*")):
            if path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith("."):
                rows.append(_row(path.relative_to(folder).as_posix(), path, word))
    if not rows:
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
        if stop is not None and not 0 <= row["start"] < stop:
            raise RecordError(f"{path}: line {line}: start {row['start']} and stop {stop}: expected 0 <= start < stop")
        if row["utt_id"] in seen:
            raise RecordError(f"{path}: line {line}: {row['utt_id']} stands there twice")
        seen.add(row["utt_id"])
        rows.append(row)
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
