"""The two base classes of losses."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, cast

import torch
from torch import Tensor, nn

from kwskit.arguments import NonNegativeFloat, OneOf
from kwskit.batch import valid_places
from kwskit.embeddings import Embeddings, Match, Utterances
from kwskit.numerics import at_least_float32


class Float32View:
    """Embeddings read as float32 or wider, to be used where autocast is off.

    Pooling and alignment are lazy, so a loss may be the first to ask for them; they still run under the
    autocast that was on when this view was made, since their weights and inputs may differ in dtype.

    Parameters
    ----------
    embeddings : :class:`~kwskit.embeddings.Embeddings`; whatever it computes is cached there, for every loss
    """

    def __init__(self, embeddings: Embeddings):
        self._embeddings = embeddings
        word = embeddings.word  # always at hand, unlike frames that are gathered on demand
        self.device_type = "cpu" if word.is_meta else word.device.type  # without values there is no autocast either
        self._enabled = torch.is_autocast_enabled(self.device_type)
        self._dtype = torch.get_autocast_dtype(self.device_type)

    def __getattr__(self, name: str) -> Any:
        return self._read(getattr, self._embeddings, name)

    def _read(self, function: Any, *arguments: Any) -> Any:
        with torch.autocast(self.device_type, dtype=self._dtype, enabled=self._enabled):
            value = function(*arguments)
        if isinstance(value, Tensor):
            return at_least_float32(value)
        if isinstance(value, Match):
            logits = value.token_logits
            return Match(at_least_float32(value.score), None if logits is None else at_least_float32(logits))
        if isinstance(value, tuple):
            return tuple(at_least_float32(part) for part in value)
        if isinstance(value, Utterances):
            classify = None if value.classify_frames is None else partial(self._read, value.classify_frames)
            return replace(value, audio_frames=at_least_float32(value.audio_frames), classify_frames=classify)
        return partial(self._read, value) if callable(value) else value


LEVELS = ("phn", "utt")


class Loss(nn.Module):
    """A training objective: ``forward(emb) -> scalar``, scaled by ``weight`` in the total (ADML eq. 3).

    ``forward`` runs :meth:`compute` with autocast off and shows it float32 embeddings, because exp and
    log of scaled cosines lose their digits in half precision.

    A loss that learns may tag its parameters for the optimizer: ``parameter.weight_decay = 0.0`` replaces the
    run's decay, and ``parameter.max_grad_norm = 1.0`` asks that the tagged parameters be clipped apart
    from the rest. Tags survive ``.to()`` and ``load_state_dict`` but not ``copy.deepcopy``.

    Attributes
    ----------
    metrics : dict of str to Tensor; detached scalars for the log, filled by the latest ``forward``

    Parameters
    ----------
    weight : factor of this loss in the total
    """

    metrics: dict[str, Tensor]

    def __init__(self, weight: NonNegativeFloat = 1.0):
        super().__init__()
        self.weight = weight
        self.metrics = {}

    def forward(self, emb: Embeddings) -> Tensor:
        view = Float32View(emb)
        with torch.autocast(view.device_type, enabled=False):
            return self.compute(cast(Embeddings, view))

    def compute(self, emb: Embeddings) -> Tensor:
        """Scalar value of the loss, not yet weighted."""
        raise NotImplementedError(f"{type(self).__name__} must define compute(emb)")

    def begin(self, system: Any, tokenizer: Any, words: Sequence[str]) -> None:
        """Look at the system before it is trained; for losses that need more than batches.

        Parameters
        ----------
        system : with the weights that training starts from, on the CPU; not to be changed
        tokenizer : what its texts are made of
        words : of the training
        """

    def set_progress(self, progress: float) -> None:
        """Take note of how much of the training is done, 0 to 1; losses with a schedule override this."""


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

    def __init__(self, level: Annotated[str, OneOf(LEVELS)] = "utt", weight: NonNegativeFloat = 1.0):
        super().__init__(weight)
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
    """Rows of audio (M, d), text (M, d) and labels (M,) at ``level``, of matched pairs only."""
    if level == "utt":
        return matched_rows(emb, emb.audio), matched_rows(emb, emb.text), matched_rows(emb, emb.word)
    audio, text, labels = _rows(token_places(emb), emb.aligned_audio, emb.text_tokens, emb.token_ids)
    return audio, text, labels


def token_places(emb: Embeddings) -> Tensor:
    """(M,) places in the flattened (N * T_t) of the valid tokens of matched rows.

    Without what the host knows of them, an accelerator has to be asked, and the host waits.
    """
    known = emb.token_rows
    return valid_places(matched_mask(emb, emb.text_mask)) if known is None else known


def matched_rows(emb: Embeddings, x: Tensor) -> Tensor:
    """Rows of ``x`` (N, ...) whose text is what is spoken; all of them in a system that makes no unmatched pairs.

    A system that pairs each utterance with several texts shows it in as many rows, one of which is matched.
    """
    if emb.matched is None:
        return x
    known = emb.matched_rows
    return x.index_select(0, emb.matched.nonzero().squeeze(1) if known is None else known)


def matched_mask(emb: Embeddings, mask: Tensor) -> Tensor:
    """``mask`` (N, T) of tokens or frames, False throughout the rows whose text is not what is spoken."""
    return mask if emb.matched is None else mask & emb.matched[:, None]


def valid_rows(mask: Tensor, *rows: Tensor) -> list[Tensor]:
    """The M entries of each of ``rows`` (N, T, ...) where ``mask`` (N, T) is True, as (M, ...).

    The host waits for an accelerator to tell M: once, however many ``rows`` there are.
    """
    return _rows(valid_places(mask), *rows)


def _rows(places: Tensor, *rows: Tensor) -> list[Tensor]:
    return [x.flatten(0, 1).index_select(0, places) for x in rows]
