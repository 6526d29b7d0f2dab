"""SphereFace2 keyword classification."""

import math
from typing import Annotated

import torch
from torch import Tensor, nn

from kwskit.arguments import NonNegativeFloat, OneOf, PositiveFloat, PositiveInt, Probability, Range
from kwskit.losses.terms.else_msp import softplus
from kwskit.losses.terms.keyword_classifier import KeywordClassifier, multiplied, narrowed, widened
from kwskit.registry import register

# Margins of the official speaker-verification code for C and A; M is ours.
MARGINS = {"C": 0.2, "A": 0.15, "M": 1.5}
BIAS_INITS = ("zero", "balanced")


@register("loss", "sphereface2")
class SphereFace2(KeywordClassifier):
    """SphereFace2: one binary classifier per training word on the utterance's audio (Wen et al. 2022; Han et al. 2023).

    With c_j the cosine to the centre of word j and g(c) = 2 ((c + 1) / 2)^t - 1, the mean over utterances of
    lam log(1 + exp(-z_y)) + (1 - lam) sum_{j != y} log(1 + exp(z_j)), where
    C: z_y = s (g(c_y) - m) + b, z_j = s (g(c_j) + m) + b;
    A: z_y = s g(cos(theta_y + m)) + b, z_j = s g(cos(theta_j - m)) + b;
    M: z_y = s g(cos(min(m, pi / theta_y) theta_y)) + b, z_j = s g(c_j) + b (reconstruction).
    Wen et al.'s code has ``weight: 50 / s`` besides.

    Parameters
    ----------
    num_classes : number of training words, at least 2; word ids must lie below it
    dim : size of an utterance embedding
    margin_type : ``C``, ``A`` or ``M``
    margin : m, radians for A, a factor for M; default 0.2, 0.15 and 1.5
    scale : s; balance : lam; curvature : t of g, at least 1
    bias_init : ``zero`` as Han et al., or ``balanced``, where both gradients match at right angles (Wen et al.)
    detach_g : pass gradients as if g and the margin were the identity (Wen et al.'s code)
    margin_start, margin_end : shares of the training between which the margin grows to m; both 0 for m at once
    margin_growth : ``linear``, or ``exponential``, fast at first (wespeaker)
    sample_classes : words drawn for each batch besides its own, weighted so that the sum keeps its expectation;
        default all words. For vocabularies whose N x C cosines do not fit
    weight : factor of this loss in the total
    """

    def __init__(
        self,
        num_classes: PositiveInt,
        dim: PositiveInt = 256,
        margin_type: Annotated[str, OneOf(MARGINS)] = "C",
        margin: NonNegativeFloat | None = None,
        scale: PositiveFloat = 32.0,
        balance: Probability = 0.7,
        curvature: Annotated[float, Range(least=1)] = 3.0,
        bias_init: Annotated[str, OneOf(BIAS_INITS)] = "zero",
        detach_g: bool = False,
        margin_start: Probability = 0.0,
        margin_end: Probability = 0.0,
        margin_growth: str = "linear",
        sample_classes: PositiveInt | None = None,
        weight: NonNegativeFloat = 1.0,
    ):
        margin, none = MARGINS[margin_type] if margin is None else margin, 1.0 if margin_type == "M" else 0.0
        super().__init__(
            num_classes, dim, margin, none, 1, sample_classes, margin_start, margin_end, margin_growth, weight
        )
        self.margin_type, self.scale, self.balance = margin_type, scale, balance
        self.curvature, self.detach_g = curvature, detach_g
        self.bias = nn.Parameter(torch.tensor(self.balanced_bias() if bias_init == "balanced" else 0.0))

    def logits(self, cosine: Tensor, own: bool) -> Tensor:
        if self.detach_g:
            offset, power = self._warped(cosine.detach(), own, self.current_margin)
            cosine = cosine + (offset + 2 * power - cosine.detach())
            return torch.add(self.bias, cosine, alpha=self.scale)
        offset, power = self._warped(cosine, own, self.current_margin)
        return torch.add(self.bias + self.scale * offset, power, alpha=2 * self.scale)

    def utterance_losses(self, own: Tensor, others: Tensor, shares: Tensor | None) -> Tensor:
        push = softplus(others)
        push = push.sum(1) if shares is None else push @ shares
        return self.balance * softplus(-own) + (1 - self.balance) * push

    def balanced_bias(self) -> float:
        """The bias at which the full margin's gradients of own and other words balance at right angles (Wen et al.)."""
        right_angle = torch.zeros((), dtype=torch.float64)
        offsets_and_powers = (self._warped(right_angle, own, self.margin) for own in (True, False))
        own, other = (self.scale * (offset + 2 * float(power)) for offset, power in offsets_and_powers)
        z = self.balance / ((1 - self.balance) * (self.num_classes - 1))
        root = math.sqrt((1 - z) ** 2 + 4 * z * math.exp(own - other))
        return math.log(2 * z) - other - math.log(1 - z + root)

    def _warped(self, cosine: Tensor, own: bool, margin: float) -> tuple[float, Tensor]:
        """Offset and power, whose sum with the power doubled is g(cosine) with the margin, of own word or others.

        They are kept apart to save passes over N x C values.
        """
        offset = -1.0
        if self.margin_type == "C":
            offset += -margin if own else margin
        elif self.margin_type == "A":
            cosine = widened(cosine, margin) if own else narrowed(cosine, margin)
        elif own:
            cosine = multiplied(cosine, margin)
        half = cosine * 0.5 + 0.5
        if not float(self.curvature).is_integer():
            half = half.clamp(min=0)
        return offset, half.pow(self.curvature)
