"""A GRU cell over sequences that begin anew and skip steps."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def gru_steps(cell: nn.GRUCell, x: Tensor, begins: Tensor, begin: Tensor, skips: Tensor) -> Tensor:
    """States (N, T, hidden) of ``cell`` over ``x`` (N, T, input_size) (ours).

    Parameters
    ----------
    begins : (N, T) bool, where the state is that of ``begin`` before the step; true at the first step
    begin : (N, T, hidden)
    skips : (N, T) bool, where the step leaves the state as it is
    """
    return _steps(F.linear(x, cell.weight_ih, cell.bias_ih), begins, begin, skips, cell.weight_hh, cell.bias_hh)


# Scripted where it is traced, or else an exported graph would have the steps of the example it was traced with.
@torch.jit.script_if_tracing
def _steps(inputs: Tensor, begins: Tensor, begin: Tensor, skips: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    size = weight.shape[1]
    state = begin[:, 0]
    states = []
    for step in range(inputs.shape[1]):
        state = torch.where(begins[:, step, None], begin[:, step], state)
        given, held = inputs[:, step], torch.nn.functional.linear(state, weight, bias)
        reset = torch.sigmoid(given[:, :size] + held[:, :size])
        update = torch.sigmoid(given[:, size : 2 * size] + held[:, size : 2 * size])
        new = torch.tanh(given[:, 2 * size :] + reset * held[:, 2 * size :])
        state = torch.where(skips[:, step, None], state, new + update * (state - new))
        states.append(state)
    return torch.stack(states, dim=1)
