"""Whether recordings are of use as a background."""

import numpy as np
from numpy.typing import NDArray

from kwskit.constants import SAMPLE_RATE

FRAME = SAMPLE_RATE // 40  # samples of 25 ms
SILENCE = -70.0  # dB below full scale: a second whose loudest frame is quieter is silent
# dB between the quiet and the loud frames (5th and 95th percentile) of a second. Speech has 20 to 40, noise and hum
# less than 3.
VARIED = 6.0
LEAST = 10.0  # s of sound that varies
USUAL = 300.0  # s below which thresholds are a guess at much rarer scores than were seen


class BackgroundSound:
    """Counts the seconds of a background that are silent, steady (hum, noise) or varied as speech is (ours).

    Thresholds are set by the highest scores of a background. Silence and hum are alike in all their windows and far
    from speech, so that any speech at all would exceed a threshold set by them.

    Attributes
    ----------
    silent, steady, varied : whole seconds
    """

    def __init__(self) -> None:
        self.silent = self.steady = self.varied = 0
        self._rest = np.zeros(0, np.int16)

    def add(self, pcm: NDArray[np.int16]) -> None:
        """Count the seconds of the next samples (samples,) at 16 kHz."""
        sound = np.concatenate([self._rest, pcm])
        seconds = len(sound) // SAMPLE_RATE
        self._rest = sound[seconds * SAMPLE_RATE :]
        frames = sound[: seconds * SAMPLE_RATE].reshape(seconds, SAMPLE_RATE // FRAME, FRAME).astype(np.float32) / 32768
        level = 10 * np.log10((frames**2).mean(2) + 1e-12)  # (seconds, frames) dB
        loud = level.max(1, initial=-120) >= SILENCE
        low, high = np.percentile(np.maximum(level, SILENCE), [5, 95], axis=1) if seconds else (0.0, 0.0)
        varied = loud & (high - low >= VARIED)
        self.varied += int(varied.sum())
        self.steady += int((loud & ~varied).sum())
        self.silent += int((~loud).sum())

    def objection(self) -> str:
        """Why this is no background; empty when it is one."""
        seconds = self.silent + self.steady + self.varied
        if self.varied >= LEAST:
            return ""
        if seconds < LEAST:
            return f"{seconds} s of sound are no background: {LEAST:g} s of speech are the least, hours are best"
        if seconds == self.silent:
            return f"there is nothing but silence in {seconds} s of background: is the microphone muted?"
        what = f"{self.steady} s of steady noise or hum, {self.silent} s of silence and {self.varied} s of varied sound"
        return f"a background needs {LEAST:g} s of speech or other varied sound at least; there are {what}"

    def doubt(self) -> str:
        """Why thresholds may be off; empty when they should not be."""
        if self.varied >= USUAL:
            return ""
        minutes = self.varied / 60
        return (
            f"{minutes:.1f} minutes of speech or other varied sound are little: thresholds are extrapolated far beyond "
            "what was seen; record an hour or more"
        )
