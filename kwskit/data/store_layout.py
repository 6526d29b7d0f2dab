"""Names and version of the files of a packed store."""

from kwskit.data.audio import SAMPLE_RATE

__all__ = ["INDEX", "PCM", "REJECTED", "SAMPLE_RATE", "VERSION", "StoreError"]

VERSION = "1"
INDEX = "index.arrow"
PCM = "pcm.arrow"
REJECTED = "rejected.tsv"


class StoreError(ValueError):
    """A store that is missing, incomplete, of another version, or not to be replaced."""
