"""Contrastive loss between utterances of words."""

from typing import Annotated

from torch import Tensor

from kwskit.arguments import NonNegativeFloat, OneOf, PositiveFloat
from kwskit.losses.terms.audio_loss import AudioLoss
from kwskit.losses.terms.info_nce import info_nce
from kwskit.numerics import unit
from kwskit.registry import register

POSITIVES = ("multi_out", "multi_in")


@register("loss", "acoustic_contrastive")
class AcousticContrastive(AudioLoss):
    """Supervised contrastive loss between utterances, the words of the batch as classes (Khosla et al. 2020).

    The mean over utterances i that have another of their word of -log p_j, p the softmax of S_ij / tau over all
    j != i, S the cosine, j of the same word. With two utterances a word this is NT-Xent (Sohn 2016; Chen et al.
    2020), the contrastive baseline of JMCL's table; its temperature there is a reconstruction.

    Parameters
    ----------
    temperature : tau, > 0
    positives : of several, ``multi_out`` (mean of -log p_j) or ``multi_in`` (-log of the summed p_j)
    weight : factor of this loss in the total
    """

    def __init__(
        self,
        temperature: PositiveFloat = 0.1,
        positives: Annotated[str, OneOf(POSITIVES)] = "multi_out",
        weight: NonNegativeFloat = 1.0,
    ):
        super().__init__(weight)
        self.temperature, self.positives = temperature, positives

    def audio_loss(self, audio: Tensor, words: Tensor) -> Tensor:
        audio = unit(audio)
        scale = audio.new_full((), 1 / self.temperature)
        return info_nce(audio, audio, words, words, scale, self.positives, skip_self=True)
