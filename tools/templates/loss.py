"""A hinge on unlike pairs: the loss my_part."""

from torch import Tensor
from torch.nn import functional as F

from kwskit.arguments import NonNegativeFloat
from kwskit.losses.base import PairwiseLoss
from kwskit.registry import register


@register("loss", "my_part")
class MyPart(PairwiseLoss):
    """Mean over pairs of ``max(0, cosine - margin)`` of the unlike ones (ours).

    Parameters
    ----------
    margin : cosine that an unlike pair may have
    level : ``phn`` or ``utt``
    weight : factor of this loss in the total
    """

    def __init__(self, margin: NonNegativeFloat = 0.2, level: str = "utt", weight: NonNegativeFloat = 1.0):
        super().__init__(level, weight)
        self.margin = margin

    def pair_loss(self, audio: Tensor, text: Tensor, labels: Tensor) -> Tensor:
        cosines = F.normalize(audio, dim=-1) @ F.normalize(text, dim=-1).T
        unlike = labels[:, None] != labels
        return ((cosines - self.margin).relu() * unlike).mean()
