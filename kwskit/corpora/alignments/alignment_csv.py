"""Alignments as a table: ``audio_filename,start,end,text``, the form in which LibriPhrase's authors publish theirs."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from kwskit.corpora.findings import Findings
from kwskit.errors import CorpusError
from kwskit.text_file import TextFileError, first_lines

# Names that a column may have, the published one first.
NAMES = {
    "utterance": ("audio_filename", "utterance", "file"),
    "start": ("start",),
    "stop": ("end", "stop"),
    "word": ("text", "word"),
}
SCORE = "score"
_NUMBER = r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$"


def is_alignment(path: Path) -> bool:
    """Whether the first line of ``path`` names the columns of an alignment."""
    try:
        _columns(path)
    except CorpusError:
        return False
    return True


def read_alignment_csv(path: Path, findings: Findings) -> pa.Table:
    """Columns utterance (the stem of the audio's name), start, stop (seconds), word, and score where the file has it.

    A score is what ``kwskit align`` writes; one that is no number is null. Columns may stand in any order and among
    others; a tab in the first line makes it tab separated. Rows that cannot be read become findings.

    Raises
    ------
    CorpusError
        When a column is missing, or the file is not text in UTF-8.
    """
    columns, delimiter = _columns(path)
    columns |= {SCORE: SCORE} if SCORE in _heads(path)[0] else {}

    def note(row: pyarrow.csv.InvalidRow) -> str:
        where = f"line {row.number}: " if row.number else ""
        message = (
            f"{path.name}: {where}{row.actual_columns} values instead of {row.expected_columns}: {row.text[:60]!r}"
        )
        findings.add("rows of an alignment that cannot be read", message)
        return "skip"

    try:
        table = pyarrow.csv.read_csv(
            path,
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=delimiter, quote_char=False if delimiter == "\t" else '"', invalid_row_handler=note
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=list(columns.values()),
                column_types=dict.fromkeys(columns.values(), pa.string()),
                strings_can_be_null=False,
            ),
        ).rename_columns(list(columns))
    except pa.ArrowInvalid as error:
        raise CorpusError(f"{path}: is no table of alignments: {error}") from error
    numbers = pc.and_(*(pc.match_substring_regex(table[name], _NUMBER) for name in ("start", "stop")))
    wrong = table.filter(pc.invert(numbers)).to_pylist()
    findings.add_all(
        "rows of an alignment that cannot be read",
        (f"{path.name}: {row['utterance']}: start {row['start']!r}, end {row['stop']!r}" for row in wrong),
    )
    table = table.filter(numbers)
    for index, name in ((1, "start"), (2, "stop")):
        table = table.set_column(index, name, pc.utf8_trim_whitespace(table[name]).cast(pa.float64()))
    if SCORE in columns:
        number = pc.match_substring_regex(table[SCORE], _NUMBER)
        score = pc.if_else(number, pc.utf8_trim_whitespace(table[SCORE]), None).cast(pa.float64())
        table = table.set_column(table.column_names.index(SCORE), SCORE, score)
    # Few names stand for many words: cut the folder and the suffix off each name once.
    names = table["utterance"].combine_chunks().dictionary_encode()
    stems = pc.replace_substring_regex(pc.replace_substring_regex(names.dictionary, r"^.*[/\\]", ""), r"\.\w+$", "")
    return table.set_column(0, "utterance", stems.take(names.indices))


def _columns(path: Path) -> tuple[dict[str, str], str]:
    """Our names and the file's for the four columns, and the delimiter."""
    found, delimiter = _heads(path)
    columns = {ours: next((name for name in names if name in found), None) for ours, names in NAMES.items()}
    missing = [NAMES[ours][0] for ours, name in columns.items() if name is None]
    if missing:
        raise CorpusError(
            f"{path}: line 1: expected the columns audio_filename,start,end,text, found "
            f"{delimiter.join(found)[:80]!r}; missing: {', '.join(missing)}"
        )
    return {ours: name for ours, name in columns.items() if name is not None}, delimiter


def _heads(path: Path) -> tuple[list[str], str]:
    """The columns' names in line 1, and the delimiter."""
    try:
        line = first_lines(path)[0]
    except TextFileError as error:
        raise CorpusError(str(error)) from error
    delimiter = "\t" if "\t" in line else ","
    return [name.strip('"') for name in line.split(delimiter)], delimiter
