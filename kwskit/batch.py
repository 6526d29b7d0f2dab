"""The two records that travel: a :class:`Batch` goes in, :class:`Embeddings` come out.

Lengths are absolute counts, masks are bool with True = valid.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor


@dataclass
class Batch:
    """Padded utterances with their typed words.

    Attributes
    ----------
    wav : (N, samples) float in [-1, 1], 16 kHz, zero padded
    wav_lens : (N,) int64, samples
    tokens : (N, T_t) int64, padded with 0
    token_lens : (N,) int64
    word : (N,) int64, word class
    utt_id : N utterance ids
    matched : (N,) bool or None; whether text and speech are the same word (pair systems only)
    """

    wav: Tensor
    wav_lens: Tensor
    tokens: Tensor
    token_lens: Tensor
    word: Tensor
    utt_id: list[str]
    matched: Tensor | None = None

    def __len__(self) -> int:
        return len(self.utt_id)

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "Batch":
        """The same batch with its tensors on ``device``."""
        moved: dict[str, Any] = {
            field.name: value.to(device, non_blocking=non_blocking)
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), Tensor)
        }
        return replace(self, **moved)


@dataclass
class Embeddings:
    """What a loss sees. Alignment and pooling run only when a loss asks for their result.

    Attributes
    ----------
    audio_frames : (N, T_a, d); audio_mask : (N, T_a) bool
    text_tokens : (N, T_t, d); text_mask : (N, T_t) bool
    token_ids : (N, T_t) int64; word : (N,) int64; matched : (N,) bool or None
    pool_audio, pool_text : ``(frames, mask) -> (N, d)``
    align : ``(text_tokens, text_mask, audio_frames, audio_mask) -> (aligned (N, T_t, d), affinity (N, T_t, T_a))``
    """

    audio_frames: Tensor
    audio_mask: Tensor
    text_tokens: Tensor
    text_mask: Tensor
    token_ids: Tensor
    word: Tensor
    pool_audio: Callable[[Tensor, Tensor], Tensor]
    pool_text: Callable[[Tensor, Tensor], Tensor]
    align: Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
    matched: Tensor | None = None

    @cached_property
    def audio(self) -> Tensor:
        """(N, d) utterance embeddings of the audio."""
        return self.pool_audio(self.audio_frames, self.audio_mask)

    @cached_property
    def text(self) -> Tensor:
        """(N, d) utterance embeddings of the text."""
        return self.pool_text(self.text_tokens, self.text_mask)

    @cached_property
    def _aligned(self) -> tuple[Tensor, Tensor]:
        return self.align(self.text_tokens, self.text_mask, self.audio_frames, self.audio_mask)

    @property
    def aligned_audio(self) -> Tensor:
        """(N, T_t, d) audio re-sampled to the token axis."""
        return self._aligned[0]

    @property
    def affinity(self) -> Tensor:
        """(N, T_t, T_a) alignment weights; rows sum to 1 over valid frames."""
        return self._aligned[1]


def length_mask(lens: Tensor, size: int) -> Tensor:
    """(N, size) bool mask, True where the position is below ``lens`` (N,)."""
    return torch.arange(size, device=lens.device)[None, :] < lens[:, None]
