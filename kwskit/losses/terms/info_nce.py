"""InfoNCE: the softmax over candidates, and what counts as its positives."""

import torch
from torch import Tensor

from kwskit.losses.terms.chunked_sum import chunked_sum
from kwskit.losses.terms.class_slots import class_slots

DIRECTIONS = ("audio", "text", "symmetric")


def info_nce_between(
    audio: Tensor, text: Tensor, labels: Tensor, scale: Tensor, positives: str, direction: str
) -> Tensor:
    """:func:`info_nce` of ``audio`` (M, d) and ``text`` (M, d), row i a pair, seen from ``direction``.

    ``audio``: each audio looks for its text; ``text``: the other way; ``symmetric``: the mean of both.
    """
    values = []
    if direction != "text":
        values.append(info_nce(audio, text, labels, labels, scale, positives))
    if direction != "audio":
        values.append(info_nce(text, audio, labels, labels, scale, positives))
    return torch.stack(values).mean()


def info_nce(
    anchors: Tensor,
    candidates: Tensor,
    labels: Tensor,
    candidate_labels: Tensor,
    scale: Tensor,
    positives: str,
    skip_self: bool = False,
) -> Tensor:
    """Mean over anchors of -log of the share that the positives have in a softmax over candidates.

    With p the softmax of ``scale`` times the inner product, and row i of the candidates the partner of anchor i:
    ``diag``: -log p_i, all candidates in the softmax (van den Oord et al. 2018);
    ``masked``: -log p_i, others of the same label left out of the softmax;
    ``multi_out``: mean over candidates of the same label of -log p_j (Khosla et al. 2020, eq. 2);
    ``multi_in``: -log of their summed p_j (Khosla et al. 2020, eq. 3, without its factor);
    ``views``: -log p_i among those that are, like i, the k-th of their label in the batch (JMCL).

    Parameters
    ----------
    anchors, candidates : (M, d) of length 1 or 0
    labels, candidate_labels : (M,) int64, below 0 for a row to leave out
    scale : scalar, one over the temperature
    positives : one of the above
    skip_self : anchors and candidates are the same rows, and none is its own candidate; ``multi_out`` and
        ``multi_in`` only. Anchors without another row of their label are then left out of the mean
    """
    if positives == "views":
        labels = candidate_labels = _occurrence(labels)
    takes_part, present = labels >= 0, candidate_labels >= 0
    if skip_self:
        slot, size = class_slots(labels)
        takes_part = size[slot] > 1
    index = torch.arange(len(labels), device=labels.device)

    def surprise(rows: slice, anchors: Tensor, candidates: Tensor, scale: Tensor) -> Tensor:
        logits = scale * (anchors[rows] @ candidates.T)
        partner = index[rows, None] == index
        same = labels[rows, None] == candidate_labels
        idle = ~takes_part[rows, None]  # their value is thrown away, but must be finite
        if skip_self:
            same = same & ~partner
        taken = {"masked": ~same | partner, "views": same}.get(positives, present & ~partner if skip_self else present)
        total = logits.masked_fill(~(taken | idle), -torch.inf).logsumexp(1)
        if positives == "multi_out":
            target = logits.masked_fill(~same, 0.0).sum(1) / same.sum(1).clamp(min=1)
        elif positives == "multi_in":
            target = logits.masked_fill(~(same | idle), -torch.inf).logsumexp(1)
        else:
            target = logits.diagonal(rows.start)
        return (total - target).masked_fill(idle.squeeze(1), 0.0).sum()

    return chunked_sum(surprise, len(anchors), len(candidates), anchors, candidates, scale) / takes_part.sum().clamp(
        min=1
    )


def _occurrence(labels: Tensor) -> Tensor:
    """(M,) int64: how many earlier rows have the row's label."""
    order = labels.argsort(stable=True)
    slot, _ = class_slots(labels)
    place = torch.empty_like(order).scatter_(0, order, torch.arange(len(order), device=order.device))
    return place - slot
