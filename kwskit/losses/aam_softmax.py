"""AAM-softmax keyword classification."""

import math
from typing import Annotated

from torch import Tensor

from kwskit.arguments import NonNegativeFloat, NonNegativeInt, OneOf, PositiveFloat, PositiveInt, Probability, Range
from kwskit.losses.terms.else_msp import softplus
from kwskit.losses.terms.keyword_classifier import FALLBACKS, KeywordClassifier, narrowed, widened
from kwskit.registry import register


@register("loss", "aam_softmax")
class AAMSoftmax(KeywordClassifier):
    """AAM-softmax, or ArcFace: cross entropy over training words, the own angle widened by a margin (Deng et al. 2019).

    With c_j the cosine to the centre of word j, the mean over utterances of
    -log(exp(s phi) / (exp(s phi) + sum_{j != y} exp(s c_j))), phi = cos(theta_y + m). Optional: several centres a word
    (Deng et al. 2020), and a smaller margin against the nearest other words (inter-top-k, Zhao et al. 2022).
    With drawn classes the sum over other words keeps its expectation, the logarithm of it only nearly.

    Parameters
    ----------
    num_classes : number of training words, at least 2; word ids must lie below it
    dim : size of an utterance embedding
    margin : m, radians
    scale : s
    sub_centres : centres of a word, the nearest of which counts
    fallback : where theta_y + m would pass pi, ``continuous`` (wespeaker) or ``classic`` (Deng et al.); or
        ``easy_margin``: no margin beyond a right angle
    inter_top_k : how many of the nearest other words get cos(theta_j - inter_top_k_margin) for c_j
    inter_top_k_margin : radians; grows along with the margin
    margin_start, margin_end : shares of the training between which the margin grows from 0 to m; both 0 for m at once
    margin_growth : ``linear``, or ``exponential``, fast at first (wespeaker)
    sample_classes : words drawn for each batch besides its own, standing for all; default all words.
        For vocabularies whose N x C cosines do not fit
    weight : factor of this loss in the total
    """

    def __init__(
        self,
        num_classes: PositiveInt,
        dim: PositiveInt = 256,
        margin: Annotated[float, Range(least=0, below=math.pi)] = 0.2,
        scale: PositiveFloat = 32.0,
        sub_centres: PositiveInt = 1,
        fallback: Annotated[str, OneOf(FALLBACKS)] = "continuous",
        inter_top_k: NonNegativeInt = 0,
        inter_top_k_margin: NonNegativeFloat = 0.06,
        margin_start: Probability = 0.0,
        margin_end: Probability = 0.0,
        margin_growth: str = "linear",
        sample_classes: PositiveInt | None = None,
        weight: NonNegativeFloat = 1.0,
    ):
        super().__init__(
            num_classes, dim, margin, 0.0, sub_centres, sample_classes, margin_start, margin_end, margin_growth, weight
        )
        self.scale, self.fallback = scale, fallback
        self.inter_top_k, self.inter_top_k_margin = inter_top_k, inter_top_k_margin

    def logits(self, cosine: Tensor, own: bool) -> Tensor:
        return self.scale * (widened(cosine, self.current_margin, self.fallback) if own else cosine)

    def utterance_losses(self, own: Tensor, others: Tensor, shares: Tensor | None) -> Tensor:
        if self.inter_top_k:
            logits, places = others.topk(min(self.inter_top_k, others.shape[1]), dim=1)
            penalised = self.scale * narrowed(logits / self.scale, self.grown * self.inter_top_k_margin)
            others = others.scatter(1, places, penalised)
        if shares is not None:
            others = others + shares.log()
        # -log(e^own / (e^own + sum e^others)) as one softplus.
        return softplus(others.logsumexp(1) - own)
