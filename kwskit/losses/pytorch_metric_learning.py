"""The losses of the package pytorch-metric-learning."""

import importlib
import inspect
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from kwskit.arguments import NonNegativeFloat
from kwskit.losses.base import PairwiseLoss
from kwskit.registry import nearest, register

# It takes a reference and does not look at it (version 2.9).
BLIND_TO_REFERENCE = "ThresholdConsistentMarginLoss"


@register("loss", "pytorch_metric_learning")
class PytorchMetricLearning(PairwiseLoss):
    """Any loss of pytorch-metric-learning, audio rows against text rows (Musgrave et al. 2020).

    Audio rows are the embeddings, text rows the reference, and equal labels the positives. A loss that takes no
    reference, such as those with ``num_classes`` and proxies of their own, sees audio and text rows together as
    one batch of 2M. Needs the extra ``zoo``: ``python -m pip install 'kwskit[zoo]'``. Losses that wrap another
    are left out. Losses and miners that list pairs or triplets (NTXentLoss, TripletMarginLoss, ...) grow with the
    square of their number or worse: too much for the thousands of tokens of level ``phn``, where SupConLoss,
    MultiSimilarityLoss and the other matrix-based ones still fit.

    Parameters
    ----------
    loss : class in ``pytorch_metric_learning.losses``, such as SupConLoss; arguments : its arguments
    miner : class in ``pytorch_metric_learning.miners`` that chooses pairs; miner_arguments : its arguments
    distance : class in ``pytorch_metric_learning.distances``, for the loss; distance_arguments : its arguments
    level : ``phn`` or ``utt``
    weight : factor of this loss in the total
    """

    def __init__(
        self,
        loss: str,
        arguments: Mapping[str, Any] | None = None,
        miner: str | None = None,
        miner_arguments: Mapping[str, Any] | None = None,
        distance: str | None = None,
        distance_arguments: Mapping[str, Any] | None = None,
        level: str = "utt",
        weight: NonNegativeFloat = 1.0,
    ):
        super().__init__(level, weight)
        arguments = dict(arguments or {})
        if distance is not None:
            arguments["distance"] = _build("distances", "BaseDistance", distance, distance_arguments)
        self.inner = _build("losses", "BaseMetricLossFunction", loss, arguments)
        self.miner = None if miner is None else _build("miners", "BaseMiner", miner, miner_arguments)
        refuses = self.inner.compute_loss.__code__.co_names
        self.takes_reference = "ref_not_supported" not in refuses and loss != BLIND_TO_REFERENCE
        self.takes_labels = "labels_not_supported" not in refuses
        if self.miner is not None and not self.takes_labels:
            raise ValueError(f"{loss} looks at no labels, so it takes no miner")

    def pair_loss(self, audio: Tensor, text: Tensor, labels: Tensor) -> Tensor:
        if self.takes_reference:
            # A copy, because the same object means the same rows, whose pairs with themselves are left out.
            rows, reference = (audio, labels), {"ref_emb": text, "ref_labels": labels.clone()}
        else:
            # Each audio beside its text, so that a loss that takes one pair of each class takes these.
            rows, reference = (torch.stack([audio, text], 1).flatten(0, 1), labels.repeat_interleave(2)), {}
        if not self.takes_labels:
            return self.inner(rows[0], ref_emb=reference.get("ref_emb"))
        chosen = None if self.miner is None else self.miner(*rows, **reference)
        return self.inner(*rows, indices_tuple=chosen, **reference)


def _build(module: str, base: str, name: str, arguments: Mapping[str, Any] | None) -> Any:
    """The class ``name`` below ``base`` in ``pytorch_metric_learning.<module>``, made with ``arguments``."""
    home = _import(f"pytorch_metric_learning.{module}")
    root = getattr(home, base)
    known = {
        key: value
        for key, value in vars(home).items()
        if inspect.isclass(value) and issubclass(value, root) and value is not root
    }
    if name not in known:
        raise ValueError(
            f"pytorch-metric-learning has no '{name}' among its {module} that stand alone"
            f"{nearest(name, list(known))}; known: {', '.join(sorted(known))}"
        )
    try:
        return known[name](**(arguments or {}))
    except (TypeError, KeyError) as error:
        raise ValueError(f"pytorch-metric-learning's {name} does not take these arguments: {error}") from error


def _import(module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ValueError(
            f"pytorch-metric-learning is not installed ({error}): python -m pip install 'kwskit[zoo]'"
        ) from error
