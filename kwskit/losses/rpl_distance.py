"""Distance-wise relational proxy loss."""

import torch.nn.functional as F
from torch import Tensor

from kwskit.losses.terms.relational_loss import RelationalLoss, distances, relative_to_mean
from kwskit.registry import register


@register("loss", "rpl_distance")
class RelationalDistance(RelationalLoss):
    """RPL-D: pairs of audio embeddings lie as far apart, relatively, as their text embeddings.

    Mean over i, j of Huber(||a_i - a_j|| / mu_a - ||t_i - t_j|| / mu_t), mu the mean positive distance. It is
    blind to rotation, shift and scale, so it ties audio to text only next to a point-to-point loss.
    Jung et al. 2024 after RKD-D (Park et al. 2019); the assembly is a reconstruction.

    Parameters
    ----------
    normalize : scale embeddings to length 1 first, as scoring by cosine does
    detach_text : text only teaches and learns nothing here, as in RKD
    reduction : ``mean`` over all M^2 pairs as in RKD's code, ``valid`` over the pairs of distinct rows
    level : ``phn`` or ``utt``
    weight : factor of this loss in the total
    """

    def relation_loss(self, audio: Tensor, text: Tensor, labels: Tensor) -> Tensor:
        return distance_structure(audio, text, self.reduction)


def distance_structure(audio: Tensor, text: Tensor, reduction: str = "mean") -> Tensor:
    """Scalar RPL-D of points ``audio`` (M, d) and ``text`` (M, d); 0 where a modality has no two distinct points."""
    audio_distance, text_distance = distances(audio, audio), distances(text, text)
    total = F.smooth_l1_loss(relative_to_mean(audio_distance), relative_to_mean(text_distance), reduction="sum")
    count = len(audio)
    pairs = count * (count - 1) if reduction == "valid" else count * count
    return total * both_spread(audio_distance, text_distance) / max(pairs, 1)


def both_spread(audio_distance: Tensor, text_distance: Tensor) -> Tensor:
    """Scalar bool: both modalities have two distinct points, without which relative distances mean nothing."""
    return (audio_distance.detach() > 0).any() & (text_distance.detach() > 0).any()
