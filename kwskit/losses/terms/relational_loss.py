"""The base class of relational losses."""

from torch import Tensor

from kwskit.losses.base import PairwiseLoss
from kwskit.numerics import unit

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
        reduction: str = "mean",
        level: str = "utt",
        weight: float = 1.0,
    ):
        super().__init__(level, weight)
        if reduction not in REDUCTIONS:
            raise ValueError(f"reduction must be one of {REDUCTIONS}, not {reduction!r}")
        self.normalize, self.detach_text, self.reduction = normalize, detach_text, reduction

    def pair_loss(self, audio: Tensor, text: Tensor, labels: Tensor) -> Tensor:
        text = text.detach() if self.detach_text else text
        if self.normalize:
            audio, text = unit(audio), unit(text)
        return self.relation_loss(audio, text, labels)

    def relation_loss(self, audio: Tensor, text: Tensor, labels: Tensor) -> Tensor:
        """Scalar loss of ``audio`` (M, d) and ``text`` (M, d) as the options ask for them, and ``labels`` (M,)."""
        raise NotImplementedError(f"{type(self).__name__} must define relation_loss(audio, text, labels)")
