"""Recordings whose segments tests pack."""

import numpy as np
import pyarrow as pa
import soundfile

from kwskit.data.records import MANIFEST


def table_of(*rows):
    """A manifest of (utt_id, path, start, stop, word, speaker)."""
    return pa.Table.from_pylist(
        [dict(zip(MANIFEST, (*row, "train"), strict=True)) for row in rows], pa.schema(MANIFEST)
    )


def contents(folder):
    """Every file of a store by its place in it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def spoilt(table, tmp_path):
    """The corpus with four bad segments of four kinds."""
    soundfile.write(tmp_path / "nan.wav", np.full(9000, np.nan), 16_000, subtype="FLOAT")
    (tmp_path / "text.wav").write_text("no audio")
    good = table["path"][0].as_py()
    bad = table_of(
        ("late", good, 5.0, 6.0, "word0", "v"),
        ("nan", str(tmp_path / "nan.wav"), 0.0, 0.5, "word0", "v"),
        ("short", good, 0.1, 0.11, "word9", "v"),
        ("text", str(tmp_path / "text.wav"), 0.0, 0.5, 'wo"rd', "v"),
    )
    return pa.concat_tables([table, bad])
