"""Multi-view triplet loss between utterances and written words."""

from collections.abc import Sequence
from typing import Annotated

import torch
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist
from torch import Tensor

from kwskit.arguments import NonNegativeFloat, OneOf, PositiveInt, Probability
from kwskit.embeddings import Embeddings
from kwskit.losses.base import Loss, matched_rows, pairs
from kwskit.losses.terms.class_slots import class_slots, slot_means
from kwskit.numerics import unit
from kwskit.registry import register

OBJECTIVES = ("obj0", "obj1", "obj2", "obj3")
NEGATIVES = ("hardest", "semi_hard", "all")


@register("loss", "multi_view_triplet")
class MultiViewTriplet(Loss):
    """Multi-view triplet: audio nearer to its own text than to what is mismatched (He et al. 2017).

    With d the cosine distance, f the audio, g the text, + an utterance and its word, - another word or one of its
    utterances, the mean over utterances of the sum of the chosen
    obj0 = max(0, m + d(f+, g+) - d(f+, g-)), obj1 = max(0, m + d(f+, g+) - d(g+, g-)),
    obj2 = max(0, m + d(f+, g+) - d(f-, g+)), obj3 = max(0, m + d(f+, g+) - d(f+, f-)),
    each the mean over its negatives: words of the batch for obj0 and obj1, utterances for obj2 and obj3
    (Settle et al. 2019's batched form). A word's text is the mean of its rows. A batch of one word gives 0.

    Parameters
    ----------
    objectives : some of ``obj0`` to ``obj3``; obj0 + obj2 is usual
    margin : m; JMCL's code has 0.3, Settle et al. 0.5
    max_distance : make m grow with the edit distance of the two words' tokens, m min(edit, max_distance) /
        max_distance (He et al. 2017's cost-sensitive margin; reconstruction); default the same m for all
    negatives : ``hardest`` (the k with the largest violation), ``semi_hard`` (the same after those nearer than the
        positive are left out, which then count 0) or ``all``. Settle et al.'s code differs a little: it leaves out
        none for obj1, and for obj2 those nearer than to their own text
    k : how many negatives at first; min_k : at the end, default k
    k_decay : share of the training over which k falls to min_k, linearly. Settle et al.: 16 to 8 in eight steps
    root_mean_square : take the root of the mean square over negatives instead of the mean (Hu et al. 2020)
    weight : factor of this loss in the total
    """

    def __init__(
        self,
        objectives: Sequence[Annotated[str, OneOf(OBJECTIVES)]] = ("obj0", "obj2"),
        margin: NonNegativeFloat = 0.5,
        max_distance: PositiveInt | None = None,
        negatives: Annotated[str, OneOf(NEGATIVES)] = "hardest",
        k: PositiveInt = 16,
        min_k: PositiveInt | None = None,
        k_decay: Probability = 0.1,
        root_mean_square: bool = False,
        weight: NonNegativeFloat = 1.0,
    ):
        super().__init__(weight)
        if not objectives or len(set(objectives)) < len(objectives):
            raise ValueError(f"objectives must be some of {OBJECTIVES}, each once, not {list(objectives)}")
        min_k = k if min_k is None else min_k
        if min_k > k:
            raise ValueError(f"min_k must be at most k, not {min_k} with k {k}")
        self.objectives, self.margin, self.max_distance = tuple(objectives), margin, max_distance
        self.negatives, self.root_mean_square = negatives, root_mean_square
        self.k, self.min_k, self.k_decay = k, min_k, k_decay
        self.set_progress(0.0)

    def set_progress(self, progress: float) -> None:
        fallen = min(1.0, progress / self.k_decay) if self.k_decay else 1.0
        self.current_k = round(self.k - fallen * (self.k - self.min_k))

    def compute(self, emb: Embeddings) -> Tensor:
        audio, text, words = pairs(emb, "utt")
        if len(words) == 0:
            return (audio.sum() + text.sum()) * 0.0
        slot, size = class_slots(words)
        audio, texts = unit(audio), unit(slot_means(unit(text), slot, size))
        own = texts[slot]
        matched = (audio * own).sum(1, keepdim=True)
        slots = torch.arange(len(size), device=slot.device)
        other_words = (size > 0) & (slot[:, None] != slots)
        other_utterances = slot[:, None] != slot
        by_word = self._margins(emb, slot, audio)[slot]
        by_utterance = by_word[:, slot]
        values = {}
        for objective in self.objectives:
            left, right = {
                "obj0": (audio, texts),
                "obj1": (own, texts),
                "obj2": (own, audio),
                "obj3": (audio, audio),
            }[objective]
            margins, mismatched = (
                (by_word, other_words) if objective in ("obj0", "obj1") else (by_utterance, other_utterances)
            )
            values[objective] = self._mean_violation(left @ right.T, matched, margins, mismatched)
        self.metrics = {name: value.detach() for name, value in values.items()}
        return torch.stack(list(values.values())).sum()

    def _mean_violation(self, similarity: Tensor, matched: Tensor, margins: Tensor, mismatched: Tensor) -> Tensor:
        """Mean over rows of the mean over their negatives of max(0, margin + S- - S+)."""
        count = mismatched.sum(1)
        if self.negatives == "semi_hard":
            mismatched = mismatched & (similarity.detach() <= matched.detach())
        violation = (margins + similarity - matched).masked_fill(~mismatched, -torch.inf)
        if self.negatives != "all":
            violation = violation.topk(min(self.current_k, violation.shape[1])).values
            count = count.clamp(max=self.current_k)
        violation, count = violation.clamp(min=0), count.clamp(min=1)
        if not self.root_mean_square:
            return (violation.sum(1) / count).mean()
        squares = violation.square().sum(1) / count
        violated = squares.detach() > 0
        return squares.masked_fill(~violated, 1.0).sqrt().masked_fill(~violated, 0.0).mean()

    def _margins(self, emb: Embeddings, slot: Tensor, like: Tensor) -> Tensor:
        """(M, M) margin between the words of two slots, in the dtype and on the device of ``like``."""
        if self.max_distance is None:
            return like.new_full((len(slot), len(slot)), self.margin)
        ids, mask, places = (
            x.tolist() for x in (matched_rows(emb, emb.token_ids), matched_rows(emb, emb.text_mask), slot)
        )
        words = [""] * len(places)
        for row, valid, place in zip(ids, mask, places, strict=True):
            word = "".join(chr(token) for token, taken in zip(row, valid, strict=True) if taken)
            # Of several pronunciations the first in order, wherever it stands in the batch.
            words[place] = min(word, words[place] or word)
        edits = torch.from_numpy(cdist(words, words, scorer=Levenshtein.distance, dtype="int32"))
        return self.margin * edits.clamp(max=self.max_distance).to(like) / self.max_distance
