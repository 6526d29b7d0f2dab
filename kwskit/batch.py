"""The records that travel: a :class:`Batch` goes in; :class:`Encoded` is what is kept of speech or text.

Lengths are absolute counts, masks are bool with True = valid.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

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
    spans : (N, 3) int64 or None. Where utterances are heard whole, ``wav`` and ``feats`` are those of R streams and
        the N words or phrases are spans of these: the stream's row, and where the span begins and ends, in samples
    transcripts, transcript_lens : (S, U) int64 tokens of the utterances there, and their number (S,), or None
    utterances : (S, 3) int64, where these are in the streams, as ``spans``; None where every row is an utterance
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
    spans: Tensor | None = None
    transcripts: Tensor | None = None
    transcript_lens: Tensor | None = None
    utterances: Tensor | None = None
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
