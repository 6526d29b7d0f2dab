"""A model directory in torch, for spotting."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kwskit.data.evaluation_batches import as_wav
from kwskit.errors import ModelError
from kwskit.stream_shape import StreamShape
from kwskit.systems.dual_encoder import DualEncoder
from kwskit.systems.enrolment import TEXTS_AT_ONCE, pad_tokens
from kwskit.systems.model_directory import PARTS, WEIGHTS, load_model
from kwskit.systems.stream_parts import StreamFrames, StreamFrontend


class TorchModel:
    """A :class:`~kwskit.speech_model.speech_model.SpeechModel` of a directory that training has written.

    Parameters
    ----------
    directory : of the model
    device : of torch
    name : what it is called; None is after its directory

    Raises
    ------
    ModelError
        When the directory holds no usable model, or one that compares speech and text pair by pair.
    """

    def __init__(self, directory: str | Path, device: str = "cpu", name: str | None = None):
        path = Path(directory)
        model = load_model(path, device)
        if not isinstance(model.system, DualEncoder):
            raise ModelError(
                f"{path}: {type(model.system).__name__} judges speech against text pair by pair; spotting and indexing "
                "need !system:dual_encoder, which gives speech and text an embedding each"
            )
        self.name = name or (path.name if path.name != "model" else path.absolute().parent.name)
        self.digest = hashlib.sha256((path / PARTS).read_bytes() + (path / WEIGHTS).read_bytes()).hexdigest()[:16]
        self.system, self.tokenizer = model.system, model.tokenizer
        self.dim: int = self.system.dim
        self.stream: StreamShape | None = self.system.stream
        self.blank: int | None = self.system.stream_blank
        self._features, self._frames = StreamFrontend(self.system), StreamFrames(self.system)
        self._device = torch.device(device)

    @torch.inference_mode()
    def embed_windows(self, pcm: NDArray[np.int16]) -> NDArray[np.float32]:
        wav = as_wav(self._sent(pcm))
        lens = torch.full((len(pcm),), pcm.shape[1], device=self._device)
        return self.system.embed_audio(wav, lens).float().cpu().numpy()

    @torch.inference_mode()
    def embed_tokens(self, tokens: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        if not tokens:
            return np.zeros((0, self.dim), np.float32)
        parts = (pad_tokens(tokens[at : at + TEXTS_AT_ONCE]) for at in range(0, len(tokens), TEXTS_AT_ONCE))
        found = [self.system.embed_text(ids.to(self._device), lens.to(self._device)) for ids, lens in parts]
        return torch.cat(found).float().cpu().numpy()

    @torch.inference_mode()
    def features(self, pcm: NDArray[np.int16]) -> NDArray[np.float32]:
        return self._features(as_wav(self._sent(pcm[None]))).float().cpu().numpy()

    @torch.inference_mode()
    def frames(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._frames(self._sent(features[None])).float().cpu().numpy()

    @torch.inference_mode()
    def embed_frames(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.system.pool_frames(self._sent(frames)).float().cpu().numpy()

    @torch.inference_mode()
    def log_probs(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.system.stream_log_probs(self._sent(frames)).float().cpu().numpy()

    def _sent(self, array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(array.copy()).to(self._device)
