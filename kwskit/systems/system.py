"""What training, scoring and enrolment ask of a system."""

import torch
from torch import Tensor, nn

from kwskit.batch import Batch, Embeddings


class System(nn.Module):
    """Parts that together turn speech and typed words into scores. Every ``!system:`` is one.

    Attributes
    ----------
    losses : losses by name; ``forward`` gives the weighted value of each
    dim : size of the embeddings
    """

    losses: nn.ModuleDict
    dim: int

    def forward(self, batch: Batch, generator: torch.Generator | None = None) -> dict[str, Tensor]:
        """Every loss of the batch by name, weighted.

        Parameters
        ----------
        batch : the utterances and their words
        generator : the only source of randomness of the augmentation
        """
        raise NotImplementedError(f"{type(self).__name__} must define forward(batch, generator)")

    def embeddings(self, batch: Batch, generator: torch.Generator | None = None) -> Embeddings:
        """What the losses of a batch see."""
        raise NotImplementedError(f"{type(self).__name__} must define embeddings(batch, generator)")

    def embed_audio(self, wav: Tensor, wav_lens: Tensor) -> Tensor:
        """Unit embeddings (N, d) of waveforms (N, samples), 16 kHz, with ``wav_lens`` (N,) in samples."""
        raise NotImplementedError(f"{type(self).__name__} must define embed_audio(wav, wav_lens)")

    def embed_text(self, tokens: Tensor, token_lens: Tensor) -> Tensor:
        """Unit embeddings (N, d) of token sequences (N, T_t) with ``token_lens`` (N,)."""
        raise NotImplementedError(f"{type(self).__name__} must define embed_text(tokens, token_lens)")

    def score(self, audio: Tensor, text: Tensor) -> Tensor:
        """Scores (N, M) of audio embeddings (N, d) and text embeddings (M, d), higher for a better match."""
        raise NotImplementedError(f"{type(self).__name__} must define score(audio, text)")
