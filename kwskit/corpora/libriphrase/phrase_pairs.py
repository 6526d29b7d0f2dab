"""LibriPhrase's CSVs: which segment is compared with which (Shin et al. 2022; github.com/gusrud1103/LibriPhrase)."""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from kwskit.atomic_write import atomic_write
from kwskit.corpora.findings import Findings
from kwskit.data.normal_column import with_normal_form
from kwskit.errors import CorpusError
from kwskit.text_file import TextFileError, first_lines

PAIRS = {
    "anchor": pa.string(),
    "anchor_spk": pa.string(),
    "anchor_text": pa.string(),
    "anchor_dur": pa.float64(),
    "comparison": pa.string(),
    "comparison_spk": pa.string(),
    "comparison_text": pa.string(),
    "comparison_dur": pa.float64(),
    "type": pa.string(),
    "target": pa.int8(),
    "class": pa.int8(),
}
POSITIVE, EASY, HARD = "diffspk_positive", "diffspk_easyneg", "diffspk_hardneg"
TARGETS = {POSITIVE: 1, EASY: 0, HARD: 0}
LONGEST = 4  # words


def csv_name(words: int) -> str:
    """The official name of the CSV of phrases of ``words`` words."""
    return f"libriphrase_diffspk_all_{words}word.csv"


def read_phrase_pairs(folder: Path, findings: Findings) -> pa.Table:
    """The rows of the four CSVs in ``folder``, phrases of one word first: the columns ``PAIRS``.

    Columns may stand in any order and among others; ``class`` may be missing, the file's name tells it.

    Parameters
    ----------
    folder : holds ``libriphrase_diffspk_all_{1..4}word.csv``; without them, ``*_{1..4}word.csv``
    findings : takes CSVs that are missing, and rows with an empty text, an unknown type, or a target not of their type

    Raises
    ------
    CorpusError
        When there is no CSV, or two of a length, or one cannot be read, is cut off within a line or lacks a column.
    """
    tables = []
    for words in range(1, LONGEST + 1):
        path = _csv_of(folder, words)
        if path is None:
            findings.add("CSVs of LibriPhrase that are missing", csv_name(words))
        else:
            tables.append(_usable(path, _read(path, words), findings))
    if not tables:
        raise CorpusError(f"{folder}: no {csv_name(1)} to {csv_name(LONGEST)}; `kwskit fetch libriphrase` gets them")
    return pa.concat_tables(tables)


def write_phrase_pairs(folder: Path, pairs: pa.Table) -> list[Path]:
    """Write ``pairs`` as the four official CSVs, each whole or not at all; returns their paths.

    A length without phrases has a CSV without rows.

    Raises
    ------
    OSError
        When a file cannot be written.
    """
    paths = []
    for words in range(1, LONGEST + 1):
        own = pairs.filter(pc.equal(pairs["class"], words)).select(list(PAIRS))
        paths.append(folder / csv_name(words))
        with atomic_write(paths[-1]) as partial, partial.open("wb") as sink:
            sink.write(f"{','.join(PAIRS)}\n".encode())
            pyarrow.csv.write_csv(own, sink, pyarrow.csv.WriteOptions(include_header=False, quoting_style="none"))
    return paths


def _csv_of(folder: Path, words: int) -> Path | None:
    if (folder / csv_name(words)).is_file():
        return folder / csv_name(words)
    found = sorted(path for path in folder.glob(f"*{words}word.csv") if re.search(r"(^|\D)\dword\.csv$", path.name))
    if len(found) > 1:
        raise CorpusError(
            f"{folder}: {found[0].name} and {found[1].name} both hold phrases of {words} words: which one?"
        )
    return found[0] if found else None


def _read(path: Path, words: int) -> pa.Table:
    types = {name: pa.string() if name == "class" else kind for name, kind in PAIRS.items()}
    convert = pyarrow.csv.ConvertOptions(column_types=types, null_values=[], strings_can_be_null=False)
    try:
        first_lines(path)  # looks at the encoding
        table = pyarrow.csv.read_csv(path, convert_options=convert)
    except TextFileError as error:
        raise CorpusError(str(error)) from error
    except pa.ArrowInvalid as error:
        raise CorpusError(f"{path}: cannot be read: {error}; is it a download that broke off?") from error
    missing = [name for name in PAIRS if name not in table.column_names and name != "class"]
    if missing:
        raise CorpusError(
            f"{path}: line 1: lacks the column {', '.join(missing)}; it has {', '.join(table.column_names)}"
        )
    if "class" in table.column_names:
        table = table.drop_columns(["class"])
    table = table.append_column("class", pa.repeat(pa.scalar(words, pa.int8()), len(table)))
    table = table.select(list(PAIRS)).cast(pa.schema(PAIRS))
    for name in ("anchor_text", "comparison_text"):
        table = with_normal_form(table, name)[0]
    return table


def _usable(path: Path, table: pa.Table, findings: Findings) -> pa.Table:
    texts = [pc.utf8_trim_whitespace(table[name]) for name in ("anchor_text", "comparison_text")]
    table = table.append_column("line", pa.array(range(2, len(table) + 2), pa.int32()))
    types, targets = (pa.array(list(values)) for values in (TARGETS, TARGETS.values()))
    at = pc.index_in(table["type"], types)
    checks = {
        "rows of LibriPhrase with an empty text": pc.or_(pc.equal(texts[0], ""), pc.equal(texts[1], "")),
        "rows of LibriPhrase of an unknown type": pc.is_null(at),
        "rows of LibriPhrase whose target is not that of their type": pc.not_equal(
            pc.fill_null(pc.take(targets, at), -1), table["target"].cast(pa.int64())
        ),
    }
    wrong = pa.chunked_array([pa.repeat(False, len(table))])
    for kind, odd in checks.items():
        rows = table.filter(pc.and_(odd, pc.invert(wrong))).select(["line", "type", "target"]).to_pylist()
        findings.add_all(kind, (f"{path.name} line {r['line']}: {r['type']!r}, target {r['target']}" for r in rows))
        wrong = pc.or_(wrong, odd)
    return table.filter(pc.invert(wrong)).drop_columns(["line"])
