"""The loss my_part against a loop over pairs."""

from pathlib import Path

import pytest
import torch

from kwskit import registry

registry.load_plugin(Path(__file__).with_name("my_part.py"))


def test_value_is_that_of_a_loop():
    audio, text = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(0))
    labels = [0, 1, 0, 2, 1]
    value = registry.build("loss", "my_part", margin=0.1).pair_loss(audio, text, torch.tensor(labels))
    hinges = []
    for i in range(5):
        for j in range(5):
            cosine = float(audio[i] @ text[j] / (audio[i].norm() * text[j].norm()))
            hinges.append(max(0.0, cosine - 0.1) if labels[i] != labels[j] else 0.0)
    assert sum(hinges) > 0
    assert value.item() == pytest.approx(sum(hinges) / 25, rel=1e-5)


def test_gradients_reach_both_sides():
    audio, text = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(0)).requires_grad_().unbind()
    loss = registry.build("loss", "my_part").pair_loss(audio, text, torch.arange(5))
    for gradient in torch.autograd.grad(loss, [audio, text]):
        assert gradient.isfinite().all()
        assert gradient.any()
