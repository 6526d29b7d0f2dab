"""An exported model in 8 bits."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from kwskit.export.agreement import LEAST, Comparison
from kwskit.export.int8 import quantise_by_range, quantise_weights
from kwskit.export.steps import print_step
from kwskit.speech_model.frame_stream import FrameStream
from kwskit.speech_model.onnx_model import AUDIO, FEATURES, FRAMES, PHONEMES, POOL, TEXT, OnnxModel
from kwskit.speech_model.speech_model import SpeechModel

# How many products, from the first on, keep floats: as few as the worst cosine allows.
FLOATS = (0, 2, 4, 8, 16)
NETWORK = 20  # layers of the speech embedding, for which 8 bits are too few


def quantise_model(
    floats: Path,
    small: Path,
    describe: Callable[[Path], None],
    comparison: Comparison,
    clips: Sequence[NDArray[np.int16]],
) -> None:
    """Make an 8-bit model of a float one: as much of it as agrees with the trained model.

    Parameters
    ----------
    floats, small : directories
    describe : writes the manifest of a directory whose graphs are there
    comparison : with the trained model
    clips : that tell the ranges
    """
    exact = OnnxModel(floats)
    quantise_weights(floats / TEXT, small / TEXT)
    if exact.stream is not None:
        shutil.copyfile(floats / FEATURES, small / FEATURES)
    if exact.blank is not None:
        shutil.copyfile(floats / PHONEMES, small / PHONEMES)
    if exact.manifest.composed:  # of models on the speech embedding
        quantise_weights(floats / FRAMES, small / FRAMES, fine=NETWORK)
        quantise_weights(floats / POOL, small / POOL)
        describe(small)
        return
    frame_feeds, pool_feeds = _stream_feeds(exact, clips)
    if exact.stream is not None:
        quantise_by_range(floats / POOL, small / POOL, pool_feeds)
    speech = [{"wav": clip[None] / np.float32(32768), "lens": np.array([len(clip)])} for clip in clips]
    for kept in FLOATS:
        print_step("making 8-bit products" + (f", but for the first {kept}" if kept else ""))
        quantise_by_range(floats / AUDIO, small / AUDIO, speech, kept)
        if exact.stream is not None:
            quantise_by_range(floats / FRAMES, small / FRAMES, frame_feeds, kept)
        describe(small)
        agreed = comparison.speech(OnnxModel(small))
        if agreed.worst >= LEAST["int8"]:
            return
        print_step(f"speech: {agreed}: that is too far")


class _Overheard:
    """A model that keeps the features that it has been given."""

    def __init__(self, model: OnnxModel):
        self._model = model
        self.given: list[NDArray[np.float32]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def frames(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        self.given.append(features)
        return self._model.frames(features)


def _stream_feeds(model: OnnxModel, clips: Sequence[NDArray[np.int16]]) -> tuple[list[dict], list[dict]]:
    """What the graphs of frames and of pooling are given when ``clips`` are heard as streams."""
    if model.stream is None:
        return [], []
    frames, pooled = [], []
    for clip in clips:
        heard = _Overheard(model)
        stream = FrameStream(cast(SpeechModel, heard))
        made = np.concatenate([stream.push(clip), stream.finish()])
        pooled.append({"frames": made[None, :: model.stream.span]})
        frames += [{"features": given[None]} for given in heard.given]
    return frames, pooled
