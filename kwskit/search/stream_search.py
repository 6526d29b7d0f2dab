"""One stream of sound searched as it arrives."""

from collections.abc import Iterable
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from kwskit.search.queries import Queries
from kwskit.spotting.listener import EncodedWindows, Listener
from kwskit.spotting.peak_picker import PeakPicker, Peaks

T = TypeVar("T")


class StreamSearch(Generic[T]):
    """Where queries are in one stream of sound, told as it arrives.

    Memory is bounded by a block and by what a peak waits for: half the longest window and the refractory time.

    Parameters
    ----------
    listener : turns the stream into windows
    queries : what is searched for
    refractory : peaks of a query are at least so many seconds apart
    """

    def __init__(self, listener: Listener[T], queries: Queries[T], refractory: float):
        self.listener, self.queries = listener, queries
        self._picker = PeakPicker(len(queries), refractory)

    def push(self, block: ArrayLike) -> Peaks:
        """The peaks that are certain after ``block`` (samples,), int16 at 16 kHz."""
        found = list(self.listener.push(np.asarray(block, np.int16)))
        return self._peaks(found, self.listener.seen)

    def finish(self) -> Peaks:
        """The peaks that waited for the stream to go on."""
        return self._peaks(self.listener.finish(), np.inf)

    def _peaks(self, found: Iterable[EncodedWindows[T]], seen: float) -> Peaks:
        starts, stops, scores = [np.zeros(0)], [np.zeros(0)], [np.zeros((0, len(self.queries)), np.float32)]
        for heard in found:
            starts.append(heard.start)
            stops.append(heard.stop)
            scores.append(self.queries.scores(heard))
        return self._picker.push(np.concatenate(starts), np.concatenate(stops), np.concatenate(scores), seen)
