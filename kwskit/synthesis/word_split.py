"""Which words of a corpus are for development, whatever else it holds (ours)."""

import hashlib
from collections.abc import Iterable

SHARE = 20  # one word in so many


def is_dev(word: str) -> bool:
    """Whether ``word`` is one of the twentieth for development: by the 8 bytes of its BLAKE2b, little-endian."""
    digest = hashlib.blake2b(word.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") % SHARE == 0


def split_of(words: Iterable[str]) -> str:
    """``dev`` when one of ``words`` is for development, else ``train``."""
    return "dev" if any(map(is_dev, words)) else "train"
