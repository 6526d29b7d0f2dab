"""What Proxy-BD and Proxy-MS share."""

from typing import Annotated

from torch import Tensor

from kwskit.arguments import NonNegativeFloat, OneOf, PositiveFloat
from kwskit.losses.base import PairwiseLoss
from kwskit.losses.terms.chunked_sum import chunked_sum
from kwskit.numerics import unit

ANCHORS = ("audio", "text")


class ProxyPairs(PairwiseLoss):
    """A loss of one modality's rows as anchors, the other's as proxies: the mean over anchors of what each sees.

    Parameters
    ----------
    alpha, beta : scales of positive and negative pairs, > 0; lam : margin, a cosine
    anchor : ``audio`` or ``text``
    level : ``phn`` or ``utt``
    weight : factor of this loss in the total
    """

    def __init__(
        self,
        alpha: PositiveFloat = 2.0,
        beta: PositiveFloat = 40.0,
        lam: float = 0.5,
        anchor: Annotated[str, OneOf(ANCHORS)] = "audio",
        level: str = "utt",
        weight: NonNegativeFloat = 1.0,
    ):
        super().__init__(level, weight)
        self.alpha, self.beta, self.lam, self.anchor = alpha, beta, lam, anchor

    def pair_loss(self, audio: Tensor, text: Tensor, labels: Tensor) -> Tensor:
        anchors, proxies = (audio, text) if self.anchor == "audio" else (text, audio)
        count = len(labels)

        def terms(rows: slice, anchors: Tensor, proxies: Tensor) -> Tensor:
            return self.anchor_terms(anchors[rows] @ proxies.T, labels[rows, None] == labels).sum()

        return chunked_sum(terms, count, count, unit(anchors), unit(proxies)) / count

    def anchor_terms(self, similarity: Tensor, same: Tensor) -> Tensor:
        """(R,) losses of R anchors with cosines ``similarity`` (R, M) to the proxies, ``same`` where labels agree."""
        raise NotImplementedError(f"{type(self).__name__} must define anchor_terms(similarity, same)")
