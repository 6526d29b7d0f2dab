"""SphereFace2 keyword classification."""

import math

import torch
from torch import Tensor, nn

from kwskit.batch import Embeddings
from kwskit.losses.base import Loss, unit
from kwskit.losses.class_slots import class_slots
from kwskit.losses.else_msp import softplus
from kwskit.registry import register

# Margins of the official speaker-verification code for C and A; M is ours.
MARGINS = {"C": 0.2, "A": 0.15, "M": 1.5}
BIAS_INITS = ("zero", "balanced")


@register("loss", "sphereface2")
class SphereFace2(Loss):
    """SphereFace2: one binary classifier per training word on the utterance's audio (Wen et al. 2022; Han et al. 2023).

    With c_j the cosine to the centre of word j and g(c) = 2 ((c + 1) / 2)^t - 1, the mean over utterances of
    lam log(1 + exp(-z_y)) + (1 - lam) sum_{j != y} log(1 + exp(z_j)), where
    C: z_y = s (g(c_y) - m) + b, z_j = s (g(c_j) + m) + b;
    A: z_y = s g(cos(theta_y + m)) + b, z_j = s g(cos(theta_j - m)) + b;
    M: z_y = s g(cos(min(m, pi / theta_y) theta_y)) + b, z_j = s g(c_j) + b (reconstruction).
    The head serves training only. ``metrics["target_cosine"]`` is the mean cosine to the own centre.

    Parameters
    ----------
    num_classes : number of training words, at least 2; word ids must lie below it
    dim : size of an utterance embedding
    margin_type : ``C``, ``A`` or ``M``
    margin : m, radians for A, a factor for M; default 0.2, 0.15 and 1.5
    scale : s; balance : lam; curvature : t of g, at least 1
    bias_init : ``zero`` as Han et al., or ``balanced``, where both gradients match at right angles (Wen et al.)
    detach_g : pass gradients as if g and the margin were the identity (Wen et al.'s code)
    margin_warmup : share of the training over which the margin grows from none to m, linearly; 0 for none
    sample_classes : other words drawn at random for each batch as negatives besides its own, weighted so that the
        sum keeps its expectation; default all. For vocabularies whose N x C cosines do not fit
    weight : factor of this loss in the total
    """

    def __init__(
        self,
        num_classes: int,
        dim: int = 256,
        margin_type: str = "C",
        margin: float | None = None,
        scale: float = 32.0,
        balance: float = 0.7,
        curvature: float = 3.0,
        bias_init: str = "zero",
        detach_g: bool = False,
        margin_warmup: float = 0.0,
        sample_classes: int | None = None,
        weight: float = 1.0,
    ):
        super().__init__(weight)
        if margin_type not in MARGINS:
            raise ValueError(f"margin_type must be one of {tuple(MARGINS)}, not {margin_type!r}")
        if bias_init not in BIAS_INITS:
            raise ValueError(f"bias_init must be one of {BIAS_INITS}, not {bias_init!r}")
        if num_classes < 2:
            raise ValueError(f"num_classes must be at least 2, not {num_classes}")
        if curvature < 1:
            raise ValueError(f"curvature must be at least 1, not {curvature}")
        if sample_classes is not None and sample_classes < 1:
            raise ValueError(f"sample_classes must be at least 1 or left out, not {sample_classes}")
        self.num_classes, self.margin_type = num_classes, margin_type
        self.scale, self.balance, self.curvature = scale, balance, curvature
        self.detach_g, self.margin_warmup, self.sample_classes = detach_g, margin_warmup, sample_classes
        self.margin = self.current_margin = MARGINS[margin_type] if margin is None else margin
        self.centres = nn.Parameter(nn.init.xavier_uniform_(torch.empty(num_classes, dim)))
        self.bias = nn.Parameter(torch.tensor(self.balanced_bias() if bias_init == "balanced" else 0.0))
        self.set_progress(0.0)

    def set_progress(self, progress: float) -> None:
        grown = min(1.0, progress / self.margin_warmup) if self.margin_warmup else 1.0
        none = 1.0 if self.margin_type == "M" else 0.0
        self.current_margin = none + grown * (self.margin - none)

    def compute(self, emb: Embeddings) -> Tensor:
        audio, words = unit(emb.audio), emb.word
        if len(words) == 0:
            return audio.sum() * 0.0
        target = (audio * unit(self.centres.index_select(0, words))).sum(1)
        self.metrics = {"target_cosine": target.detach().mean()}
        pull = softplus(-self._logit(target, own=True)).sum()
        push = self._all_others(audio, words) if self.sample_classes is None else self._sampled_others(audio, words)
        return (self.balance * pull + (1 - self.balance) * push) / len(words)

    def balanced_bias(self) -> float:
        """The bias at which the gradients of own and other words balance at right angles (Wen et al. 2022)."""
        right_angle = torch.zeros((), dtype=torch.float64)
        own, other = (self.scale * float(self._warp(right_angle, own)) for own in (True, False))
        z = self.balance / ((1 - self.balance) * (self.num_classes - 1))
        root = math.sqrt((1 - z) ** 2 + 4 * z * math.exp(own - other))
        return math.log(2 * z) - other - math.log(1 - z + root)

    def _all_others(self, audio: Tensor, words: Tensor) -> Tensor:
        logits = self._logit(audio @ unit(self.centres).T, own=False)
        return softplus(logits.scatter_(1, words[:, None], -torch.inf)).sum()

    def _sampled_others(self, audio: Tensor, words: Tensor) -> Tensor:
        slot, size = class_slots(words)
        drawn = torch.randperm(self.num_classes, device=words.device)[: self.sample_classes]
        in_batch = torch.zeros(self.num_classes, dtype=torch.bool, device=words.device).index_fill(0, words, True)
        fresh = ~in_batch[drawn]
        absent = self.num_classes - (size > 0).sum()
        # The batch's words count once each, and what was drawn stands for all words outside the batch.
        shares = torch.cat([size[slot].to(audio).reciprocal(), fresh * (absent.to(audio) / fresh.sum().clamp(min=1))])
        columns = torch.cat([words, drawn])
        logits = self._logit(audio @ unit(self.centres.index_select(0, columns)).T, own=False)
        return (softplus(logits.masked_fill_(words[:, None] == columns, -torch.inf)) @ shares).sum()

    def _logit(self, cosine: Tensor, own: bool) -> Tensor:
        if self.detach_g:
            cosine = cosine + (self._warp(cosine.detach(), own) - cosine.detach())
            return torch.add(self.bias, cosine, alpha=self.scale)
        offset, power = self._offset_and_power(cosine, own)
        return torch.add(self.bias + self.scale * offset, power, alpha=2 * self.scale)

    def _warp(self, cosine: Tensor, own: bool) -> Tensor:
        """The cosine after g and the margin, for the own word or for others."""
        offset, power = self._offset_and_power(cosine, own)
        return 2 * power + offset

    def _offset_and_power(self, cosine: Tensor, own: bool) -> tuple[float, Tensor]:
        """g(cosine) with the margin is twice the power plus the offset; kept apart to save passes over N x C."""
        margin, offset = self.current_margin, -1.0
        if self.margin_type == "C":
            offset += -margin if own else margin
        elif self.margin_type == "A":
            cosine = _further(cosine, margin) if own else _nearer(cosine, margin)
        elif own:
            cosine = torch.cos((margin * torch.acos(_inside(cosine))).clamp(max=math.pi))
        half = cosine * 0.5 + 0.5
        if not float(self.curvature).is_integer():
            half = half.clamp(min=0)
        return offset, half.pow(self.curvature)


def _further(cosine: Tensor, margin: float) -> Tensor:
    """cos(theta + margin), continued by a shift where theta + margin would pass pi (wespeaker's fallback)."""
    turned = cosine * math.cos(margin) - _sine(cosine) * math.sin(margin)
    last = math.cos(math.pi - margin)
    return torch.where(cosine > last, turned, cosine - (1 + last))


def _nearer(cosine: Tensor, margin: float) -> Tensor:
    """cos(theta - margin)."""
    return cosine * math.cos(margin) + _sine(cosine) * math.sin(margin)


def _sine(cosine: Tensor) -> Tensor:
    return torch.sqrt(1 - _inside(cosine).square())


def _inside(cosine: Tensor) -> Tensor:
    """Cosines kept clear of -1 and 1, where the slope of the angle is infinite."""
    return cosine.clamp(-1 + 1e-7, 1 - 1e-7)
