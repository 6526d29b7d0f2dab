import pytest
import torch
import torch.nn.functional as F
from torch import nn

from kwskit.encoders.blocks.conformer_block import rotations
from kwskit.registry import build

SMALL = {"num_features": 6, "dim": 8, "layers": 1, "heads": 2, "expansion": 2, "dropout": 0.0}


def test_a_block_step_by_step():
    torch.manual_seed(0)
    encoder = build("encoder", "conformer", **SMALL).double().eval()
    block = encoder.blocks[0]
    nn.init.uniform_(block.batch_norm.running_var, 0.5, 2.0)
    feats = torch.randn(1, 5, 6, dtype=torch.float64)
    x = encoder.enter(feats)[0]
    x = x + 0.5 * block.first(x)
    queries, keys, values = block.queries_keys_values(block.attention_norm(x)).split(8, dim=1)
    attended = []
    for head in range(2):
        q, k, v = (part[:, 4 * head : 4 * head + 4] for part in (queries, keys, values))
        # A rotation by the difference of positions is all that is left of two rotations.
        scores = torch.zeros(5, 5, dtype=torch.float64)
        for i in range(5):
            for j in range(5):
                for pair in range(2):
                    turn = torch.tensor((j - i) * 10_000 ** (-2 * pair / 4), dtype=torch.float64)
                    a, b = k[j, pair], k[j, pair + 2]
                    scores[i, j] += q[i, pair] * (a * turn.cos() - b * turn.sin())
                    scores[i, j] += q[i, pair + 2] * (a * turn.sin() + b * turn.cos())
        attended.append((scores / 2).softmax(1) @ v)
    x = x + block.merge(torch.cat(attended, dim=1))
    wide = F.glu(block.widen(block.convolution_norm(x)), dim=1)
    convolved = F.conv1d(wide.T[None], block.depthwise.weight, block.depthwise.bias, padding=1, groups=8)[0].T
    x = x + block.narrow(F.silu(convolved / (block.batch_norm.running_var + 1e-5).sqrt()))
    x = block.last_norm(x + 0.5 * block.second(x))
    torch.testing.assert_close(encoder(feats, torch.tensor([5]))[0][0], x, rtol=1e-5, atol=1e-6)


def test_positions_are_relative():
    cosines, sines = rotations(7, 4, torch.zeros(1))
    torch.testing.assert_close(cosines[5] * cosines[3] + sines[5] * sines[3], cosines[2])


def test_dropout_only_in_training():
    encoder = build("encoder", "conformer", **{**SMALL, "dropout": 0.3})
    feats, lens = torch.randn(2, 9, 6), torch.tensor([9, 4])
    assert not torch.equal(encoder(feats, lens)[0], encoder(feats, lens)[0])
    encoder.eval()
    assert torch.equal(encoder(feats, lens)[0], encoder(feats, lens)[0])


@pytest.mark.parametrize(
    ("arguments", "message"), [({"dim": 10, "heads": 2}, "no multiple of 4"), ({"subsampling": 3}, "one of .1, 2, 4.")]
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        build("encoder", "conformer", **arguments)
