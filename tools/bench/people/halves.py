"""Which people are looked at while models are chosen (dev), and which only once they are (test): halves by speaker.

Fixed once, so that no figure of the test half has had a say:

- digits: dev are jackson, nicolas and theo; test is everybody else.
- LibriSpeech: the numbers of the folder's speakers in rising order; those at even places, from 0, are dev.
- wake words: a recording's half is the first hexadecimal digit of BLAKE2b of its contributor, even for dev. A name of
  three identifiers before the word (``<account>_<x>_<y>_android_...``) has the third, the only one that differs; names
  such as ``athena-en-<uuid>.wav`` do not tell who speaks, and the whole name decides: one person may be in both halves.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

HALVES = ("dev", "test")
DIGITS_DEV = frozenset(("jackson", "nicolas", "theo"))
IDENTIFIERS = 3  # before the word, in a name that has them


def digit_half(speaker: str) -> str:
    """The half of a speaker of the digits."""
    return "dev" if speaker in DIGITS_DEV else "test"


def numbered_halves(speakers: Iterable[str]) -> dict[str, str]:
    """The half of each of all ``speakers`` of a corpus, whose names are numbers."""
    return {speaker: HALVES[place % 2] for place, speaker in enumerate(sorted(set(speakers), key=int))}


def contributor(path: Path) -> str:
    """Whoever gave a recording of a wake word, as far as its name tells; else its name."""
    parts = path.stem.split("_")
    return parts[IDENTIFIERS - 1] if len(parts) > IDENTIFIERS else path.name


def wake_word_half(path: Path) -> str:
    """The half of a recording of a wake word."""
    return HALVES[int(hashlib.blake2b(contributor(path).encode()).hexdigest()[0], 16) % 2]
