"""The records that travel: a :class:`Batch` goes in, :class:`Embeddings` come out; :class:`Encoded` is kept.

Lengths are absolute counts, masks are bool with True = valid.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Tensor

from kwskit.to_device import to_device


@dataclass
class Batch:
    """Padded utterances with their typed words.

    Attributes
    ----------
    wav : (N, samples) float in [-1, 1], 16 kHz, zero padded; int16 on its way to the device
    wav_lens : (N,) int64, samples
    tokens : (N, T_t) int64, padded with 0
    token_lens : (N,) int64
    word : (N,) int64, word class
    utt_id : N utterance ids
    feats, feat_lens : (N, T, F) features made ahead, and their lengths (N,) int64 in frames; ``wav`` is then (N, 0).
        None where the frontend is to make them
    host : of a batch on a device, the same on the CPU without its speech, or None; sizes that depend on lengths are
        read there, so that nobody waits for the device
    """

    wav: Tensor
    wav_lens: Tensor
    tokens: Tensor
    token_lens: Tensor
    word: Tensor
    utt_id: list[str]
    feats: Tensor | None = None
    feat_lens: Tensor | None = None
    host: "Batch | None" = None

    def __len__(self) -> int:
        return len(self.utt_id)

    @property
    def on_host(self) -> "Batch":
        """What the host knows of the batch, where :meth:`to` has kept it; else the batch itself."""
        return self.host or self

    def to(self, device: torch.device | str) -> "Batch":
        """The same batch with its tensors on ``device``; the host waits for no copy to a GPU."""
        moved = self._each(lambda x: to_device(x, device))
        if self.tokens.is_cpu and not moved.tokens.is_cpu:
            moved.host = replace(self, wav=self.wav[:, :0], feats=None)
        return moved

    def pinned(self) -> "Batch":
        """The same batch in page-locked memory, from which GPUs copy on their own."""
        return self._each(lambda x: x.pin_memory() if x.is_cpu else x)

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        changed: dict[str, Any] = {name: change(x) for name, x in values.items() if isinstance(x, Tensor)}
        return replace(self, **changed)


# The score of a pair that no alignment fits: below any other, and finite in half precision.
INFEASIBLE = -1e4


class Match(NamedTuple):
    """How well the text and the speech of each pair go together.

    Attributes
    ----------
    score : (N,) higher for a better match; a logit where the loss is a cross entropy; ``INFEASIBLE`` where no
        alignment fits
    token_logits : (N, T_t) or None; logit that the token is spoken where the text has it
    """

    score: Tensor
    token_logits: Tensor | None = None

    @property
    def feasible(self) -> Tensor:
        """(N,) bool: the pairs that an alignment fits."""
        return self.score > INFEASIBLE


@dataclass
class Embeddings:
    """What a loss sees. Alignment and pooling run only when a loss asks for their result.

    Attributes
    ----------
    audio_frames : (N, T_a, d); audio_mask : (N, T_a) bool
    text_tokens : (N, T_t, d); text_mask : (N, T_t) bool
    token_ids : (N, T_t) int64; word : (N,) int64, the word that is spoken
    pool_audio, pool_text : ``(frames, mask) -> (N, d)``
    align : ``(text_tokens, text_mask, audio_frames, audio_mask, token_ids) -> (aligned (N, T_t, d),
        affinity (N, T_t, T_a))``
    matched : (N,) bool; whether the text is what is spoken. None where it always is
    spoken_ids, spoken_mask : (N, T_s) tokens of what is spoken. None where they are the text's
    classify_frames : ``audio_frames -> (N, T_a, V) log-probabilities``, or None
    compare : ``Embeddings -> Match``, or None
    matched_rows : (R,) int64, the rows that are matched; None where all are, or where the device has to be asked
    token_rows : (M,) int64, places in the flattened (N * T_t) of the valid tokens of matched rows, or None where the
        device has to be asked
    """

    audio_frames: Tensor
    audio_mask: Tensor
    text_tokens: Tensor
    text_mask: Tensor
    token_ids: Tensor
    word: Tensor
    pool_audio: Callable[[Tensor, Tensor], Tensor]
    pool_text: Callable[[Tensor, Tensor], Tensor]
    align: Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
    matched: Tensor | None = None
    spoken_ids: Tensor | None = None
    spoken_mask: Tensor | None = None
    classify_frames: Callable[[Tensor], Tensor] | None = None
    compare: Callable[["Embeddings"], Match] | None = None
    matched_rows: Tensor | None = None
    token_rows: Tensor | None = None

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
        return self.align(self.text_tokens, self.text_mask, self.audio_frames, self.audio_mask, self.token_ids)

    @property
    def aligned_audio(self) -> Tensor:
        """(N, T_t, d) audio re-sampled to the token axis."""
        return self._aligned[0]

    @property
    def affinity(self) -> Tensor:
        """(N, T_t, T_a) alignment weights; rows sum to 1 over valid frames."""
        return self._aligned[1]

    @cached_property
    def frame_log_probs(self) -> Tensor:
        """(N, T_a, V) log-probabilities of tokens at every frame.

        Raises
        ------
        ValueError
            When the system's aligner has no such output.
        """
        if self.classify_frames is None:
            raise ValueError(
                "a part asks for the tokens' probabilities at every frame, which the aligner does not have: "
                "use aligner: !aligner:ctc"
            )
        return self.classify_frames(self.audio_frames)

    @cached_property
    def match(self) -> Match:
        """Scores of the pairs.

        Raises
        ------
        ValueError
            When the system compares embeddings rather than pairs.
        """
        if self.compare is None:
            raise ValueError("a loss asks for the scores of pairs, which only system: !system:pair_matcher has")
        return self.compare(self)


@dataclass
class Encoded:
    """What a system keeps of speech or text to compare it later, any number of times.

    Attributes
    ----------
    frames : (N, T, d); a dual encoder keeps one embedding, so its T is 1
    lens : (N,) int64
    ids : (N, T) int64 token ids of a text, or None
    """

    frames: Tensor
    lens: Tensor
    ids: Tensor | None = None

    def __len__(self) -> int:
        return len(self.lens)

    @property
    def mask(self) -> Tensor:
        """(N, T) bool, True where valid."""
        return length_mask(self.lens, self.frames.shape[1])

    def to(self, device: torch.device | str) -> "Encoded":
        """The same on ``device``."""
        return Encoded(self.frames.to(device), self.lens.to(device), None if self.ids is None else self.ids.to(device))

    def take(self, rows: Tensor) -> "Encoded":
        """The rows (M,) int64, cut to the longest of them."""
        lens = self.lens[rows]
        longest = int(lens.max()) if len(lens) else 0
        return Encoded(self.frames[rows, :longest], lens, None if self.ids is None else self.ids[rows, :longest])

    @staticmethod
    def join(parts: "Sequence[Encoded]") -> "Encoded":
        """One after another, padded with 0 to the longest."""
        lens = torch.cat([part.lens for part in parts])
        longest = max(part.frames.shape[1] for part in parts)
        frames = _stacked([part.frames for part in parts], longest)
        ids = [part.ids for part in parts if part.ids is not None]
        return Encoded(frames, lens, _stacked(ids, longest) if len(ids) == len(parts) else None)


def _stacked(parts: Sequence[Tensor], longest: int) -> Tensor:
    """(N, longest, ...) of parts (n, T, ...), each padded with 0 at the end of its second axis."""
    whole = parts[0].new_zeros(sum(map(len, parts)), longest, *parts[0].shape[2:])
    start = 0
    for part in parts:
        whole[start : start + len(part), : part.shape[1]] = part
        start += len(part)
    return whole


def length_mask(lens: Tensor, size: int) -> Tensor:
    """(N, size) bool mask, True where the position is below ``lens`` (N,)."""
    return torch.arange(size, device=lens.device)[None, :] < lens[:, None]


def valid_places(mask: Tensor) -> Tensor:
    """(M,) int64 places in the flattened ``mask`` (N, T) where it is True; a mask on a device is waited for."""
    return mask.flatten().nonzero().squeeze(1)
