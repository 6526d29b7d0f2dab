"""Which people are looked at while models are chosen (dev), and which only once they are (test): halves by speaker.

Fixed once, so that no figure of the test half has had a say:

- digits: dev are jackson, nicolas and theo; test is everybody else.
- LibriSpeech: the numbers of the folder's speakers in rising order; those at even places, from 0, are dev. Readers that
  models are trained on since (``TRAINED_ON``) keep their places, and are in neither half.
- wake words: a recording's half is the first hexadecimal digit of BLAKE2b of its contributor, even for dev. A name of
  three identifiers before the word (``<account>_<x>_<y>_android_...``) has the third, the only one that differs; names
  such as ``athena-en-<uuid>.wav`` do not tell who speaks, and the whole name decides: one person may be in both halves.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

HALVES = ("dev", "test")
DIGITS_DEV = frozenset(("jackson", "nicolas", "theo"))
# The readers of mini LibriSpeech's train-clean-5 (OpenSLR 31).
# fmt: off
TRAINED_ON = frozenset((
    "19", "32", "118", "163", "226", "332", "460", "669", "1088", "1737", "1867", "1898", "1970", "2136", "2416",
    "3242", "3526", "3664", "3947", "4640", "4680", "5789", "6272", "6848", "7312", "7367", "7859", "8629",
))
# fmt: on
IDENTIFIERS = 3  # before the word, in a name that has them


def digit_half(speaker: str) -> str:
    """The half of a speaker of the digits."""
    return "dev" if speaker in DIGITS_DEV else "test"


def reader_halves(speakers: Iterable[str]) -> dict[str, str]:
    """The half of each of all readers of LibriSpeech that are there, whose names are numbers; of trained ones none."""
    places = {speaker: HALVES[place % 2] for place, speaker in enumerate(sorted(set(speakers), key=int))}
    return {speaker: half for speaker, half in places.items() if speaker not in TRAINED_ON}


def contributor(path: Path) -> str:
    """Whoever gave a recording of a wake word, as far as its name tells; else its name."""
    parts = path.stem.split("_")
    return parts[IDENTIFIERS - 1] if len(parts) > IDENTIFIERS else path.name


def wake_word_half(path: Path) -> str:
    """The half of a recording of a wake word."""
    return HALVES[int(hashlib.blake2b(contributor(path).encode()).hexdigest()[0], 16) % 2]
