"""What training, scoring and enrolment ask of a system."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from kwskit.batch import Batch, Encoded
from kwskit.embeddings import Embeddings
from kwskit.stream_shape import StreamShape

PAIRS_AT_ONCE = 2**22  # floats of the larger side that one comparison may hold


class System(nn.Module):
    """Parts that together turn speech and typed words into scores. Every ``!system:`` is one.

    Attributes
    ----------
    losses : losses by name; ``forward`` gives the weighted value of each
    dim : size of the embeddings
    has_frontend : speech becomes features in a ``frontend`` of its own, and may be augmented by ``wave_augment`` before
        that and by ``feature_augment`` after it
    can_spot : speech and text have an embedding each, so that keywords can be spotted in streams and indexes
    stream : how frames of a stream are made; None where it takes the whole of an utterance
    kept : settings of the constructor that a trained model keeps besides its parts
    """

    losses: nn.ModuleDict
    dim: int
    has_frontend: bool = False
    can_spot: bool = False
    stream: StreamShape | None = None
    kept: tuple[str, ...] = ()

    def begin(self, tokenizer: Any, words: Sequence[str]) -> None:
        """Look at what is trained on before training; for systems that need more than batches.

        Parameters
        ----------
        tokenizer : what the texts are made of
        words : of the training; a batch has their places
        """

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

    def encode_audio(self, wav: Tensor, wav_lens: Tensor) -> Encoded:
        """What is kept of waveforms (N, samples), 16 kHz, with ``wav_lens`` (N,) in samples."""
        raise NotImplementedError(f"{type(self).__name__} must define encode_audio(wav, wav_lens)")

    def encode_text(self, tokens: Tensor, token_lens: Tensor) -> Encoded:
        """What is kept of token sequences (N, T_t) with ``token_lens`` (N,)."""
        raise NotImplementedError(f"{type(self).__name__} must define encode_text(tokens, token_lens)")

    def compare(self, audio: Encoded, text: Encoded) -> Tensor:
        """Scores (N,) of N recordings, each with the text of the same row, higher for a better match."""
        raise NotImplementedError(f"{type(self).__name__} must define compare(audio, text)")

    def score(self, audio: Encoded, text: Encoded) -> Tensor:
        """Scores (N, M) of N recordings with each of M texts."""
        pairs = torch.cartesian_prod(torch.arange(len(audio)), torch.arange(len(text)))
        return self.score_pairs(audio, text, pairs[:, 0], pairs[:, 1]).view(len(audio), len(text))

    def score_pairs(self, audio: Encoded, text: Encoded, audio_rows: Tensor, text_rows: Tensor) -> Tensor:
        """Scores (P,) of the recordings ``audio_rows`` (P,) with the texts ``text_rows`` (P,).

        A bounded number is compared at once. Both sides may be on another device than the system.
        """
        device = next(self.parameters()).device
        width = max(audio.frames[0].numel(), text.frames[0].numel()) if len(audio_rows) else 1
        scores = torch.empty(len(audio_rows))
        # Pairs of like length together pad little.
        order = torch.argsort(audio.lens[audio_rows].cpu(), stable=True, descending=True)
        for chunk in order.split(max(1, PAIRS_AT_ONCE // width)):
            heard, typed = audio.take(audio_rows[chunk]), text.take(text_rows[chunk])
            scores[chunk] = self.compare(heard.to(device), typed.to(device)).float().cpu()
        return scores
