"""Circle loss: a plugin, so that nothing in kwskit changes."""

import torch
import torch.nn.functional as F
from torch import Tensor

from kwskit.arguments import PositiveFloat
from kwskit.losses.base import PairwiseLoss
from kwskit.numerics import unit
from kwskit.registry import register


@register("loss", "circle")
class Circle(PairwiseLoss):
    """Circle loss between audio and text: each pair pulls or pushes as hard as it is wrong (Sun et al. 2020, eq. 6).

    Parameters
    ----------
    margin : m; positives aim above 1 - m, negatives below m
    gamma : scale
    level : ``phn`` or ``utt``
    weight : factor of this loss in the total
    """

    def __init__(self, margin: float = 0.25, gamma: PositiveFloat = 32.0, level: str = "utt", weight: float = 1.0):
        super().__init__(level, weight)
        self.margin, self.gamma = margin, gamma

    def pair_loss(self, audio: Tensor, text: Tensor, labels: Tensor) -> Tensor:
        cosine = unit(audio) @ unit(text).T
        same = labels[:, None] == labels
        pull = (1 + self.margin - cosine.detach()).clamp(min=0) * (1 - self.margin - cosine)
        push = (cosine.detach() + self.margin).clamp(min=0) * (cosine - self.margin)
        positive = torch.logsumexp((self.gamma * pull).masked_fill(~same, -1e9), dim=1)
        negative = torch.logsumexp((self.gamma * push).masked_fill(same, -1e9), dim=1)
        return F.softplus(positive + negative).mean()
