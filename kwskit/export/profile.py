"""What a model costs: parameters, computation, size, time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from kwskit.constants import SAMPLE_RATE
from kwskit.export.multiply_accumulates import multiply_accumulates
from kwskit.speech_model.frame_stream import FrameStream
from kwskit.speech_model.onnx_model import AUDIO, FEATURES, FRAMES, OnnxModel
from kwskit.speech_model.torch_model import TorchModel
from kwskit.systems.dual_encoder import DualEncoder
from kwskit.systems.parameter_counts import parameter_counts
from kwskit.systems.stream_parts import StreamFrontend

STREAM_SECONDS = 4
REPEATS = 5


@dataclass(frozen=True)
class Profile:
    """What a model costs.

    Attributes
    ----------
    audio, text : parameters of either side, front end and pooler included
    window_macs : multiply-accumulates of a window of one second
    stream_macs : of a second of a stream, every frame once, not pooled; None where the model needs whole windows
    """

    audio: int
    text: int
    window_macs: int
    stream_macs: int | None

    @classmethod
    def of(cls, system: DualEncoder, directory: Path) -> "Profile":
        """Of a system and its float graphs in ``directory``."""
        silence = np.zeros((1, SAMPLE_RATE), np.float32)
        return cls(
            *parameter_counts(system),
            multiply_accumulates(directory / AUDIO, {"wav": silence, "lens": np.array([SAMPLE_RATE])}),
            None if system.stream is None else _stream_macs(system, directory),
        )

    def lines(self) -> list[str]:
        """Lines for a card."""
        macs = f"{self.window_macs / 1e6:,.1f} M for a window of 1 s"
        if self.stream_macs is not None:
            macs += f", {self.stream_macs / 1e6:,.1f} M for a second of a stream"
        return [
            f"parameters: audio {self.audio:,}, text {self.text:,}, together {self.audio + self.text:,}",
            f"multiply-accumulates: {macs}",
        ]


def real_time_factors(model: TorchModel | OnnxModel) -> dict[str, float]:
    """Seconds of one core for a second of audio: of windows of 1 s, one at a time, and of a stream where it can."""
    generator = np.random.default_rng(0)
    pcm = (1000 * generator.standard_normal(STREAM_SECONDS * SAMPLE_RATE)).astype(np.int16)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        found = {"windows of 1 s": _least_seconds(lambda: model.embed_windows(pcm[None, :SAMPLE_RATE]))}
        if model.stream is not None:
            found["frames of a stream"] = _least_seconds(lambda: FrameStream(model).push(pcm)) / STREAM_SECONDS
        return found
    finally:
        torch.set_num_threads(threads)


def size(directory: Path) -> int:
    """Bytes of the files of ``directory``."""
    return sum(path.stat().st_size for path in directory.iterdir())


def _least_seconds(work: Callable[[], object]) -> float:
    work()
    found = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def _stream_macs(system: DualEncoder, directory: Path) -> int:
    """Of a second, the frames' share alone: what steps look at besides is computed once for many."""
    shape = system.stream
    assert shape is not None
    size = StreamFrontend(system)(torch.zeros(1, shape.window)).shape[1]
    around = shape.past + shape.ahead

    def of_frames(steps: int) -> int:
        features = np.zeros((1, around + steps * shape.stride, size), np.float32)
        return multiply_accumulates(directory / FRAMES, {"features": features})

    features = multiply_accumulates(directory / FEATURES, {"wav": np.zeros((1, SAMPLE_RATE), np.float32)})
    heard = 1 + (SAMPLE_RATE - shape.window) // shape.hop
    a_feature = features / heard + (of_frames(20) - of_frames(10)) / (10 * shape.stride)
    return round(a_feature * SAMPLE_RATE / shape.hop)
