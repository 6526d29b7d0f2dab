"""Which listener a model has."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.windows.frame_listener import FrameListener
from kwskit.spotting.windows.listener import Listener
from kwskit.spotting.windows.window_listener import WindowListener

# Seconds between windows: so close that a word scores alike wherever it falls among them (a quarter of a window apart,
# one phrase scored 4.6 to 6.5).
HOP = 0.04
BY_ITSELF = 1.5  # times as far apart where a window costs a run of the whole encoder, which varies less


def knows_streams(model: SpeechModel) -> bool:
    """Whether ``model`` can stream and has heard words after other words in training, so that it does well there."""
    return model.stream is not None and model.stream.after_words


def listener(
    model: SpeechModel,
    seconds: Sequence[float],
    streaming: bool,
    overlap: float = 0.0,
    hop: float = HOP,
    hear: Callable[[NDArray[np.float32]], None] | None = None,
) -> Listener[NDArray[np.float32]]:
    """What turns a stream into windows of the lengths ``seconds``, embedded.

    Parameters
    ----------
    overlap : windows of a length overlap by this share of it at least
    hop : those of a stream's frames start at most so many seconds apart, others 1.5 times as many
    streaming : whether windows are made of the frames of the stream, each computed once, or each by itself
    hear : is handed these frames as they come
    """
    if streaming:
        return FrameListener(model, seconds, overlap, hop, hear)
    return WindowListener(model.embed_windows, seconds, overlap, BY_ITSELF * hop)
