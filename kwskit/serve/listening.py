"""One stream that a visitor's page looks at."""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kwskit.serve.enrolments import Enrolments
from kwskit.serve.spectrogram import Spectrogram
from kwskit.spotting.kept.hit_keeper import HitKeeper, listened_for
from kwskit.spotting.kept.kept_folder import KeptFolder
from kwskit.spotting.spotting_stream import SpottingStream


class Listening:
    """Turns blocks of sound into messages for the page.

    A message has the seconds heard so far; of the windows that are new, ``start``, ``stop`` and ``known`` (n,) float64
    and ``scores`` (n, Q) float32 (-inf where a window does not fit a keyword), in the order of ``known``; and the new
    columns of the ``spectrogram`` (n, 64) uint8. Arrays are little-endian, in base64: JavaScript gets every bit of
    them, so that its hits are those of the spotter.

    Parameters
    ----------
    stream : where keywords are scored
    keeper : what keeps its hits, if anything
    """

    def __init__(self, stream: SpottingStream, keeper: HitKeeper | None = None):
        self._stream, self._spectrogram = stream, Spectrogram()
        self._keeper = keeper

    def push(self, pcm: NDArray[np.int16]) -> dict[str, Any]:
        """The message on ``pcm`` (samples,), int16 at 16 kHz."""
        hits = self._stream.push(pcm)
        if self._keeper is not None:
            self._keeper.push(pcm, hits, self._stream)
        return self._message(pcm)

    def finish(self) -> dict[str, Any]:
        """The message on what waited for the stream to go on."""
        hits, keeper, self._keeper = self._stream.finish(), self._keeper, None
        if keeper is not None:
            keeper.finish(hits, self._stream)
        return self._message(np.zeros(0, np.int16))

    def end(self) -> None:
        """Keep what is to be kept where nobody waits for the last message."""
        if self._keeper is not None:
            self.finish()

    def _message(self, pcm: NDArray[np.int16]) -> dict[str, Any]:
        heard = self._stream.heard
        return {
            "seconds": self._stream.seconds,
            **{name: _base64(getattr(heard, name), "<f8") for name in ("start", "stop", "known")},
            "scores": _base64(heard.score, "<f4"),
            "spectrogram": _base64(self._spectrogram.push(pcm), "u1"),
        }


def listening(
    enrolments: Enrolments, texts: Sequence[str], thresholds: Sequence[str], keep: KeptFolder | None, source: str
) -> Listening:
    """One of the keywords ``texts``, whose hits at ``thresholds`` are kept, where there is a folder for it."""
    if keep is None:
        return Listening(enrolments.stream(texts))
    keywords = enrolments.at_thresholds(texts, thresholds)
    spotter = enrolments.spotter
    return Listening(spotter.listen_for(keywords), HitKeeper(keep, listened_for(spotter, keywords), source))


def _base64(array: ArrayLike, kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(array, kind).tobytes()).decode()
