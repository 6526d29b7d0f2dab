"""The embeddings of a batch whose utterances several processes share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from kwskit import collectives
from kwskit.embeddings import Embeddings, Match, Utterances

SEEDS = 2**62
# What is gathered when a loss asks for it, with the axes after the first, which every process pads alike.
COMPUTED: dict[str, tuple[str, ...]] = {
    "audio_frames": ("frames",),
    "text_tokens": ("tokens",),
    "audio": (),
    "text": (),
    "aligned_audio": ("tokens",),
    "affinity": ("tokens", "frames"),
    "frame_log_probs": ("frames",),
    "features": ("features",),
}
# Whole numbers and masks, which cost little and are gathered together, with their second axis.
KNOWN: dict[str, str | None] = {
    "word": None,
    "matched": None,
    "token_ids": "tokens",
    "text_mask": "tokens",
    "audio_mask": "frames",
    "spoken_ids": "spoken",
    "spoken_mask": "spoken",
    "feature_mask": "features",
}


def whole_batch(own: Embeddings) -> Embeddings:
    """What losses see: ``own``, or in one of several processes the embeddings of all of them, gathered with gradient.

    Every process computes the same losses of the whole batch, and their gradients, averaged over the processes, are
    those of one process with the whole batch. For that, what losses draw at random is drawn alike from here on.
    """
    return own if collectives.world_size() == 1 else cast(Embeddings, GatheredEmbeddings(own))


class GatheredEmbeddings:
    """:class:`~kwskit.embeddings.Embeddings` of all processes, one after another, each padded to the longest.

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
        features = 0 if own.feature_mask is None else own.feature_mask.shape[1]
        widths = [own.audio_mask.shape[1], own.text_mask.shape[1], spoken, features]
        everyone = collectives.exchanged([len(own.word), *rows, seed, *widths])
        counts = everyone[:, 0].tolist()
        if len(set(counts)) > 1:
            raise RuntimeError(f"the processes have {counts} utterances or pairs: they must share a batch evenly")
        self._num_matched, self._num_tokens = (int(x.sum()) if x.min() >= 0 else None for x in everyone.T[1:3])
        self._sizes = dict(
            zip(("frames", "tokens", "spoken", "features"), everyone[:, 4:].amax(0).tolist(), strict=True)
        )
        self._draws = _TwoRandomnesses(device, int(everyone[:, 3].amax()))

    def __getattr__(self, name: str) -> Any:
        value: Tensor | None
        if name == "features" and self._own.features is None:
            value = None
        elif name in COMPUTED:
            value = self._gathered(lambda own: getattr(own, name), *(self._sizes[axis] for axis in COMPUTED[name]))
        elif name in KNOWN:
            value = self._known.get(name)
        else:
            raise AttributeError(f"a loss asks for '{name}' of the embeddings, which several processes do not gather")
        self.__dict__[name] = value
        return value

    @cached_property
    def match(self) -> Match:
        score = self._gathered(lambda own: own.match.score)
        if self._own.match.token_logits is None:
            return Match(score)
        return Match(score, self._gathered(lambda own: cast(Tensor, own.match.token_logits), self._sizes["tokens"]))

    @property
    def utterances(self) -> Utterances | None:
        """This process's own: losses are means over utterances, and processes have as many, give or take one."""
        return self._own.utterances

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

    @cached_property
    def _known(self) -> dict[str, Tensor]:
        """Whole numbers and masks (W * N, ...) of all processes, sent together; those that this batch has."""
        parts = {}
        for name, axis in KNOWN.items():
            value = getattr(self._own, name)
            if value is not None:
                parts[name] = (
                    _padded(value.long()[:, None], 1) if axis is None else _padded(value.long(), self._sizes[axis])
                )
        together = collectives.whole(torch.cat(list(parts.values()), 1))
        known = dict(zip(parts, together.split([part.shape[1] for part in parts.values()], 1), strict=True))
        return {
            name: (x if KNOWN[name] else x.squeeze(1)).to(getattr(self._own, name).dtype) for name, x in known.items()
        }

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
