"""Base class of keyword classification."""

import math
from typing import Annotated

import torch
from torch import Tensor, nn

from kwskit.arguments import NonNegativeFloat, OneOf, PositiveInt, Probability, Range
from kwskit.losses.terms.audio_loss import AudioLoss
from kwskit.losses.terms.class_slots import class_slots
from kwskit.numerics import unit

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


GROWTHS = ("linear", "exponential")


class KeywordClassifier(AudioLoss):
    """A loss that tells the training words apart by their audio, each word having a centre, or several.

    Here are the centres, the drawing of words where N x C cosines do not fit, and the margin that grows; a subclass
    says what it makes of cosines in :meth:`logits` and :meth:`utterance_losses`. The classifier serves training
    only. ``metrics["target_cosine"]`` is the mean cosine to the own centre.

    With ``sample_classes``, the words of the batch and as many others, drawn anew each time, stand for all. Of K drawn
    from A words outside the batch each counts A / K times, so that any sum over words keeps its expectation (ours).
    No array of N x C values is made; the centres' gradient has C x d.

    Parameters
    ----------
    num_classes : number of training words C, at least 2; word ids must lie below it
    dim : size of an utterance embedding
    margin : the full margin
    no_margin : the margin that does nothing
    sub_centres : centres of a word, the nearest of which counts (Deng et al. 2020)
    sample_classes : words drawn for each batch besides its own; None for all words
    margin_start, margin_end : shares of the training between which the margin grows; both 0 for the full one at once
    margin_growth : ``linear``, or ``exponential``: all but 0.001^u of it at a share u of the way (wespeaker)
    weight : factor of this loss in the total
    """

    def __init__(
        self,
        num_classes: Annotated[int, Range(least=2)],
        dim: PositiveInt,
        margin: NonNegativeFloat,
        no_margin: float = 0.0,
        sub_centres: PositiveInt = 1,
        sample_classes: PositiveInt | None = None,
        margin_start: Probability = 0.0,
        margin_end: Probability = 0.0,
        margin_growth: Annotated[str, OneOf(GROWTHS)] = "linear",
        weight: NonNegativeFloat = 1.0,
    ):
        super().__init__(weight)
        if margin_start > margin_end:
            raise ValueError(f"margin_start must be at most margin_end, not {margin_start} and {margin_end}")
        self.num_classes, self.sub_centres, self.sample_classes = num_classes, sub_centres, sample_classes
        self.margin, self.no_margin = margin, no_margin
        self.margin_start, self.margin_end, self.margin_growth = margin_start, margin_end, margin_growth
        self.centres = nn.Parameter(nn.init.xavier_uniform_(torch.empty(num_classes, sub_centres * dim)))
        self.set_progress(0.0)

    def set_progress(self, progress: float) -> None:
        if progress >= self.margin_end:
            self.grown = 1.0
        else:
            way = max(0.0, progress - self.margin_start) / (self.margin_end - self.margin_start)
            self.grown = way if self.margin_growth == "linear" else 1 - 0.001**way
        self.current_margin = self.no_margin + self.grown * (self.margin - self.no_margin)

    def audio_loss(self, audio: Tensor, words: Tensor) -> Tensor:
        audio = unit(audio)
        # Own cosines are computed apart: gathered from N x C, they would cost another N x C backwards.
        own = (audio[:, None] * self._directions(words)).sum(2).amax(1)
        self.metrics = {"target_cosine": own.detach().mean()}
        if self.sample_classes is None:
            column, shares, centres = words, None, unit(self.centres.unflatten(1, (self.sub_centres, -1)))
        else:
            column, drawn, shares = self._draw(words)
            centres = self._directions(drawn)
        others = self.logits(self._cosines(audio, centres), own=False).scatter_(1, column[:, None], -torch.inf)
        if shares is not None:
            others = others.masked_fill_(shares == 0, -torch.inf)
        return self.utterance_losses(self.logits(own, own=True), others, shares).mean()

    def logits(self, cosine: Tensor, own: bool) -> Tensor:
        """Logits of ``cosine`` (any shape) to the utterances' own words or to others, with the current margin."""
        raise NotImplementedError(f"{type(self).__name__} must define logits(cosine, own)")

    def utterance_losses(self, own: Tensor, others: Tensor, shares: Tensor | None) -> Tensor:
        """(N,) losses of logits ``own`` (N,) of the own word and ``others`` (N, n), -inf where there is no other word.

        ``shares`` (n,) says how many words each column stands for; None where each stands for itself.
        """
        raise NotImplementedError(f"{type(self).__name__} must define utterance_losses(own, others, shares)")

    def _directions(self, words: Tensor) -> Tensor:
        """(n, K, d) unit centres of ``words`` (n,)."""
        return unit(self.centres.index_select(0, words).unflatten(1, (self.sub_centres, -1)))

    def _cosines(self, audio: Tensor, centres: Tensor) -> Tensor:
        """(N, n) cosines of unit ``audio`` (N, d) to the nearest of each word's ``centres`` (n, K, d)."""
        cosines = audio @ centres.flatten(0, 1).T
        return cosines if self.sub_centres == 1 else cosines.unflatten(1, (-1, self.sub_centres)).amax(2)

    def _draw(self, words: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Column (N,) of each own word, the words (n,) of all columns, and how many words each stands for (n,)."""
        slot, size = class_slots(words)
        in_batch = torch.zeros_like(words).index_copy(0, slot, words)
        lot, drawn = (
            torch.rand(self.num_classes, device=words.device)
            .index_fill(0, words, -1.0)
            .topk(min(self.sample_classes or 0, self.num_classes))
        )
        used, fresh = size > 0, lot >= 0
        absent = (self.num_classes - used.sum()).to(self.centres.dtype)
        shares = torch.cat([used.to(absent.dtype), fresh * (absent / fresh.sum().clamp(min=1))])
        return slot, torch.cat([in_batch, drawn]), shares
