"""Angle-wise relational proxy loss."""

from typing import Annotated

import torch
from torch import Tensor

from kwskit.arguments import NonNegativeFloat, OneOf
from kwskit.losses.terms.angle_structure import angle_structure
from kwskit.losses.terms.class_slots import class_means
from kwskit.losses.terms.relational_loss import RelationalLoss, squared_distances
from kwskit.registry import register

POINTS = ("utterances", "keywords")


@register("loss", "rpl_angle")
class RelationalAngle(RelationalLoss):
    """RPL-A: triples of audio embeddings span the same angles as their text embeddings.

    Mean over i, j, k of Huber(psi(a_i, a_j, a_k) - psi(t_i, t_j, t_k)), psi the cosine of the angle at j. It is
    blind to rotation, shift and scale. Jung et al. 2024 after RKD-A (Park et al. 2019); the
    assembly is a reconstruction. All triples are visited, M^3/2 values, in bounded memory.

    Parameters
    ----------
    points : ``utterances`` compares all rows, ``keywords`` the mean row of each class: 1/8 of the triples at two
        utterances a word, but an accelerator has to tell the host the number of classes
    mask_same_word : leave out edges inside a class and between homophones: the text's length there is 0, which RKD's
        convention turns into a right angle, pushing utterances of one sound apart
    normalize : scale embeddings to length 1 first, as scoring by cosine does
    detach_text : text only teaches and learns nothing here, as in RKD
    reduction : ``mean`` over all M^3 triples as in RKD's code, ``valid`` over those of distinct rows not left out
    level : ``phn`` (points must be ``keywords``, here the phonemes) or ``utt``
    weight : factor of this loss in the total
    """

    def __init__(
        self,
        points: Annotated[str, OneOf(POINTS)] = "utterances",
        mask_same_word: bool = True,
        normalize: bool = True,
        detach_text: bool = False,
        reduction: str = "mean",
        level: str = "utt",
        weight: NonNegativeFloat = 1.0,
    ):
        super().__init__(normalize, detach_text, reduction, level, weight)
        if level == "phn" and points != "keywords":
            raise ValueError("level phn has thousands of tokens, and their cube of angles; give points: keywords")
        self.points, self.mask_same_word = points, mask_same_word

    def relation_loss(self, audio: Tensor, text: Tensor, labels: Tensor) -> Tensor:
        if self.points == "keywords":
            audio, text = class_means(labels, audio, text)
            labels = torch.arange(len(audio), device=audio.device)
        return mean_angle_difference(audio, text, labels if self.mask_same_word else None, self.reduction)


def mean_angle_difference(audio: Tensor, text: Tensor, labels: Tensor | None = None, reduction: str = "mean") -> Tensor:
    """Scalar RPL-A of points ``audio`` (M, d) and ``text`` (M, d).

    Given ``labels`` (M,), edges inside a class or between coinciding texts are left out.
    """
    count = len(audio)
    apart = ~torch.eye(count, dtype=torch.bool, device=audio.device)
    if labels is not None:
        apart &= (labels[:, None] != labels) & (squared_distances(text.detach(), text.detach()) > 0)
    total = angle_structure(audio, text, apart)
    if reduction == "mean":
        return total / count**3
    edges = apart.sum(1)
    return total / (edges * (edges - 1)).sum().clamp(min=1)
