"""Who and what of people's speech no packaged model is trained on, once and for all (ours).

A tenth of the speakers of each corpus, by hash, is for tests, whatever else is there and in whatever order: half of
it, ``dev``, to choose models by, the other half, ``test``, to report. And the words that models are tested with as new
words are in no segment that trains.
"""

import hashlib
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kwskit.corpora.open_vocabulary import PARTS

SHARE = 20  # one speaker in so many is for dev, another one for test
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEST_WORDS = (*DIGITS, "athena", "amelia", "computer", "android", "hey", "alexa")


def part_of(corpus: str, who: str) -> str:
    """``train``, ``dev`` or ``test``: by the 8 bytes of the BLAKE2b of ``corpus:who``, little-endian, modulo 20.

    0 is dev, 1 is test.

    Parameters
    ----------
    corpus : name of the corpus: ``librispeech``, ``common_voice``, ``speechocean762``
    who : speaker, or, where nobody is named, the file's name without folder and ending
    """
    return {0: "dev", 1: "test"}.get(_hash(f"{corpus}:{who}") % SHARE, "train")


def part_without_text(name: str) -> str:
    """What a recording without text is for, speech or music: ``background``, ``dev`` or ``test``; none is trained on.

    Of eight by the hash of :func:`part_of`, two are for the backgrounds that thresholds of packaged models are set by,
    one is for dev, and five are for test.

    Parameters
    ----------
    name : of the file, without folder and ending
    """
    return {0: "background", 1: "background", 2: "dev"}.get(_hash(f"without text:{name}") % 8, "test")


def held_back_parts(corpus: str, speakers: Iterable[str]) -> NDArray[np.int8]:
    """(rows,) the part of each row by its speaker, a place in ``PARTS``."""
    names = list(speakers)
    of_speaker = {name: PARTS.index(part_of(corpus, name)) for name in set(names)}
    return np.array([of_speaker[name] for name in names], np.int8)


def has_test_word(text: str) -> bool:
    """Whether one of the words of ``text`` (small letters, between spaces) is in ``TEST_WORDS``, or a possessive."""
    return any(word.removesuffix("'s") in TEST_WORDS for word in text.split())


def without_test_words(table: pa.Table) -> pa.Table:
    """The segments of a manifest whose text has none of ``TEST_WORDS``."""
    texts = table["word"].unique()
    held = pa.array([text for text in texts.to_pylist() if has_test_word(text)], texts.type)
    return table.filter(pc.invert(pc.is_in(table["word"], held)))


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
