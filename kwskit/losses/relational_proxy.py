"""The whole relational proxy loss."""

from torch import Tensor

from kwskit.arguments import NonNegativeFloat, PositiveFloat
from kwskit.losses.asyp import AsyP
from kwskit.losses.base import PairwiseLoss
from kwskit.losses.rpl_angle import RelationalAngle
from kwskit.losses.rpl_distance import RelationalDistance
from kwskit.losses.rpl_prototype import RelationalPrototype
from kwskit.registry import register


@register("loss", "relational_proxy")
class RelationalProxy(PairwiseLoss):
    """RP loss: AsyP between points, plus the distances (RPL-D), angles (RPL-A) and prototypes (RPL-P) of the text.

    Jung et al. 2024, as used by ADML section 3.2; composition and weights are a reconstruction. RPL-D and RPL-A
    alone leave audio free to rotate against text, so the point-to-point term is on by default.
    A part of weight 0 is not computed; the parts' values are in ``metrics``.

    Parameters
    ----------
    asyp_weight, distance_weight, angle_weight, prototype_weight : factors of the four parts, >= 0
    alpha, beta, lam : of AsyP
    proto_mode : ``softmax_centroid``, ``softmax_proxy``, ``centroid_relation`` or ``proxy_row``, see ``rpl_prototype``
    proto_scale : factor of the squared distance in the prototypes' softmax
    angle_points : ``utterances`` or ``keywords``, see ``rpl_angle``
    mask_same_word : leave out angles whose edges stay inside a word
    detach_text : text teaches the relational parts and learns only from AsyP
    reduction : ``mean`` over all pairs and triples, ``valid`` over distinct ones
    normalize : scale embeddings to length 1 before the relational parts
    level : ``phn`` (angle_points must then be ``keywords``) or ``utt``
    weight : factor of this loss in the total
    """

    def __init__(
        self,
        asyp_weight: NonNegativeFloat = 1.0,
        distance_weight: NonNegativeFloat = 1.0,
        angle_weight: NonNegativeFloat = 2.0,
        prototype_weight: NonNegativeFloat = 1.0,
        alpha: PositiveFloat = 0.01,
        beta: PositiveFloat = 1.5,
        lam: float = 0.01,
        proto_mode: str = "softmax_centroid",
        proto_scale: PositiveFloat = 1.0,
        angle_points: str = "utterances",
        mask_same_word: bool = True,
        detach_text: bool = False,
        reduction: str = "mean",
        normalize: bool = True,
        level: str = "utt",
        weight: NonNegativeFloat = 1.0,
    ):
        super().__init__(level, weight)
        self.parts: dict[str, PairwiseLoss] = {}  # none of them has parameters
        if asyp_weight:
            self.parts["asyp"] = AsyP(alpha, beta, lam, level=level, weight=asyp_weight)
        if distance_weight:
            self.parts["distance"] = RelationalDistance(normalize, detach_text, reduction, level, distance_weight)
        if angle_weight:
            self.parts["angle"] = RelationalAngle(
                angle_points, mask_same_word, normalize, detach_text, reduction, level, angle_weight
            )
        if prototype_weight:
            self.parts["prototype"] = RelationalPrototype(
                proto_mode, proto_scale, normalize, detach_text, reduction, level, prototype_weight
            )
        if not self.parts:
            raise ValueError("asyp_weight, distance_weight, angle_weight and prototype_weight must not all be 0")

    def pair_loss(self, audio: Tensor, text: Tensor, labels: Tensor) -> Tensor:
        values = {name: part.pair_loss(audio, text, labels) for name, part in self.parts.items()}
        self.metrics = {name: value.detach() for name, value in values.items()}
        total = audio.new_zeros(())
        for name, value in values.items():
            total = total + self.parts[name].weight * value
        return total
