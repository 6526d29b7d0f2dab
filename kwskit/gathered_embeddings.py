"""The embeddings of a batch whose utterances several processes share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from kwskit import collectives
from kwskit.batch import Embeddings, Match

SEEDS = 2**62


def whole_batch(own: Embeddings) -> Embeddings:
    """What losses see: ``own``, or in one of several processes the embeddings of all of them, gathered with gradient.

    Every process computes the same losses of the whole batch, and their gradients, averaged over the processes, are
    those of one process with the whole batch. For that, what losses draw at random is drawn alike from here on.
    """
    return own if collectives.world_size() == 1 else cast(Embeddings, GatheredEmbeddings(own))


class GatheredEmbeddings:
    """:class:`~kwskit.batch.Embeddings` of all processes, one after another, each padded to the longest.

    What a loss asks for is first computed by each process for its own utterances (alignment, pooling, matching),
    drawing from its own randomness, and then gathered; what no loss asks for is neither. All processes
    must ask in the same order, as the same losses do.

    Parameters
    ----------
    own : this process's embeddings

    Raises
    ------
    RuntimeError
        When processes have different numbers of rows.
    """

    def __init__(self, own: Embeddings):
        self._own = own
        device = own.word.device
        spoken = 0 if own.spoken_ids is None else own.spoken_ids.shape[1]
        rows = [-1 if known is None else len(known) for known in (own.matched_rows, own.token_rows)]
        seed = int(torch.randint(SEEDS, ()))
        widths = [own.audio_mask.shape[1], own.text_mask.shape[1], spoken]
        everyone = collectives.exchanged([len(own.word), *rows, seed, *widths])
        counts = everyone[:, 0].tolist()
        if len(set(counts)) > 1:
            raise RuntimeError(f"the processes have {counts} utterances or pairs: they must share a batch evenly")
        self._num_matched, self._num_tokens = (int(x.sum()) if x.min() >= 0 else None for x in everyone.T[1:3])
        self._frames, self._tokens, self._spoken = everyone[:, 4:].amax(0).tolist()
        self._draws = _TwoRandomnesses(device, int(everyone[:, 3].amax()))

    @cached_property
    def audio_frames(self) -> Tensor:
        return self._gathered(lambda own: own.audio_frames, self._frames)

    @cached_property
    def text_tokens(self) -> Tensor:
        return self._gathered(lambda own: own.text_tokens, self._tokens)

    @cached_property
    def audio(self) -> Tensor:
        return self._gathered(lambda own: own.audio)

    @cached_property
    def text(self) -> Tensor:
        return self._gathered(lambda own: own.text)

    @cached_property
    def aligned_audio(self) -> Tensor:
        return self._gathered(lambda own: own.aligned_audio, self._tokens)

    @cached_property
    def affinity(self) -> Tensor:
        return self._gathered(lambda own: own.affinity, self._tokens, self._frames)

    @cached_property
    def frame_log_probs(self) -> Tensor:
        return self._gathered(lambda own: own.frame_log_probs, self._frames)

    @cached_property
    def match(self) -> Match:
        score = self._gathered(lambda own: own.match.score)
        if self._own.match.token_logits is None:
            return Match(score)
        return Match(score, self._gathered(lambda own: cast(Tensor, own.match.token_logits), self._tokens))

    @property
    def word(self) -> Tensor:
        return self._known["word"].squeeze(1)

    @property
    def token_ids(self) -> Tensor:
        return self._known["token_ids"]

    @property
    def audio_mask(self) -> Tensor:
        return self._known["audio_mask"]

    @property
    def text_mask(self) -> Tensor:
        return self._known["text_mask"]

    @property
    def matched(self) -> Tensor | None:
        return self._known["matched"].squeeze(1) if "matched" in self._known else None

    @property
    def spoken_ids(self) -> Tensor | None:
        return self._known.get("spoken_ids")

    @property
    def spoken_mask(self) -> Tensor | None:
        return self._known.get("spoken_mask")

    @cached_property
    def matched_rows(self) -> Tensor | None:
        if self.matched is None or self._num_matched is None:
            return None
        return _places(self.matched, self._num_matched)

    @cached_property
    def token_rows(self) -> Tensor | None:
        if self._num_tokens is None:
            return None
        mask = self.text_mask if self.matched is None else self.text_mask & self.matched[:, None]
        return _places(mask.flatten(), self._num_tokens)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"a loss asks for '{name}' of the embeddings, which several processes do not gather")

    @cached_property
    def _known(self) -> dict[str, Tensor]:
        """Whole numbers and masks (W * N, ...) of all processes, sent together."""
        widths = {"word": 1, "matched": 1, "token_ids": self._tokens, "text_mask": self._tokens}
        widths |= {"audio_mask": self._frames, "spoken_ids": self._spoken, "spoken_mask": self._spoken}
        parts = {}
        for name, width in widths.items():
            value = getattr(self._own, name)
            if value is not None:
                value = value.long()
                parts[name] = _padded(value[:, None] if value.dim() == 1 else value, width)
        together = collectives.whole(torch.cat(list(parts.values()), 1))
        known = together.split([part.shape[1] for part in parts.values()], 1)
        return {name: x.to(getattr(self._own, name).dtype) for name, x in zip(parts, known, strict=True)}

    def _gathered(self, read: Callable[[Embeddings], Tensor], *widths: int) -> Tensor:
        """What ``read`` finds in the embeddings (N, T, ...), its axes after the first padded to ``widths``."""
        with self._draws.own():
            value = read(self._own)
        return collectives.whole(_padded(value, *widths))


class _TwoRandomnesses:
    """Draws that all processes make alike, from ``seed``, and inside :meth:`own` each process's own."""

    def __init__(self, device: torch.device, seed: int):
        self._device = device
        self._own = self._state()
        torch.manual_seed(seed)

    @contextmanager
    def own(self) -> Iterator[None]:
        common = self._state()
        self._restore(self._own)
        try:
            yield
        finally:
            self._own = self._state()
            self._restore(common)

    def _state(self) -> list[Tensor]:
        on_cuda = [torch.cuda.get_rng_state(self._device)] if self._device.type == "cuda" else []
        return [torch.get_rng_state(), *on_cuda]

    def _restore(self, state: list[Tensor]) -> None:
        torch.set_rng_state(state[0])
        for on_cuda in state[1:]:
            torch.cuda.set_rng_state(on_cuda, self._device)


def _padded(x: Tensor, *widths: int) -> Tensor:
    """``x`` (N, T, ...) with zeros (False) behind, so that its axes after the first are as long as ``widths``."""
    missing = [width - size for width, size in zip(widths, x.shape[1:], strict=False)]
    if not any(missing):
        return x
    behind = [0, 0] * (x.dim() - 1 - len(missing))
    for more in reversed(missing):
        behind += [0, more]
    return F.pad(x, behind)


def _places(mask: Tensor, count: int) -> Tensor:
    """(count,) places in ``mask`` (n,) that are True, whose number is known: nobody waits for the device."""
    return torch.argsort(~mask, stable=True)[:count]
