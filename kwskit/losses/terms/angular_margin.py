"""Cosines of angles that a margin has widened or narrowed."""

import math

import torch
from torch import Tensor

# What becomes of the own word's cosine where the angle plus the margin would pass pi.
FALLBACKS = ("continuous", "classic", "easy_margin")


def widened(cosine: Tensor, margin: float, fallback: str = "continuous") -> Tensor:
    """cos(theta + margin), with a ``fallback`` where the angle is too wide (Deng et al. 2019).

    Beyond pi - margin: ``continuous`` is cos(theta) - (1 + cos(pi - margin)), which joins without a step (wespeaker);
    ``classic`` is cos(theta) - margin sin(margin). ``easy_margin`` is the bare cosine beyond a right angle.

    Parameters
    ----------
    cosine : any shape; margin : radians
    """
    turned = cosine * math.cos(margin) - _sine(cosine) * math.sin(margin)
    if fallback == "easy_margin":
        return torch.where(cosine > 0, turned, cosine)
    last = math.cos(math.pi - margin)
    shift = margin * math.sin(margin) if fallback == "classic" else 1 + last
    return torch.where(cosine > last, turned, cosine - shift)


def narrowed(cosine: Tensor, margin: float) -> Tensor:
    """cos(theta - margin), also where theta is below the margin, for ``cosine`` of any shape; margin in radians."""
    return cosine * math.cos(margin) + _sine(cosine) * math.sin(margin)


def multiplied(cosine: Tensor, factor: float) -> Tensor:
    """cos(factor * theta), held at -1 once factor * theta passes pi, for ``cosine`` of any shape (reconstruction)."""
    return torch.cos((factor * torch.acos(_inside(cosine))).clamp(max=math.pi))


def _sine(cosine: Tensor) -> Tensor:
    return torch.sqrt(1 - _inside(cosine).square())


def _inside(cosine: Tensor) -> Tensor:
    """Cosines kept clear of -1 and 1, where the slope of the angle is infinite."""
    return cosine.clamp(-1 + 1e-7, 1 - 1e-7)
