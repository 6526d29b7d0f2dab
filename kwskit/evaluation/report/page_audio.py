"""Recordings of a packed store as ``data:`` addresses, so that a page plays them without any other file."""

import base64
import io
from pathlib import Path

import numpy as np
import soundfile

from kwskit.constants import SAMPLE_RATE
from kwskit.data.store.packed_store import PackedStore


class PageAudio:
    """Hands out recordings until the page would grow too heavy.

    Parameters
    ----------
    store : a packed store's path; it need not exist, and None has no recordings of its own
    budget : bytes of encoded audio the page may hold
    """

    def __init__(self, store: Path | None, budget: int = 1_800_000):
        self.store = PackedStore.open(store) if store is not None and store.exists() else None
        self.left = budget

    def address(self, utt_id: str) -> str | None:
        """The recording as ``data:audio/flac;base64,…``; None when it is not in the store or over the budget."""
        if self.store is None:
            return None
        try:
            row = self.store.index_of(utt_id)
        except KeyError:
            return None
        return self.encoded(self.store.read(row))

    def encoded(self, pcm: np.ndarray) -> str | None:
        """``pcm`` (samples,) int16 at 16 kHz as ``data:audio/flac;base64,…``; None over the budget."""
        sink = io.BytesIO()
        soundfile.write(sink, pcm, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
        encoded = base64.b64encode(sink.getvalue()).decode("ascii")
        if len(encoded) > self.left:
            return None
        self.left -= len(encoded)
        return f"data:audio/flac;base64,{encoded}"
