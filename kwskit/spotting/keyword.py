"""What a spotter listens for."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Keyword:
    """A word or phrase that has been enrolled.

    Attributes
    ----------
    name : what hits are told under
    text : as typed; empty where only examples were given
    pronunciations : phonemes, such as ``HH EY1 | N OW1 V AH0``, the likeliest first; empty without text
    embeddings : (P, dim) unit rows; a window is as similar as the most similar row
    seconds : how long it takes to be said, presumably
    windows : lengths of the windows that fit it, in seconds, ascending
    threshold : least score of a hit
    fa_per_hour : false alarms an hour that the threshold was asked for, or None where it was given
    threshold_source : where the threshold comes from: ``given``, ``counted``, ``extrapolated`` or ``gaussian``
    examples : recordings of it that it was enrolled with
    phonemes : token ids of each pronunciation without word boundaries, for models that hear phonemes; else empty
    """

    name: str
    text: str
    pronunciations: tuple[str, ...]
    embeddings: NDArray[np.float32]
    seconds: float
    windows: tuple[float, ...]
    threshold: float = float("nan")
    fa_per_hour: float | None = None
    threshold_source: str = "given"
    examples: int = 0
    phonemes: tuple[tuple[int, ...], ...] = ()

    def threshold_text(self, minutes: float) -> str:
        """The threshold for a person, with what it was set for and by what that is estimated.

        Parameters
        ----------
        minutes : length of the background that the spotter has; 0 without
        """
        if self.fa_per_hour is None:
            return f"{self.threshold:.2f}, as given"
        source = "not calibrated: there is no background"
        if self.threshold_source != "gaussian":
            way = "counted in" if self.threshold_source == "counted" else "extrapolated from"
            source = f"{way} {minutes:.1f} minutes of background"
        return f"{self.threshold:.2f}, for {self.fa_per_hour:g} false alarms an hour ({source})"
