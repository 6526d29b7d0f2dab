"""Manifests: which stretch of which file is which word, checked before anything is built on it."""

import logging
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kwskit.data.address import located
from kwskit.data.records import HEADER_LINES, RecordError, read_records

logger = logging.getLogger(__name__)


def data_dir(manifest: str | Path) -> Path:
    """The folder that a manifest's audio paths are relative to.

    For ``<data>/manifests/train.tsv`` it is ``<data>``; a manifest elsewhere stands beside its audio.
    """
    folder = Path(manifest).absolute().parent
    return folder.parent if folder.name == "manifests" else folder


def read_manifest(path: str | Path, check_audio: bool = True) -> pa.Table:
    """Read and check a manifest; the column ``path`` of the result holds usable paths.

    Paths in the file are absolute, or relative to :func:`data_dir`.

    Parameters
    ----------
    path : the manifest
    check_audio : also look whether every audio file exists

    Raises
    ------
    RecordError
        With the file and the line: a duplicate ``utt_id``, an empty ``utt_id``, ``word`` or ``path``, a negative
        or non-finite time, a start that is not before its stop, a missing audio file; and all that
        :func:`kwskit.data.records.read_records` refuses.
    """
    table, _ = read_records(path, "manifest")
    for column in ("utt_id", "word", "path"):
        empty = pc.equal(pc.utf8_trim_whitespace(table[column]), "")
        _refuse(path, empty, lambda row, column=column: f"column '{column}' is empty")
    start, stop = table["start"].to_numpy(), table["stop"].to_numpy()
    wrong = ~(np.isfinite(start) & np.isfinite(stop) & (start >= 0) & (start < stop))
    _refuse(path, wrong, lambda row: f"start {start[row]} and stop {stop[row]}: expected 0 <= start < stop, in seconds")
    _refuse_duplicates(path, table["utt_id"])
    table = _with_paths(table, data_dir(path))
    if check_audio:
        files = table["path"].unique()
        missing = pa.array([f for f in files.to_pylist() if not located(f).is_file()], files.type)
        if len(missing):
            _refuse(
                path,
                pc.is_in(table["path"], missing),
                lambda row: f"no audio file {table['path'][row]} ({len(missing)} of {len(files)} files are missing)",
            )
    return table


def _with_paths(table: pa.Table, folder: Path) -> pa.Table:
    paths = table["path"]  # in chunks: one array of them could exceed the 2 GB that its type holds
    absolute = pc.match_substring_regex(paths, "^(/|[a-z0-9]+://)")
    paths = pc.if_else(absolute, paths, pc.binary_join_element_wise(str(folder), paths, "/"))
    return table.set_column(table.column_names.index("path"), "path", paths)


def _refuse(path: str | Path, wrong, reason) -> None:
    """Raise for the first record that is ``wrong``, counting the others."""
    rows = np.flatnonzero(np.asarray(wrong))
    if len(rows):
        more = f" (and {len(rows) - 1:,} more records like it)" if len(rows) > 1 else ""
        raise RecordError(f"{path}: line {int(rows[0]) + HEADER_LINES + 1}: {reason(rows[0])}{more}")


def _refuse_duplicates(path: str | Path, utt_ids: pa.ChunkedArray) -> None:
    if len(utt_ids.unique()) == len(utt_ids):
        return
    codes = utt_ids.combine_chunks().dictionary_encode().indices.to_numpy()
    _, first = np.unique(codes, return_index=True)
    repeated = np.ones(len(codes), dtype=bool)
    repeated[first] = False
    _refuse(
        path,
        repeated,
        lambda row: f"utt_id '{utt_ids[int(row)]}' already stands in line {first[codes[row]] + HEADER_LINES + 1}",
    )
