"""What tests of the properties of all losses share."""

import torch


def named(case):
    return "-".join([case[0], *map(str, case[1].values())])


def check_finite(loss, embeddings, inputs):
    value = loss(embeddings)
    gradients = torch.autograd.grad(value, [*inputs, *loss.parameters()], allow_unused=True)
    assert value.isfinite()
    assert all(g is None or g.isfinite().all() for g in gradients)
    assert any(g is not None for g in gradients[: len(inputs)])
    assert all(metric.isfinite() and not metric.requires_grad for metric in loss.metrics.values())
    return value
