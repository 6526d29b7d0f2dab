"""Contrast of speech with its text, the batch's other texts, and texts that sound almost like its own."""

from collections.abc import Sequence
from typing import Annotated, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kwskit.arguments import NonNegativeFloat, PositiveInt, Range
from kwskit.batch import length_mask
from kwskit.embeddings import Embeddings
from kwskit.losses.base import Loss
from kwskit.losses.terms.class_slots import class_slots, slot_means
from kwskit.losses.terms.info_nce import info_nce
from kwskit.losses.terms.learnt_scale import LearntScale
from kwskit.numerics import unit
from kwskit.registry import register
from kwskit.systems.confusable import FIRST_PHONEME, MOST_EDITS, confusable_tokens

SHORTER = 0.25  # share of near misses that lack a phoneme


@register("loss", "near_misses")
class NearMisses(Loss):
    """Symmetric InfoNCE of speech and typed words, with near misses among the texts (ours).

    Speech looks for its word's text among those of the batch's words and, for each of these, ``misses`` texts
    with a few phonemes replaced or added (:func:`~kwskit.systems.confusable.confusable_tokens`) or one left out, which
    no recording needs to say. A word's text looks for its recordings, as ``!loss:clap`` with ``positives: unique_text``
    does. Near misses are what a keyword is confused with, and random batches have few. With stress in the tokens, a
    near miss may be the same sounds: use a tokenizer without.

    Parameters
    ----------
    misses : near misses of each utterance's text
    edits : most phonemes that a near miss differs in, 1 to 3
    log_scale, max_log_scale : logarithm of the scale of the cosines at the start, and its upper limit
    weight : factor of this loss in the total

    Raises
    ------
    ValueError
        When ``misses`` is below 1, or ``edits`` out of its range.
    """

    def __init__(
        self,
        misses: PositiveInt = 1,
        edits: Annotated[int, Range(1, MOST_EDITS)] = 1,
        log_scale: float = 2.7,
        max_log_scale: float | None = 4.0,
        weight: NonNegativeFloat = 1.0,
    ):
        super().__init__(weight)
        self.misses, self.edits = misses, edits
        self.scale = LearntScale(log_scale, max_log_scale)
        # In a tuple, for they are parts of the system and not of the loss.
        self._typing: tuple[Any, ...] = ()
        self._num_tokens = 0

    def begin(self, system: Any, tokenizer: Any, words: Sequence[str]) -> None:
        for name in ("text_encoder", "text_pooler"):
            if getattr(system, name, None) is None:
                raise ValueError(f"near_misses compares embeddings of a dual encoder; there is no {name} here")
        self._typing = system.text_encoder, system.text_pooler
        self._num_tokens = tokenizer.size

    def compute(self, emb: Embeddings) -> Tensor:
        if not self._typing:
            raise RuntimeError("!loss:near_misses has seen no system: kwskit train shows it one before training")
        scale = self.scale()
        self.metrics = {"scale": scale.detach()}
        audio, text, labels = unit(emb.audio), unit(emb.text), emb.word
        if len(labels) == 0:
            return (audio.sum() + text.sum()) * 0.0
        slot, size = class_slots(labels)
        words = unit(slot_means(text, slot, size))
        word_labels = torch.arange(len(words), device=slot.device).masked_fill(size == 0, -1)
        to_audio = info_nce(words, audio, word_labels, slot, scale, "multi_out")
        logits = scale * (audio @ words.T)
        logits = logits.masked_fill(size == 0, -torch.inf)
        missed = [scale * (audio @ self._near(emb).T) for _ in range(self.misses)]
        to_text = F.cross_entropy(torch.cat([logits, *missed], 1), slot)
        return (to_text + to_audio) / 2

    def _near(self, emb: Embeddings) -> Tensor:
        """(N, d) unit embeddings of a near miss of every text."""
        lens = emb.text_mask.sum(1)
        shorter = (torch.rand(lens.shape, device=lens.device) < SHORTER) & (lens > 2)
        place = (torch.rand(lens.shape, device=lens.device) * lens).long()
        left_out = emb.token_ids.gather(1, place[:, None]).squeeze(1)
        # Without the boundary of two words a text sounds as it did.
        shorter &= (left_out >= FIRST_PHONEME) & (left_out < self._num_tokens - 1)
        index = torch.arange(emb.token_ids.shape[1], device=lens.device)
        skip = (shorter[:, None] & (index >= place[:, None])).long()
        left = F.pad(emb.token_ids, (0, 1)).gather(1, index + skip)
        tokens, others = confusable_tokens(emb.token_ids, lens, self._num_tokens, most=self.edits)
        tokens = torch.where(shorter[:, None], F.pad(left, (0, tokens.shape[1] - left.shape[1])), tokens)
        lens = torch.where(shorter, lens - 1, others)
        encoder, pooler = self._typing
        return unit(pooler(encoder(tokens, lens), length_mask(lens, tokens.shape[1])))
