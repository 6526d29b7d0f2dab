"""AsyP whose scales and margins are learnt per class."""

import math
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kwskit.arguments import NonNegativeFloat, OneOf, PositiveFloat, PositiveInt
from kwskit.losses.asyp import SMALLEST_SCALE, AsyP
from kwskit.registry import register

PARAMETRISATIONS = ("softplus", "exp", "raw")


@register("loss", "asyp_adams")
class AsyPAdaMS(AsyP):
    """AsyP with alpha, beta and lambda learnt for each class of the anchor (AdaMS, Jung & Kim 2023; ADML section 3.1).

    Only "learnable per class" and the starting values are ADML's; the parametrisations, the clamp of
    lambda and the tags below are ours. Classes absent from a batch get a zero gradient; the tables carry
    ``weight_decay = 0.0``, so that AdamW does not shrink them, and ``max_grad_norm = 1.0``, because the gradient
    by alpha is of the order of 1/alpha^2. Descent always raises alpha (its gradient is minus an entropy over alpha^2).

    Parameters
    ----------
    num_classes : number of token ids at level ``phn``, of words at level ``utt``
    alpha, beta, lam : starting values
    parametrisation : ``softplus`` (alpha = softplus(table) + 1e-4, beta likewise, lambda clamped to [-1, 1]),
        ``exp`` (alpha = exp(table), beta likewise, lambda clamped) or ``raw`` (the tables themselves, unconstrained)
    positive_prefactor : multiply the positive term by 1/alpha, as ADML does
    negative_prefactor : multiply the negative term by 1/beta
    level : ``phn`` or ``utt``
    weight : factor of this loss in the total
    """

    def __init__(
        self,
        num_classes: PositiveInt,
        alpha: PositiveFloat = 0.01,
        beta: PositiveFloat = 1.5,
        lam: float = 0.01,
        parametrisation: Annotated[str, OneOf(PARAMETRISATIONS)] = "softplus",
        positive_prefactor: bool = True,
        negative_prefactor: bool = False,
        level: str = "phn",
        weight: NonNegativeFloat = 1.0,
    ):
        super().__init__(alpha, beta, lam, positive_prefactor, negative_prefactor, level, weight)
        if parametrisation == "softplus" and min(alpha, beta) <= SMALLEST_SCALE:
            raise ValueError(f"alpha and beta must be above {SMALLEST_SCALE}, not {alpha} and {beta}")
        self.parametrisation = parametrisation
        self.alpha_table = self._table(num_classes, self._inverse(alpha))
        self.beta_table = self._table(num_classes, self._inverse(beta))
        self.lam_table = self._table(num_classes, lam)

    def constants(self, labels: Tensor, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        # Looked up before they are mapped, so that the work follows the batch and not the vocabulary.
        alpha, beta, lam = (
            table.index_select(0, labels).to(like.dtype)
            for table in (self.alpha_table, self.beta_table, self.lam_table)
        )
        if self.parametrisation == "raw":
            return alpha, beta, lam
        return self._scale(alpha), self._scale(beta), lam.clamp(-1, 1)

    def _scale(self, table: Tensor) -> Tensor:
        return table.exp() if self.parametrisation == "exp" else F.softplus(table) + SMALLEST_SCALE

    def _inverse(self, scale: float) -> float:
        if self.parametrisation == "raw":
            return scale
        if self.parametrisation == "exp":
            return math.log(scale)
        above = scale - SMALLEST_SCALE
        return above + math.log(-math.expm1(-above))

    @staticmethod
    def _table(num_classes: int, value: float) -> nn.Parameter:
        table = nn.Parameter(torch.full((num_classes,), float(value)))
        table.weight_decay = 0.0  # type: ignore[attr-defined]
        table.max_grad_norm = 1.0  # type: ignore[attr-defined]
        return table
