import math

import pytest
import torch
from torch import nn

from kwskit.encoders.g2p_states import G2pStates
from kwskit.encoders.speech_embedding import SpeechEmbedding
from kwskit.systems.initialisation import initialise


def fill(module):
    """Something that no initialisation draws."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(7.0)
    return module


# Limits of the uniform kernels as Keras 3.15 computes them for these sizes: sqrt(6 / 112), sqrt(6 / 480), ...
@pytest.mark.parametrize(
    ("layer", "limit"),
    [
        (nn.Linear(64, 48), 0.23145502),
        (nn.Conv1d(64, 32, 5), 0.11180340),
        (nn.Conv1d(64, 32, 5, groups=4), 0.15811388),
        (nn.ConvTranspose1d(64, 32, 5, 4), 0.11180340),
        (nn.Embedding(50, 64), 0.05),
    ],
)
def test_kernels_are_uniform_within_the_limits_of_keras(layer, limit):
    torch.manual_seed(0)
    initialise(fill(layer), "keras")
    weight = layer.weight.detach()
    assert 0.98 * limit < weight.abs().max() <= limit
    assert float(weight.std()) == pytest.approx(limit / math.sqrt(3), rel=0.05)
    assert getattr(layer, "bias", None) is None or not layer.bias.any()


@pytest.mark.parametrize(("layer", "limit"), [(nn.GRU(64, 32, 2), 0.19364917), (nn.LSTM(64, 32), 0.17677670)])
def test_recurrent_layers(layer, limit):
    torch.manual_seed(0)
    initialise(fill(layer), "keras")
    assert 0.98 * limit < layer.weight_ih_l0.abs().max() <= limit
    recurrent = layer.weight_hh_l0.detach()
    torch.testing.assert_close(recurrent.T @ recurrent, torch.eye(32), atol=1e-5, rtol=0)
    if isinstance(layer, nn.GRU):
        assert not any(parameter.any() for name, parameter in layer.named_parameters() if name.startswith("bias"))
        recurrent = layer.weight_hh_l1.detach()
        torch.testing.assert_close(recurrent.T @ recurrent, torch.eye(32), atol=1e-5, rtol=0)
    else:
        # At an input and a state of 0 the forget gate is the sigmoid of 1: the cell keeps 0.731 of what it held.
        with torch.no_grad():
            _, (_, cell) = layer(torch.zeros(1, 64), (torch.zeros(1, 32), torch.ones(1, 32)))
        torch.testing.assert_close(cell, torch.full((1, 32), 1 / (1 + math.exp(-1))))


def test_what_is_pre_trained_stays_and_its_head_does_not():
    text, speech = G2pStates(dim=8, frozen=False), SpeechEmbedding(dim=8, frozen=False, weights="none")
    whole = nn.ModuleDict({"text": text, "speech": speech, "losses": nn.ModuleDict({"adv": nn.Linear(3, 3)})})
    before = {name: value.clone() for name, value in whole.state_dict().items()}
    initialise(whole, "keras")
    changed = {name for name, value in whole.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"text.project.weight", "text.project.bias", "speech.head.weight", "speech.head.bias"}


def test_torch_draws_nothing():
    layer = fill(nn.Linear(3, 3))
    state = torch.random.get_rng_state()
    initialise(layer, "torch")
    assert (layer.weight == 7).all()
    assert torch.equal(torch.random.get_rng_state(), state)
    with pytest.raises(ValueError, match="torch or keras, not 'jax'"):
        initialise(layer, "jax")
