"""Asymmetric-Proxy loss."""

import torch
from torch import Tensor

from kwskit.arguments import NonNegativeFloat, PositiveFloat
from kwskit.losses.base import PairwiseLoss
from kwskit.losses.terms.chunked_sum import chunked_sum
from kwskit.losses.terms.class_slots import class_slots
from kwskit.losses.terms.else_msp import extended_logsumexp, mean_softplus
from kwskit.numerics import unit
from kwskit.registry import register

# Smallest alpha or beta that a prefactor divides by.
SMALLEST_SCALE = 1e-4


@register("loss", "asyp")
class AsyP(PairwiseLoss):
    """AsyP: text pulls its audio by ELSE, audio pushes other text away by MSP (Jung & Kim 2022; ADML eq. 2).

    With S the cosine, P_i the rows of the class of i and N_i the others, the mean over i of
    1/alpha log(1 + sum_{j in P_i} exp(alpha (lam - S(t_i, a_j))))
    + 1/|N_i| sum_{k in N_i} log(1 + exp(beta (S(a_i, t_k) - lam))).
    The ELSE and MSP forms are a reconstruction from ADML's references. With ADML's alpha of 0.01 the value sits
    near 100 log(1 + |P_i|), a constant that no gradient sees; ``metrics["above_floor"]`` is the rest.

    Parameters
    ----------
    alpha, beta : scales of positive and negative pairs, > 0; lam : margin, a cosine. ADML section 4.1's values
    positive_prefactor : multiply the positive term by 1/alpha, as ADML does
    negative_prefactor : multiply the negative term by 1/beta, as Proxy-MS does and ADML does not
    level : ``phn`` or ``utt``
    weight : factor of this loss in the total
    """

    def __init__(
        self,
        alpha: PositiveFloat = 0.01,
        beta: PositiveFloat = 1.5,
        lam: float = 0.01,
        positive_prefactor: bool = True,
        negative_prefactor: bool = False,
        level: str = "utt",
        weight: NonNegativeFloat = 1.0,
    ):
        super().__init__(level, weight)
        self.alpha, self.beta, self.lam = alpha, beta, lam
        self.positive_prefactor, self.negative_prefactor = positive_prefactor, negative_prefactor

    def pair_loss(self, audio: Tensor, text: Tensor, labels: Tensor) -> Tensor:
        count = len(labels)
        slot, size = class_slots(labels)
        positives = size[slot]
        negatives = count - positives
        alpha, beta, lam = self.constants(labels, audio)
        positive_factor = self._prefactor(alpha, self.positive_prefactor)
        negative_factor = self._prefactor(beta, self.negative_prefactor)

        def anchors(
            rows: slice, audio: Tensor, text: Tensor, alpha: Tensor, beta: Tensor, lam: Tensor, pos: Tensor, neg: Tensor
        ) -> Tensor:
            # Rows of the similarity are text anchors, columns audio anchors: one product serves both terms.
            similarity = text[rows] @ audio.T
            same = labels[rows, None] == labels
            pull = torch.addcmul((alpha * lam)[rows, None], similarity, -alpha[rows, None])
            push = torch.addcmul(-beta * lam, similarity, beta)
            positive = extended_logsumexp(pull, same) * pos[rows]
            negative = mean_softplus(push, ~same, dim=0, count=negatives) * neg
            return (positive.sum() + negative.sum()) / count

        inputs = (unit(audio), unit(text), alpha, beta, lam, positive_factor, negative_factor)
        value = chunked_sum(anchors, count, count, *inputs)
        floor = (positive_factor.detach() * torch.log1p(positives)).mean()
        self.metrics = {"above_floor": value.detach() - floor}
        return value

    def constants(self, labels: Tensor, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Alpha, beta and lambda of each anchor, (M,) each, in the dtype and on the device of ``like``."""
        alpha, beta, lam = (like.new_full((len(labels),), value) for value in (self.alpha, self.beta, self.lam))
        return alpha, beta, lam

    @staticmethod
    def _prefactor(scale: Tensor, divide: bool) -> Tensor:
        return 1 / scale.clamp(min=SMALLEST_SCALE) if divide else torch.ones_like(scale)
