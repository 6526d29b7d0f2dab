"""Triplet loss between utterances of keywords."""

from typing import Annotated

import torch
from torch import Tensor

from kwskit.arguments import NonNegativeFloat, OneOf
from kwskit.losses.terms.audio_loss import AudioLoss
from kwskit.numerics import unit
from kwskit.registry import register

NEGATIVES = ("hardest", "semi_hard")


@register("loss", "keyword_triplet")
class KeywordTriplet(AudioLoss):
    """Triplet loss between utterances: nearer to the same keyword than to another (ADML section 3.3's triplet).

    With d the cosine distance, the mean over ordered pairs (i, j) of one keyword of
    max(0, margin + d_ij - d_ik), k an utterance of another keyword. Pairs, negatives and margin are a
    reconstruction. This is also the loss of Siamese acoustic word embeddings (Kamper et al. 2016; JMCL's table).
    0 where no keyword has two utterances, or there is only one keyword.

    Parameters
    ----------
    margin : in cosine distance, >= 0
    negatives : ``hardest`` (k nearest to i) or ``semi_hard`` (k nearest to i among those further than j, else
        the furthest; Schroff et al. 2015)
    weight : factor of this loss in the total
    """

    def __init__(
        self,
        margin: NonNegativeFloat = 0.3,
        negatives: Annotated[str, OneOf(NEGATIVES)] = "hardest",
        weight: NonNegativeFloat = 1.0,
    ):
        super().__init__(weight)
        self.margin, self.negatives = margin, negatives

    def audio_loss(self, audio: Tensor, words: Tensor) -> Tensor:
        audio = unit(audio)
        distance = 1 - audio @ audio.T
        same = words[:, None] == words
        index = torch.arange(len(words), device=words.device)
        pairs = same & (index[:, None] != index)
        away = distance.masked_fill(same, torch.inf)
        if self.negatives == "hardest":
            negative = away.amin(1, keepdim=True)
        else:
            away = away.sort(1).values
            further = torch.searchsorted(away.detach(), distance.detach(), right=True)
            furthest = (~same).sum(1, keepdim=True) - 1
            negative = away.gather(1, torch.minimum(further, furthest).clamp(min=0))
        # Without negatives the distance is infinite, and no triplet violates the margin.
        violation = (self.margin + distance - negative).masked_fill(~pairs, 0.0).clamp(min=0)
        return violation.sum() / pairs.sum().clamp(min=1)
