"""Symmetric contrastive loss of audio and text with a learnt temperature."""

from typing import Annotated

import torch
from torch import Tensor

from kwskit.arguments import NonNegativeFloat, OneOf
from kwskit.losses.base import PairwiseLoss
from kwskit.losses.terms.class_slots import class_slots, slot_means
from kwskit.losses.terms.info_nce import info_nce, info_nce_between
from kwskit.losses.terms.learnt_scale import LearntScale
from kwskit.numerics import unit
from kwskit.registry import register

POSITIVES = ("views", "diag", "multi_out", "multi_in", "unique_text")


@register("loss", "clap")
class Clap(PairwiseLoss):
    """CLAP: audio finds text and text finds audio by InfoNCE, mean of both, scale learnt (Elizalde et al. 2023; JMCL).

    With Z = exp(tau) S(a_i, t_j), half of CE(Z, identity) + CE(Z^T, identity). Several utterances of a word make
    false negatives of each other; ``positives`` says what is done about it:
    ``views``: utterance k of every word makes view k, and each view is contrasted apart (JMCL). The mean is over
    utterances, which is JMCL's mean over views where every word has equally many; a word with fewer is missing
    from the last views. Which utterances meet follows their order in the batch;
    ``diag``: nothing (CLIP, CLAP); ``multi_out``, ``multi_in``: all of the word are positives, see ``clat``;
    ``unique_text``: the mean text of each word is the only candidate of that word, so that audio to text is plain
    cross entropy, and text to audio ``multi_out`` over the word's utterances.

    Parameters
    ----------
    positives : one of the above
    log_scale : tau at the start; JMCL starts at 1, CLIP and LAION's CLAP at ln(1 / 0.07) = 2.6593
    max_log_scale : upper limit of tau; none in JMCL, ln 100 = 4.6052 in CLIP and LAION's CLAP
    level : ``phn`` or ``utt``
    weight : factor of this loss in the total; JMCL has 0.1 beside DWD's 1
    """

    def __init__(
        self,
        positives: Annotated[str, OneOf(POSITIVES)] = "views",
        log_scale: float = 1.0,
        max_log_scale: float | None = None,
        level: str = "utt",
        weight: NonNegativeFloat = 1.0,
    ):
        super().__init__(level, weight)
        self.positives = positives
        self.scale = LearntScale(log_scale, max_log_scale)

    def pair_loss(self, audio: Tensor, text: Tensor, labels: Tensor) -> Tensor:
        scale = self.scale()
        self.metrics = {"scale": scale.detach()}
        audio, text = unit(audio), unit(text)
        if self.positives != "unique_text":
            return info_nce_between(audio, text, labels, scale, self.positives, "symmetric")
        slot, size = class_slots(labels)
        words = unit(slot_means(text, slot, size))
        word_labels = torch.arange(len(words), device=slot.device).masked_fill(size == 0, -1)
        to_text = info_nce(audio, words, slot, word_labels, scale, "multi_out")
        to_audio = info_nce(words, audio, word_labels, slot, scale, "multi_out")
        return (to_text + to_audio) / 2
