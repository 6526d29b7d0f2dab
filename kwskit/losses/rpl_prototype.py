"""Prototypical relational proxy loss."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor

from kwskit.arguments import NonNegativeFloat, OneOf, PositiveFloat
from kwskit.losses.rpl_angle import mean_angle_difference
from kwskit.losses.rpl_distance import both_spread, distance_structure
from kwskit.losses.terms.class_slots import class_means, class_slots, slot_means
from kwskit.losses.terms.relational_loss import RelationalLoss, distances, relative_to_mean, squared_distances
from kwskit.registry import register

MODES = ("softmax_centroid", "softmax_proxy", "centroid_relation", "proxy_row")


@register("loss", "rpl_prototype")
class RelationalPrototype(RelationalLoss):
    """RPL-P: the keywords of the batch as prototypes, in one of four readings (Jung et al. 2024; reconstruction).

    With c_k the mean audio of keyword k and t_k its text:
    ``softmax_centroid``: each t_k finds its own c_k by a softmax over -scale ||t_k - c_l||^2 (prototypical network);
    ``softmax_proxy``: each a_i finds the text of its word by a softmax over -scale ||a_i - t_l||^2;
    ``centroid_relation``: RPL-D plus RPL-A of the c_k against the t_k;
    ``proxy_row``: Huber between the relative distances ||a_i - t_l|| and ||t_{y_i} - t_l||.
    Only the first two and the last tie audio to text; ``centroid_relation`` is blind to rotation.

    Parameters
    ----------
    mode : one of the four above
    scale : factor of the squared distance in the softmax, > 0; larger tells near keywords apart
    normalize : scale embeddings to length 1 first (centroids are not scaled again)
    detach_text : text only teaches and learns nothing here
    reduction : of ``centroid_relation``; ``mean`` over all pairs and triples, ``valid`` over distinct ones
    level : ``phn`` (prototypes are then phonemes) or ``utt``
    weight : factor of this loss in the total
    """

    def __init__(
        self,
        mode: Annotated[str, OneOf(MODES)] = "softmax_centroid",
        scale: PositiveFloat = 1.0,
        normalize: bool = True,
        detach_text: bool = False,
        reduction: str = "mean",
        level: str = "utt",
        weight: NonNegativeFloat = 1.0,
    ):
        super().__init__(normalize, detach_text, reduction, level, weight)
        self.mode, self.scale = mode, scale

    def relation_loss(self, audio: Tensor, text: Tensor, labels: Tensor) -> Tensor:
        if self.mode == "centroid_relation":
            centroids, proxies = class_means(labels, audio, text)
            return distance_structure(centroids, proxies, self.reduction) + mean_angle_difference(
                centroids, proxies, reduction=self.reduction
            )
        slot, size = class_slots(labels)
        # A word's pronunciations may differ inside the batch: its proxy is their mean.
        proxies, used = slot_means(text, slot, size), size > 0
        if self.mode == "softmax_centroid":
            return self._softmax_centroid(slot_means(audio, slot, size), proxies, used)
        if self.mode == "softmax_proxy":
            logits = -self.scale * squared_distances(audio, proxies)
            return F.cross_entropy(logits.masked_fill(~used, float("-inf")), slot)
        return self._proxy_row(audio, proxies, slot, used)

    def _softmax_centroid(self, centroids: Tensor, proxies: Tensor, used: Tensor) -> Tensor:
        logits = -self.scale * squared_distances(proxies, centroids)
        own = logits.diagonal()
        surprise = logits.masked_fill(~used, float("-inf")).logsumexp(1) - own
        return surprise.masked_fill(~used, 0.0).sum() / used.sum()

    @staticmethod
    def _proxy_row(audio: Tensor, proxies: Tensor, slot: Tensor, used: Tensor) -> Tensor:
        from_audio = distances(audio, proxies).masked_fill(~used, 0.0)
        from_text = distances(proxies, proxies).masked_fill(~used, 0.0).index_select(0, slot)
        total = F.smooth_l1_loss(relative_to_mean(from_audio), relative_to_mean(from_text), reduction="sum")
        return total * both_spread(from_audio, from_text) / (len(audio) * used.sum())
