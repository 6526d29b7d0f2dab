"""The base class of relational losses."""

from typing import Annotated

import torch
from torch import Tensor

from kwskit.arguments import NonNegativeFloat, OneOf
from kwskit.losses.base import PairwiseLoss
from kwskit.numerics import unit


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """(N, K) squared Euclidean distances of ``x`` (N, d) and ``y`` (K, d); coincident points are exactly 0 apart.

    Computed from inner products. Points closer than the rounding of these (3e-3 of the largest
    radius in float32) count as coincident and get no gradient.
    """
    # Distances ignore a common shift, and taking one off leaves fewer digits to cancel.
    shift = y.detach().mean(0)
    x, y = x - shift, y - shift
    x_norm, y_norm = x.square().sum(1), y.square().sum(1)
    squares = torch.addmm(x_norm[:, None] + y_norm, x, y.T, alpha=-2)
    rounding = 64 * torch.finfo(x.dtype).eps * torch.maximum(x_norm.detach().amax(), y_norm.detach().amax())
    return squares.masked_fill(squares.detach() <= rounding, 0.0)


def distances(x: Tensor, y: Tensor) -> Tensor:
    """(N, K) Euclidean distances of ``x`` (N, d) and ``y`` (K, d); 0 and no gradient where points coincide."""
    squares = squared_distances(x, y)
    apart = squares.detach() > 0
    return squares.masked_fill(~apart, 1.0).sqrt().masked_fill(~apart, 0.0)


def relative_to_mean(distance: Tensor) -> Tensor:
    """``distance`` over the mean of its positive entries (psi_D of Park et al. 2019); all 0 where there are none."""
    positive = (distance.detach() > 0).sum()
    smallest = torch.finfo(distance.dtype).tiny
    return distance * (positive / distance.sum().clamp(min=smallest))


REDUCTIONS = ("mean", "valid")


class RelationalLoss(PairwiseLoss):
    """A loss that compares how audio embeddings lie among themselves with how their text embeddings do.

    Parameters
    ----------
    normalize : scale embeddings to length 1 first, as scoring by cosine does
    detach_text : text only teaches and learns nothing here, as in RKD (Park et al. 2019)
    reduction : ``mean`` over all pairs or triples as in RKD's code, ``valid`` over those of distinct rows
    level : ``phn`` or ``utt``
    weight : factor of this loss in the total
    """

    def __init__(
        self,
        normalize: bool = True,
        detach_text: bool = False,
        reduction: Annotated[str, OneOf(REDUCTIONS)] = "mean",
        level: str = "utt",
        weight: NonNegativeFloat = 1.0,
    ):
        super().__init__(level, weight)
        self.normalize, self.detach_text, self.reduction = normalize, detach_text, reduction

    def pair_loss(self, audio: Tensor, text: Tensor, labels: Tensor) -> Tensor:
        text = text.detach() if self.detach_text else text
        if self.normalize:
            audio, text = unit(audio), unit(text)
        return self.relation_loss(audio, text, labels)

    def relation_loss(self, audio: Tensor, text: Tensor, labels: Tensor) -> Tensor:
        """Scalar loss of ``audio`` (M, d) and ``text`` (M, d) as the options ask for them, and ``labels`` (M,)."""
        raise NotImplementedError(f"{type(self).__name__} must define relation_loss(audio, text, labels)")
