"""Pronunciations in a file: ``word<TAB>PH PH ...``, a line a pronunciation, the likeliest of a word first.

Lines that start with ``#`` and empty lines are skipped. A key may be a phrase, or a word in any script.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from kwskit.atomic_write import atomic_write
from kwskit.text.neural_g2p import CONSONANTS, PHONEMES, VOWELS
from kwskit.text.normal_form import normal_form
from kwskit.text_file import TextFileError, read_text

WORD_BOUNDARY = "|"
HEADER = "#kwskit lexicon v1"
STRESSLESS = tuple(sorted([*CONSONANTS, *VOWELS]))


class LexiconError(ValueError):
    """A lexicon file that cannot be used; the message names the file and the line."""


def read_lexicon(path: str | Path) -> dict[str, list[tuple[str, ...]]]:
    """Pronunciations by :func:`kwskit.text.normal_form.normal_form`, in the file's order.

    Raises
    ------
    LexiconError
        When the file cannot be read, or a line has no tab, no phoneme, or a phoneme that is not ARPAbet
        (with or without a stress digit) or the word boundary ``|``.
    """
    path = Path(path)
    try:
        lines = read_text(path).splitlines()
    except TextFileError as error:
        raise LexiconError(str(error)) from error
    except OSError as error:
        raise LexiconError(f"{path}: cannot be read: {error}") from error
    lexicon: dict[str, list[tuple[str, ...]]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        word, tab, said = line.partition("\t")
        phonemes = tuple(said.upper().split())
        if not tab or not word.strip() or not phonemes:
            raise LexiconError(f"{path}: line {number}: expected 'word<TAB>PH PH ...', found {line[:80]!r}")
        for phoneme in phonemes:
            if phoneme not in PHONEMES and phoneme not in STRESSLESS and phoneme != WORD_BOUNDARY:
                raise LexiconError(f"{path}: line {number}: '{phoneme}' is not an ARPAbet phoneme, such as AH0 or CH")
        found = lexicon.setdefault(normal_form(word), [])
        if phonemes not in found:
            found.append(phonemes)
    return lexicon


def write_lexicon(
    path: str | Path,
    words: Iterable[str],
    pronunciations: Callable[[str], list[tuple[str, ...]]],
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
