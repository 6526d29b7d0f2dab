"""Is the text what is spoken: cross entropy of pairs."""

import torch
import torch.nn.functional as F
from torch import Tensor

from kwskit.embeddings import Embeddings
from kwskit.losses.base import Loss
from kwskit.registry import register


@register("loss", "detection")
class Detection(Loss):
    """Binary cross entropy of a matcher's scores, taken as logits (CMCD, PhonMatchNet).

    Mean over the batch's pairs that the matcher can align; ln 2 where all logits are 0. ``metrics["accuracy"]`` is
    the share of pairs judged right at logit 0.

    Parameters
    ----------
    weight : factor of this loss in the total
    """

    def compute(self, emb: Embeddings) -> Tensor:
        logit, used = emb.match.score, emb.match.feasible
        if len(logit) == 0:
            return logit.sum() * 0.0
        matched = torch.ones_like(logit, dtype=torch.bool) if emb.matched is None else emb.matched
        self.metrics = {"accuracy": ((logit.detach() > 0) == matched).float().mean()}
        # A matched pair that no alignment fits would cost thousands, and teach nothing.
        each = F.binary_cross_entropy_with_logits(logit, matched.to(logit), reduction="none")
        return each.masked_fill(~used, 0.0).sum() / used.sum().clamp(min=1)
