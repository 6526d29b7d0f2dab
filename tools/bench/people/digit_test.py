"""Which of ten typed digits is said?"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwskit.text.g2p import G2P
from people.clip import Clip
from people.digits import DIGITS
from people.figure import ResampledFigure
from people.resampling import Resampling
from people.sound_groups import sound_groups
from people.typed_trials import TypedTrials

CONFUSIONS = 10  # pairs that are told


class DigitTest:
    """Recordings of digits, each scored with all ten.

    Intervals are of resampled speakers, who are few, and beside them of resampled recordings.

    Parameters
    ----------
    clips : N of them; seconds : (N,) how long each is
    resamples, seed : of the intervals
    """

    def __init__(self, clips: Sequence[Clip], seconds: Sequence[float], resamples: int, seed: int):
        self.clips, self.texts = list(clips), list(DIGITS)
        self.said = np.array([DIGITS.index(clip.text) for clip in clips])
        self.speakers = np.array([clip.speaker for clip in clips])
        self._draws = {
            "speakers": Resampling([clip.speaker for clip in clips], resamples, seed),
            "recordings": Resampling([clip.name for clip in clips], resamples, seed),
        }
        self._groups = sound_groups([clip.text for clip in clips], seconds, G2P())
        every, typed = (places.ravel() for places in np.indices((len(clips), len(DIGITS))))
        self.lists = {"digits": TypedTrials(every, typed, (typed == self.said[every]).astype(np.int8))}

    def measure(self, scores: NDArray[np.float32]) -> dict[str, Any]:
        """Figures of ``scores`` (N, 10)."""
        best = scores.argmax(1)
        right = best == self.said
        wrong = Counter(zip(self.said[~right].tolist(), best[~right].tolist(), strict=True))
        return {
            "clips": len(self.clips),
            "top1": {by: draws.mean(right) for by, draws in self._draws.items()},
            "by_speaker": {name: self._share(right, self.speakers == name) for name in sorted(set(self.speakers))},
            "by_digit": {
                name: self._share(right, self.said == k) for k, name in enumerate(DIGITS) if (self.said == k).any()
            },
            "confusions": [
                {"said": DIGITS[said], "taken_for": DIGITS[taken], "times": times, "of": int((self.said == said).sum())}
                for (said, taken), times in wrong.most_common(CONFUSIONS)
            ],
            "errors": {
                kind: {
                    name: {"clips": int(inside.sum()), "top1": self._share(right, inside)}
                    for name, inside in groups.items()
                }
                for kind, groups in self._groups.items()
            },
        }

    def _share(self, right: NDArray[np.bool_], inside: NDArray[np.bool_]) -> ResampledFigure:
        return self._draws["recordings"].mean(right[inside], np.flatnonzero(inside))
