"""Names and version of the files of a packed store."""

from kwskit.constants import SAMPLE_RATE

__all__ = ["INDEX", "PCM", "REJECTED", "SAMPLE_RATE", "SHARD_BYTES", "VERSION", "StoreError", "shard_name"]

VERSION = "2"
INDEX = "index.arrow"
PCM = "pcm"
REJECTED = "rejected.tsv"
# The index's fact with the size of every shard in bytes: what a copy or a disk lost is noticed by it.
SHARD_BYTES = "shard_bytes"


def shard_name(number: int) -> str:
    """File name of shard ``number`` in the folder ``PCM``."""
    return f"{number:05d}.arrow"


class StoreError(ValueError):
    """A store that is missing, incomplete, of another version, or not to be replaced."""
