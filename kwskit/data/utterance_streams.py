"""Utterances one after the other in streams, as they are where a spotter listens."""

from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.data.speech_source import SpeechSource


class UtteranceStreams(Protocol):
    """Streams of utterances: of their samples, or features of these, made before training."""

    @property
    def views(self) -> int | None:
        """Times that each utterance is there; None where samples come, to be heard anew in every epoch."""
        ...

    def speech(self, view: int, number: int, rows: NDArray[np.int64]) -> tuple[dict[str, Any], NDArray[np.int64]]:
        """The fields of a :class:`~kwskit.batch.Batch` that are speech, and where each utterance is there, (S, 3).

        Parameters
        ----------
        view, number : which batch this is; ``rows`` are its utterances
        """
        ...


class SampleStreams:
    """Streams of samples, to be augmented and heard (ours).

    Parameters
    ----------
    source : of the utterances
    seconds : of a stream, about
    """

    views = None

    def __init__(self, source: SpeechSource, seconds: float):
        self._source, self._size = source, round(seconds * SAMPLE_RATE)

    def speech(self, view: int, number: int, rows: NDArray[np.int64]) -> tuple[dict[str, Any], NDArray[np.int64]]:
        """As :class:`UtteranceStreams` has it: ``wav`` and ``wav_lens``."""
        found = self._source.speech(rows)
        places, ends = places_in_streams(found["wav_lens"].numpy(), self._size)
        streams = found["wav"].new_zeros(len(ends), int(ends.max()))
        for own, (row, begin, end) in zip(found["wav"], places.tolist(), strict=True):
            streams[row, begin:end] = own[: end - begin]
        return {"wav": streams, "wav_lens": torch.from_numpy(ends)}, places


def places_in_streams(sizes: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row, begin and end (S, 3) of utterances of so many samples (S,) in streams of about ``size``; these end (R,)."""
    ends = np.zeros(max(1, round(int(sizes.sum()) / size)), np.int64)
    places = np.empty((len(sizes), 3), np.int64)
    for k in np.argsort(-sizes, kind="stable").tolist():  # the longest first, each where there is most room
        row = int(ends.argmin())
        places[k] = row, ends[row], ends[row] + sizes[k]
        ends[row] += sizes[k]
    return places, ends
