"""Where the speech of training batches comes from."""

from typing import Any, Protocol

import numpy as np


class SpeechSource(Protocol):
    """Speech by row: a packed store, one resident on a device, its features there, or features of a stream."""

    def speech(self, rows: np.ndarray, max_samples: int | None = None) -> dict[str, Any]:
        """The fields of a :class:`~kwskit.batch.Batch` that are speech.

        Parameters
        ----------
        rows : (N,) int64
        max_samples : longer segments lose their end

        Raises
        ------
        IndexError
            When a row does not exist.
        ValueError
            When segments are to be cut whose features are made already.
        """
        ...
