"""CTM files: ``utterance channel start duration word [confidence]``, as NIST's and Kaldi's tools write them."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from kwskit.corpora.findings import Findings
from kwskit.errors import CorpusError
from kwskit.text_file import TextFileError, first_lines

FIRST_CHANNELS = ["1", "0", "A", "a", "-"]
_NUMBER = r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$"


def read_ctm(path: Path, findings: Findings) -> pa.Table:
    """Columns utterance, start, stop (seconds) and word of a CTM file.

    Comments (``;;``) are passed over; lines that cannot be read, and words of a second channel (audio is averaged to
    one channel here), become findings.

    Raises
    ------
    CorpusError
        When the file is not text in UTF-8.
    """
    try:
        first_lines(path)  # looks at the encoding
        # A delimiter that no text holds: each line is one value, and Arrow reads them by all cores.
        lines = pyarrow.csv.read_csv(
            path,
            pyarrow.csv.ReadOptions(column_names=["line"]),
            pyarrow.csv.ParseOptions(delimiter="\x01", quote_char=False),
            pyarrow.csv.ConvertOptions(column_types={"line": pa.string()}, strings_can_be_null=False),
        )["line"]
    except TextFileError as error:
        raise CorpusError(str(error)) from error
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            lines = pa.chunked_array([], pa.string())
        else:
            raise CorpusError(f"{path}: is no CTM file: {error}") from error
    lines = lines.filter(pc.invert(pc.match_substring_regex(lines, r"^\s*(;;|$)")))
    fields = pc.utf8_split_whitespace(pc.utf8_trim_whitespace(lines))
    enough = pc.greater_equal(pc.list_value_length(fields), 5)
    _note(findings, path, lines.filter(pc.invert(enough)))
    lines, fields = lines.filter(enough), fields.filter(enough)
    utterance, channel, start, duration, word = (pc.list_element(fields, i) for i in range(5))
    numbers = pc.and_(pc.match_substring_regex(start, _NUMBER), pc.match_substring_regex(duration, _NUMBER))
    _note(findings, path, lines.filter(pc.invert(numbers)))
    first = pc.is_in(channel, pa.array(FIRST_CHANNELS))
    findings.add_all("words of a second channel", lines.filter(pc.invert(first)).to_pylist())
    table = pa.table({"utterance": utterance, "start": start, "stop": duration, "word": word})
    table = table.filter(pc.and_(numbers, first))
    start = table["start"].cast(pa.float64())
    stop = np.round(start.to_numpy() + table["stop"].cast(pa.float64()).to_numpy(), 6)
    return table.set_column(1, "start", start).set_column(2, "stop", pa.array(stop))


def _note(findings: Findings, path: Path, lines: pa.ChunkedArray) -> None:
    message = f"{path.name}: expected 'utterance channel start duration word', found "
    findings.add_all("lines of a CTM that cannot be read", (message + repr(line[:60]) for line in lines.to_pylist()))
