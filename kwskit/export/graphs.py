"""The parts of a model as ONNX graphs."""

import logging
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kwskit.constants import SAMPLE_RATE
from kwskit.speech_model.onnx_model import AUDIO, FEATURES, FRAMES, PHONEMES, POOL, TEXT
from kwskit.stream_shape import StreamShape
from kwskit.systems.dual_encoder import DualEncoder
from kwskit.systems.stream_parts import PooledFrames, StreamFrames, StreamFrontend

OPSET = 17
LEAST_SAMPLES = SAMPLE_RATE // 10  # more than a window of any front end


class AudioGraph(nn.Module):
    """Front end, acoustic encoder and pooler: samples (N, S) in [-1, 1], lengths (N,) -> unit embeddings (N, dim)."""

    def __init__(self, system: DualEncoder):
        super().__init__()
        self.system = system

    def forward(self, wav: Tensor, lens: Tensor) -> Tensor:
        # Lengths tell where the speech ends, so that silence after it changes nothing but how short it may be.
        missing: Any = (LEAST_SAMPLES - torch.as_tensor(wav.shape[1])).clamp(min=0)
        return self.system.embed_audio(F.pad(wav, (0, missing)), lens)


class TextGraph(nn.Module):
    """Text encoder and pooler: tokens (N, T), lengths (N,) -> unit embeddings (N, dim)."""

    def __init__(self, system: DualEncoder):
        super().__init__()
        self.system = system

    def forward(self, tokens: Tensor, lens: Tensor) -> Tensor:
        return self.system.embed_text(tokens, lens)


class PhonemeGraph(nn.Module):
    """CTC head: frames (T, d) of a stream -> log-probabilities (T, V)."""

    def __init__(self, system: DualEncoder):
        super().__init__()
        self.system = system

    def forward(self, frames: Tensor) -> Tensor:
        return self.system.stream_log_probs(frames)


class Graph(NamedTuple):
    """A module, what it is traced with, and the free axes of its inputs and its output, by their names."""

    module: nn.Module
    example: tuple[Tensor, ...]
    axes: dict[str, dict[int, str]]


def graphs(system: DualEncoder, num_tokens: int) -> dict[str, Graph]:
    """The graphs of a system by the name of their file.

    Parameters
    ----------
    system : in evaluation mode on the CPU
    num_tokens : ids that the tokenizer gives
    """
    generator = torch.Generator().manual_seed(0)
    wav = 0.1 * torch.randn(2, SAMPLE_RATE, generator=generator)
    tokens = torch.randint(1, num_tokens, (2, 7), generator=generator)
    rows, lens = {0: "batch"}, torch.tensor([SAMPLE_RATE, SAMPLE_RATE // 2])
    found = {
        AUDIO: Graph(
            AudioGraph(system), (wav, lens), {"wav": {**rows, 1: "samples"}, "lens": rows, "embeddings": rows}
        ),
        TEXT: Graph(
            TextGraph(system),
            (tokens, torch.tensor([7, 3])),
            {"tokens": {**rows, 1: "tokens"}, "lens": rows, "embeddings": rows},
        ),
    }
    if system.stream is not None:
        found |= _stream_graphs(system, system.stream, wav[:1])
    return found


def _stream_graphs(system: DualEncoder, shape: StreamShape, wav: Tensor) -> dict[str, Graph]:
    features, frames, pool = StreamFrontend(system), StreamFrames(system), PooledFrames(system)
    with torch.inference_mode():
        heard = features(wav)
        seen = heard.new_zeros(1, shape.past + 2 * shape.stride + shape.ahead, heard.shape[1])
    found = {
        FEATURES: Graph(features, (wav,), {"wav": {1: "samples"}, "features": {0: "features"}}),
        FRAMES: Graph(frames, (seen,), {"features": {1: "features"}, "frames": {0: "frames"}}),
        POOL: Graph(
            pool,
            (torch.randn(2, 9, shape.size, generator=torch.Generator().manual_seed(0)),),
            {"frames": {0: "batch", 1: "frames"}, "embeddings": {0: "batch"}},
        ),
    }
    if system.stream_blank is not None:
        example = torch.randn(9, shape.size, generator=torch.Generator().manual_seed(0))
        axes = {"frames": {0: "frames"}, "log_probs": {0: "frames"}}
        found[PHONEMES] = Graph(PhonemeGraph(system), (example,), axes)
    return found


def write_graph(graph: Graph, path: Path) -> None:
    """Write ``graph`` as one ONNX file, and nothing else beside it.

    By tracing: ``torch.export`` would give an LSTM or a GRU as many steps as its example had.
    """
    *inputs, output = graph.axes
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # deprecations, and branches that are the same for every length
            torch.onnx.export(
                graph.module.eval(),
                graph.example,
                str(path),
                dynamo=False,
                input_names=inputs,
                output_names=[output],
                dynamic_axes=graph.axes,
                opset_version=OPSET,
            )
    finally:
        logger.setLevel(level)
