"""How sound that arrives bit by bit becomes features, and these become frames."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from kwskit.constants import SAMPLE_RATE

MOST = 160_000
FLOOR_SECONDS = 2.0  # of a stream, of which the loudest feature sets the floor


class FeatureSteps(NamedTuple):
    """What a front end that can stream says of its features; :class:`StreamShape` explains."""

    window: int
    hop: int
    floor: float | None = None


class FrameSteps(NamedTuple):
    """What an encoder that can stream says of its frames; :class:`StreamShape` explains."""

    stride: int
    past: int
    per_step: int
    size: int
    ahead: int = 0
    silence: float | None = None
    after_words: bool = True
    span: int = 1


@dataclass(frozen=True)
class StreamShape:
    """How a front end and an encoder make frames of a stream, each once.

    Feature ``t`` covers the samples from ``t * hop`` to ``t * hop + window``. Step ``i`` makes ``per_step`` frames of
    the features from ``stride * i - past`` to before ``stride * (i + 1) + ahead``; what lies before the stream and
    after it counts as silence. The frames stand for the sound of the ``stride`` features that the step adds.

    Attributes
    ----------
    window, hop : samples of a feature, and between features
    floor : where not None, no feature is lower than this below the loudest of the last 2 s
    stride : features of a step
    past : features before a step's own that it looks at
    per_step : frames that a step makes
    size : of a frame
    ahead : features after a step's own that it waits for
    silence : value of a feature of silence; None where it is ``floor`` below the loudest
    after_words : whether words in training came after other words, as in a stream; a model that has heard them after
        silence alone finds them better in windows, each by itself
    span : steps that a frame stands for, where steps are finer than that: the frame that is used is the mean of so many
        steps' around it, and a window takes every ``span``-th

    Raises
    ------
    ValueError
        When a number is out of its range.
    """

    window: int
    hop: int
    floor: float | None
    stride: int
    past: int
    per_step: int
    size: int
    ahead: int = 0
    silence: float | None = None
    after_words: bool = True
    span: int = 1

    def __post_init__(self) -> None:
        least = {"hop": 1, "window": self.hop, "stride": 1, "past": 0, "per_step": 1, "size": 1, "ahead": 0, "span": 1}
        for name, number in (("floor", self.floor), ("silence", self.silence)):
            if number is not None and not math.isfinite(number):
                raise ValueError(f"{name} of a stream is a finite number, not {number}")
        for name, value in least.items():
            found = getattr(self, name)
            if not isinstance(found, int) or isinstance(found, bool) or not value <= found <= MOST:
                raise ValueError(f"{name} of a stream lies in {value} to {MOST}, not {found}")
        if self.span > 1 and self.per_step > 1:
            raise ValueError(f"span of a stream is 1 where a step makes {self.per_step} frames, not {self.span}")

    @classmethod
    def of(cls, features: FeatureSteps | None, frames: FrameSteps | None) -> "StreamShape | None":
        """Of a front end and an encoder; None where one of them cannot stream, or both not together."""
        if features is None or frames is None or (frames.silence is None and features.floor is None):
            return None
        return cls(**features._asdict(), **frames._asdict())

    @property
    def frame_samples(self) -> float:
        """Samples between frames."""
        return self.stride * self.hop / self.per_step

    @property
    def frame_seconds(self) -> float:
        """Seconds between frames."""
        return self.frame_samples / SAMPLE_RATE
