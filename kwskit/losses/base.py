"""The two base classes of losses."""

import torch
from torch import Tensor, nn

from kwskit.batch import Embeddings

LEVELS = ("phn", "utt")


class Loss(nn.Module):
    """A training objective: ``forward(emb) -> scalar``, scaled by ``weight`` in the total (ADML eq. 3).

    ``forward`` runs :meth:`compute` in float32, autocast off, because exp and log of scaled cosines
    lose their digits in half precision.

    Parameters
    ----------
    weight : factor of this loss in the total
    """

    def __init__(self, weight: float = 1.0):
        super().__init__()
        self.weight = weight

    def forward(self, emb: Embeddings) -> Tensor:
        with torch.autocast(emb.audio_frames.device.type, enabled=False):
            return self.compute(emb)

    def compute(self, emb: Embeddings) -> Tensor:
        """Scalar value of the loss, not yet weighted."""
        raise NotImplementedError(f"{type(self).__name__} must define compute(emb)")


class PairwiseLoss(Loss):
    """A metric-learning loss over rows of audio and text that carry class labels.

    At level ``phn`` the rows are the batch's valid tokens (aligned audio, text, phoneme id; ADML
    section 3.1); at level ``utt`` they are its utterances (pooled audio, pooled text, word id). A new
    loss defines :meth:`pair_loss` and works at both.

    Parameters
    ----------
    level : ``phn`` or ``utt``
    weight : factor of this loss in the total
    """

    def __init__(self, level: str = "utt", weight: float = 1.0):
        super().__init__(weight)
        if level not in LEVELS:
            raise ValueError(f"level must be one of {LEVELS}, not {level!r}")
        self.level = level

    def compute(self, emb: Embeddings) -> Tensor:
        audio, text, labels = pairs(emb, self.level)
        if len(labels) == 0:
            return (audio.sum() + text.sum()) * 0.0
        return self.pair_loss(audio, text, labels)

    def pair_loss(self, audio: Tensor, text: Tensor, labels: Tensor) -> Tensor:
        """Scalar loss of ``audio`` (M, d), ``text`` (M, d) and ``labels`` (M,), M >= 1, not normalised."""
        raise NotImplementedError(f"{type(self).__name__} must define pair_loss(audio, text, labels)")


def pairs(emb: Embeddings, level: str) -> tuple[Tensor, Tensor, Tensor]:
    """Rows of audio (M, d), text (M, d) and labels (M,) at ``level``, in float32 or wider."""
    if level == "phn":
        mask = emb.text_mask
        audio, text, labels = emb.aligned_audio[mask], emb.text_tokens[mask], emb.token_ids[mask]
    else:
        audio, text, labels = emb.audio, emb.text, emb.word
    return at_least_float32(audio), at_least_float32(text), labels


def at_least_float32(x: Tensor) -> Tensor:
    """``x`` in float32, or in float64 when it is float64."""
    return x if x.dtype == torch.float64 else x.float()
