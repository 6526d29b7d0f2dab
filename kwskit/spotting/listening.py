"""Which listener a model has."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.frame_listener import FrameListener
from kwskit.spotting.listener import Listener
from kwskit.spotting.window_listener import WindowListener


def knows_streams(model: SpeechModel) -> bool:
    """Whether ``model`` can stream and has heard words after other words in training, so that it does well there."""
    return model.stream is not None and model.stream.after_words


def listener(
    model: SpeechModel, seconds: Sequence[float], overlap: float, streaming: bool
) -> Listener[NDArray[np.float32]]:
    """What turns a stream into windows of the lengths ``seconds`` that overlap by a share of them, embedded.

    Parameters
    ----------
    streaming : whether windows are made of the frames of the stream, each computed once, or each by itself
    """
    if streaming:
        return FrameListener(model, seconds, overlap)
    return WindowListener(model.embed_windows, seconds, overlap)
