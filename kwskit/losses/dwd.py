"""Deep word discrimination."""

import math
from typing import Annotated

import torch
from torch import Tensor

from kwskit.arguments import NonNegativeFloat, OneOf, PositiveFloat
from kwskit.losses.terms.audio_loss import AudioLoss
from kwskit.losses.terms.class_slots import class_slots, slot_means
from kwskit.losses.terms.learnt_scale import LearntScale
from kwskit.numerics import unit
from kwskit.registry import register

OWN_CENTROIDS = ("full", "loo")
REDUCTIONS = ("mean", "sum")


@register("loss", "dwd")
class DWD(AudioLoss):
    """DWD: each utterance finds the centroid of its word among the batch's words (JMCL, Gundluru et al. 2025).

    With c_k the centroid of word k, scaled to length 1, and S_ik the cosine of utterance i to it, the sum of
    softmax term: mean over i of -s S_iy + log sum_k exp(s S_ik), and
    centroid term: mean over i of (1 - S_iy) + max_{k != y} S_ik,
    where S_iy of the centroid term leaves i itself out of the centroid. An utterance without another of its word
    takes no part where the own centroid leaves it out; a batch of one word has no maximum, which counts 0.

    Parameters
    ----------
    own_centroid : of the softmax term; ``full`` counts i itself in, as JMCL's released code does, ``loo`` leaves it
        out, as a review says the paper does (Wan et al. 2018, eq. 8)
    softmax_weight, centroid_weight : factors of the two terms, >= 0 and not both 0
    reduction : ``mean`` over utterances (released code) or ``sum``
    scale : s, > 0; learn_scale : learn s, as GE2E does (Wan et al. 2018); JMCL has neither
    weight : factor of this loss in the total
    """

    def __init__(
        self,
        own_centroid: Annotated[str, OneOf(OWN_CENTROIDS)] = "full",
        softmax_weight: NonNegativeFloat = 1.0,
        centroid_weight: NonNegativeFloat = 1.0,
        reduction: Annotated[str, OneOf(REDUCTIONS)] = "mean",
        scale: PositiveFloat = 1.0,
        learn_scale: bool = False,
        weight: NonNegativeFloat = 1.0,
    ):
        super().__init__(weight)
        if softmax_weight == centroid_weight == 0:
            raise ValueError("softmax_weight and centroid_weight must not both be 0")
        self.own_centroid, self.reduction = own_centroid, reduction
        self.softmax_weight, self.centroid_weight = softmax_weight, centroid_weight
        self.scale = scale
        self.learnt_scale = LearntScale(math.log(scale)) if learn_scale else None

    def audio_loss(self, audio: Tensor, words: Tensor) -> Tensor:
        audio = unit(audio)
        slot, size = class_slots(words)
        means = slot_means(audio, slot, size)
        similarity = audio @ unit(means).T
        own_size = size[slot]
        # (mean - x / n) points where the mean of the others does.
        others = (audio * unit(means[slot] - audio / own_size[:, None])).sum(1)
        everyone, has_others = torch.ones_like(own_size, dtype=torch.bool), own_size > 1

        own, counted = similarity.gather(1, slot[:, None]).squeeze(1), everyone
        if self.own_centroid == "loo":
            own, counted = others, has_others
        scale = self.scale if self.learnt_scale is None else self.learnt_scale()
        own_column = torch.arange(len(size), device=size.device) == slot[:, None]
        logits = (scale * torch.where(own_column, own[:, None], similarity)).masked_fill(size == 0, -torch.inf)
        softmax = self._reduce(logits.logsumexp(1) - scale * own, counted)

        nearest = similarity.masked_fill((size == 0) | own_column, -torch.inf).amax(1)
        nearest = self._reduce(nearest, nearest.detach() > -torch.inf)
        centroid = self._reduce(1 - others, has_others) + nearest
        self.metrics = {"softmax": softmax.detach(), "centroid": centroid.detach()}
        return self.softmax_weight * softmax + self.centroid_weight * centroid

    def _reduce(self, x: Tensor, counted: Tensor) -> Tensor:
        total = x.masked_fill(~counted, 0.0).sum()
        return total / counted.sum().clamp(min=1) if self.reduction == "mean" else total
