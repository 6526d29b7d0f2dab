"""Pronunciations in a file, a line a pronunciation, the likeliest of a word first.

``word PH PH ...`` as CMUdict has it, its second reading as ``word(2)`` or as another line of ``word``; with a tab
behind it the key may be a phrase. A key may be in any script, and phonemes in ARPAbet or IPA. Empty lines, lines that
start with ``#`` or ``;;;``, and what follows `` #`` are skipped.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from kwskit.atomic_write import atomic_write
from kwskit.text.normal_form import normal_form
from kwskit.text.pronunciation import PhonemeError, Pronunciation, read_pronunciation
from kwskit.text_file import TextFileError, read_text

HEADER = "#kwskit lexicon v1"
_NUMBERED = re.compile(r"(?P<word>.+)\((?P<number>[0-9]+)\)")


class LexiconError(ValueError):
    """A lexicon file that cannot be used; the message names the file and the line."""


def read_lexicon(path: str | Path) -> dict[str, list[Pronunciation]]:
    """Pronunciations by :func:`kwskit.text.normal_form.normal_form`, in the file's order.

    Raises
    ------
    LexiconError
        When the file cannot be read or has no pronunciation, a line has no word or no phonemes, or a phoneme that
        nobody knows (:func:`kwskit.text.pronunciation.read_pronunciation`), or when two lines give one numbered reading
        otherwise, as in ``read(2)``.
    """
    path = Path(path)
    try:
        lines = read_text(path).splitlines()
    except TextFileError as error:
        raise LexiconError(str(error)) from error
    except OSError as error:
        raise LexiconError(f"{path}: cannot be read: {error}") from error
    lexicon: dict[str, list[Pronunciation]] = {}
    numbered: dict[tuple[str, str], tuple[int, Pronunciation]] = {}  # reading of a word: its line
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith(("#", ";;;")):
            continue
        entry, said = _parted(line)
        where = f"{path}: line {number}"
        if not entry or not said:
            raise LexiconError(f"{where}: expected 'word PH PH ...' or 'word<TAB>PH PH ...', found {line[:80]!r}")
        try:
            phonemes = read_pronunciation(said)
        except PhonemeError as error:
            raise LexiconError(f"{where}: '{entry}': {error}") from None
        reading = _NUMBERED.fullmatch(entry)
        word = normal_form(reading["word"] if reading else entry)
        if reading:
            before, other = numbered.setdefault((word, reading["number"]), (number, phonemes))
            if other != phonemes:
                shown = f"'{' '.join(other)}' in line {before} and '{' '.join(phonemes)}' here"
                raise LexiconError(f"{where}: {entry} is {shown}: give one of them another number")
        found = lexicon.setdefault(word, [])
        if phonemes not in found:
            found.append(phonemes)
    if not lexicon:
        raise LexiconError(f"{path}: has no pronunciation: a line is 'word PH PH ...'")
    return lexicon


def _parted(line: str) -> tuple[str, str]:
    """Entry and phonemes of a line, either empty where there is none."""
    line = re.split(r"\s#(?:\s|$)", line, maxsplit=1)[0]
    entry, tab, said = line.partition("\t")
    if not tab:
        entry, _, said = line.strip().partition(" ")
    return entry.strip(), said.strip()


def write_lexicon(
    path: str | Path,
    words: Iterable[str],
    pronunciations: Callable[[str], list[Pronunciation]],
    facts: Mapping[str, object] | None = None,
) -> None:
    """Write the pronunciations of ``words``, whole or not at all.

    Parameters
    ----------
    pronunciations : such as ``G2P().pronunciations``
    facts : ``key=value`` words for the header line

    Raises
    ------
    UnpronounceableText
        When a word has no pronunciation.
    """
    path = Path(path)
    fields = "".join(f" {key}={value}" for key, value in (facts or {}).items())
    lines = [f"{HEADER}{fields}"]
    for word in words:
        lines += [f"{' '.join(word.split())}\t{' '.join(phonemes)}" for phonemes in pronunciations(word)]
    with atomic_write(path) as partial:
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
