import pytest
import torch

from kwskit.losses.asyp import AsyP
from kwskit.losses.asyp_adams import AsyPAdaMS
from kwskit.losses.terms import chunked_sum as module
from kwskit.losses.terms.chunked_sum import chunked_sum


@pytest.mark.parametrize("make", [lambda: AsyP(2.0, 4.0, 0.5), lambda: AsyPAdaMS(3, 2.0, 4.0, 0.5)])
def test_chunks_change_neither_value_nor_gradient(monkeypatch, random_rows, make):
    audio, text, labels = random_rows(10)
    audio.requires_grad_(), text.requires_grad_()
    loss = make()
    inputs = (audio, text, *loss.parameters())
    whole = loss.pair_loss(audio, text, labels)
    whole_gradients = torch.autograd.grad(whole, inputs)
    monkeypatch.setitem(module.CHUNK_VALUES, "cpu", 30)  # three rows of ten
    chunked = loss.pair_loss(audio, text, labels)
    assert "Chunked" in chunked.grad_fn.name()
    torch.testing.assert_close(chunked, whole)
    torch.testing.assert_close(torch.autograd.grad(chunked, inputs), whole_gradients)


def test_only_what_learns_is_differentiated(monkeypatch):
    monkeypatch.setitem(module.CHUNK_VALUES, "cpu", 4)
    x, y = torch.randn(6, 4, requires_grad=True), torch.randn(4)
    value = chunked_sum(lambda rows, x, y: (x[rows] * y).sin().sum(), 6, 4, x, y)
    (3 * value).backward()
    torch.testing.assert_close(x.grad, 3 * y * (x.detach() * y).cos())
    with torch.no_grad():
        quiet = chunked_sum(lambda rows, x, y: (x[rows] * y).sin().sum(), 6, 4, x, y)
    assert not quiet.requires_grad
    assert quiet.item() == pytest.approx(value.item())
