"""Praat's TextGrids, as forced aligners write them.

Packages that read them exist (praatio, MIT); they take a file that ends in the middle for a shorter one, and twice the
time. Praat's rule is simple enough: only free-standing numbers, quoted strings and flags count, all else is comment,
so one reader does for the long and for the short format.
"""

import codecs
import re
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from kwskit.errors import CorpusError

INTERVALS = "IntervalTier"
# In this order: a string ("" inside is a quotation mark), a flag, a number that stands free, a comment line.
_TOKEN = re.compile(r'"[^"]*(?:""[^"]*)*"|<exists>|<absent>|(?<!\S)[-+]?\.?\d[\d.]*(?:[eE][-+]?\d+)?(?!\S)|![^\n]*')


def read_textgrids(files: Sequence[Path]) -> tuple[pa.Table, list[str]]:
    """Word intervals of many TextGrids, and those that cannot be read, with reasons.

    The table has the columns utterance (the file's stem), start, stop (seconds) and word, empty texts left out.
    """
    utterances: list[str] = []
    columns: tuple[list, list, list] = ([], [], [])  # starts, stops, words
    unreadable = []
    for path in files:
        try:
            intervals: tuple[list, list, list] = word_intervals(path)
        except (CorpusError, OSError) as error:
            unreadable.append(str(error))
            continue
        utterances.extend([path.stem] * len(intervals[0]))
        for column, values in zip(columns, intervals, strict=True):
            column += values
    types = (pa.string(), pa.float64(), pa.float64(), pa.string())
    arrays = [pa.array(column, kind) for column, kind in zip((utterances, *columns), types, strict=True)]
    return pa.table(arrays, names=["utterance", "start", "stop", "word"]), unreadable


def word_intervals(path: Path) -> tuple[list[float], list[float], list[str]]:
    """Starts, stops (seconds) and texts of the non-empty intervals of the tier(s) of words.

    These are the tiers named ``words`` or ``word``, alone or after a speaker's name (``84 - words``).

    Raises
    ------
    CorpusError
        When the file is no TextGrid, ends in the middle or has no such tier.
    """
    tokens = [token for token in _TOKEN.findall(_text(path)) if token[0] not in "!<" or token == "<absent>"]
    if tokens[1:2] != ['"TextGrid"']:
        raise CorpusError(f"{path}: is no TextGrid: its first lines do not say so")
    starts: list[float] = []
    stops: list[float] = []
    texts: list[str] = []
    names = []
    try:
        at, tiers = 5, 0 if tokens[4] == "<absent>" else int(tokens[4])
        for _ in range(tiers):
            kind, name, count = _string(tokens[at]), _string(tokens[at + 1]), int(tokens[at + 4])
            names.append(name)
            first, width = at + 5, 3 if kind == INTERVALS else 2
            at = first + width * count
            if at > len(tokens):
                raise IndexError
            if kind == INTERVALS and re.split(r"\s-\s", name.lower())[-1].strip() in ("words", "word"):
                labels = tokens[first + 2 : at : 3]
                kept = [i for i, label in enumerate(labels) if label != '""']
                starts += [float(tokens[first + 3 * i]) for i in kept]
                stops += [float(tokens[first + 3 * i + 1]) for i in kept]
                texts += [_string(labels[i]) for i in kept]
    except (IndexError, ValueError) as error:
        raise CorpusError(f"{path}: ends in the middle, or is no proper TextGrid") from error
    if not any(re.split(r"\s-\s", name.lower())[-1].strip() in ("words", "word") for name in names):
        raise CorpusError(f"{path}: no tier 'words', only {', '.join(map(repr, names)) or 'none at all'}")
    return starts, stops, texts


def _text(path: Path) -> str:
    data = path.read_bytes()
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path}: is neither UTF-8 nor UTF-16: {error.reason}") from error


def _string(token: str) -> str:
    if token[0] != '"':
        raise ValueError(f"expected a quoted text, found {token}")
    return token[1:-1].replace('""', '"')
