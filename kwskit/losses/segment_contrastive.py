"""Contrastive loss on the distance of segments and tokens."""

from torch import Tensor

from kwskit.arguments import NonNegativeFloat, PositiveFloat
from kwskit.embeddings import Embeddings
from kwskit.losses.base import Loss
from kwskit.registry import register


@register("loss", "segment_contrastive")
class SegmentContrastive(Loss):
    """EMKWS: matched pairs come close, unmatched ones go a margin apart (Nishu et al. 2023; Hadsell et al. 2006).

    With D the mean distance of segments and their tokens (``!matcher:segment_distance``, whose score is -D), the mean
    over pairs of D^2 where text and speech match and of max(0, margin - D)^2 where they do not; all
    pairs match where ``emb.matched`` is None. Pairs with fewer frames than tokens are left out. The form is a
    reconstruction.

    Parameters
    ----------
    margin : the distance that unmatched pairs need not exceed, > 0
    weight : factor of this loss in the total
    """

    def __init__(self, margin: PositiveFloat = 1.0, weight: NonNegativeFloat = 1.0):
        super().__init__(weight)
        self.margin = margin

    def compute(self, emb: Embeddings) -> Tensor:
        score, used = emb.match.score, emb.match.feasible
        distance = -score.masked_fill(~used, 0.0)
        matched = used if emb.matched is None else emb.matched
        pull, push = distance.square(), (self.margin - distance).clamp(min=0.0).square()
        cost = pull.where(matched, push).masked_fill(~used, 0.0)
        count = used.sum().clamp(min=1)
        self.metrics = {"distance_matched": mean_where(distance, used & matched)}
        self.metrics["distance_unmatched"] = mean_where(distance, used & ~matched)
        return cost.sum() / count


def mean_where(x: Tensor, mask: Tensor) -> Tensor:
    """Mean, without gradient, of the entries of ``x`` where ``mask``; 0 where there is none."""
    return x.detach().masked_fill(~mask, 0.0).sum() / mask.sum().clamp(min=1)
