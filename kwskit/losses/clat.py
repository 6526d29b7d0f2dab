"""Contrastive loss of aligned audio and text."""

from typing import Annotated

from torch import Tensor

from kwskit.arguments import NonNegativeFloat, OneOf, PositiveFloat
from kwskit.losses.base import PairwiseLoss
from kwskit.losses.terms.info_nce import DIRECTIONS, info_nce_between
from kwskit.numerics import unit
from kwskit.registry import register

DENOMINATORS = ("diag", "masked", "multi_out", "multi_in")


@register("loss", "clat")
class Clat(PairwiseLoss):
    """clat: each aligned audio phoneme finds its text phoneme by InfoNCE over the batch (PLCL, Kewei et al. 2024).

    The mean over i of -log(exp(S(a_i, t_i) / tau) / sum_{k in D_i} exp(S(a_i, t_k) / tau)), S the cosine.
    D_i, tau and the direction are a reconstruction. Without other labels in the batch ``masked`` is 0.

    Parameters
    ----------
    denominator : ``diag`` (D_i is everything, so equal phonemes push each other away), ``masked`` (D_i is i and
        the other labels), or several positives: ``multi_out`` (mean over equal labels of -log p) and ``multi_in``
        (-log of their summed p)
    temperature : tau, > 0
    direction : ``audio`` (audio looks for text), ``text``, or ``symmetric`` (their mean)
    level : ``phn`` or ``utt``
    weight : factor of this loss in the total
    """

    def __init__(
        self,
        denominator: Annotated[str, OneOf(DENOMINATORS)] = "masked",
        temperature: PositiveFloat = 0.07,
        direction: Annotated[str, OneOf(DIRECTIONS)] = "audio",
        level: str = "phn",
        weight: NonNegativeFloat = 1.0,
    ):
        super().__init__(level, weight)
        self.denominator, self.temperature, self.direction = denominator, temperature, direction

    def pair_loss(self, audio: Tensor, text: Tensor, labels: Tensor) -> Tensor:
        scale = audio.new_full((), 1 / self.temperature)
        return info_nce_between(unit(audio), unit(text), labels, scale, self.denominator, self.direction)
