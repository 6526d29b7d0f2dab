import numpy as np
import pytest
import torch
from torch import nn

from kwskit.registry import build

LENS = torch.tensor([6, 3, 1])


@pytest.fixture(params=["eager", "graph"], autouse=True)
def mode(request, monkeypatch):
    """With and without the short cut for repeated texts, which graphs do not take."""
    if request.param == "graph":
        monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)


def encoder(**changes):
    torch.manual_seed(0)
    return build("text_encoder", "bilstm", **{"num_tokens": 11, "embedding_dim": 5, "hidden": 4, "dim": 3, **changes})


def tokens(size=6):
    return torch.randint(1, 11, (3, size), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("hidden", "count"), [(256, 2_629_632), (128, 790_528)])
def test_parameters(hidden, count):
    text = build("text_encoder", "bilstm", num_tokens=74, hidden=hidden)
    lstms = [*text.forwards.parameters(), *text.backwards.parameters()]
    assert sum(p.numel() for p in lstms) == count
    assert sum(p.numel() for p in text.parameters()) == count + 74 * 256 + 2 * hidden * 256 + 256
    assert (text.dim, text.num_tokens) == (256, 74)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_equals_packed_bidirectional_lstm(layers):
    ours = encoder(layers=layers)
    theirs = nn.LSTM(5, 4, layers, batch_first=True, bidirectional=True)
    state = {}
    for layer, (ahead, back) in enumerate(zip(ours.forwards, ours.backwards, strict=True)):
        for name, value in ahead.state_dict().items():
            state[name.replace("l0", f"l{layer}")] = value
            state[name.replace("l0", f"l{layer}_reverse")] = back.state_dict()[name]
    theirs.load_state_dict(state)
    packed = nn.utils.rnn.pack_padded_sequence(ours.embedding(tokens()), LENS, batch_first=True)
    expected, _ = nn.utils.rnn.pad_packed_sequence(theirs(packed)[0], batch_first=True)
    expected = ours.project(expected) * (torch.arange(6) < LENS[:, None])[..., None]
    torch.testing.assert_close(ours(tokens(), LENS), expected)


def test_padding_never_matters():
    text = encoder()
    expected = text(tokens(), LENS)
    padded = nn.functional.pad(tokens(), (0, 4))
    padded[torch.arange(10) >= LENS[:, None]] = 7
    found = text(padded, LENS)
    torch.testing.assert_close(found[:, :6], expected)
    assert not found[:, 6:].any()
    for i, n in enumerate(LENS.tolist()):
        torch.testing.assert_close(text(tokens()[i : i + 1, :n], LENS[i : i + 1])[0], expected[i, :n])


def test_linear_layer_then_mean_is_mean_then_linear_layer():
    text = encoder()
    states = []
    text.project.register_forward_pre_hook(lambda _, arguments: states.append(arguments[0]))
    for i, n in enumerate(LENS.tolist()):
        mask = torch.arange(6) < n
        pooled = build("pooler", "mean", dim=3)(text(tokens()[i : i + 1], LENS[i : i + 1]), mask[None])
        torch.testing.assert_close(pooled[0], text.project(states[-1][0, :n].mean(0)))


def test_repeated_texts_are_encoded_alike_and_all_count_in_the_gradient():
    ids, lens = tokens()[[0, 1, 0, 2, 1, 0]], LENS[[0, 1, 0, 2, 1, 0]]
    ids[4, 3:] = 9  # padding is no difference
    direction = torch.randn(6, 6, 3, generator=torch.Generator().manual_seed(2))
    found = encoder()
    (found(ids, lens) * direction).sum().backward()
    expected = encoder()
    for i in range(6):
        alone = expected(ids[i : i + 1], lens[i : i + 1])
        torch.testing.assert_close(found(ids, lens)[i], alone[0])
        (alone[0] * direction[i]).sum().backward()
    for a, b in zip(found.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_precisions_and_gradients(dtype):
    text = encoder()
    expected = text(tokens(), LENS).detach()
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        text = text.double() if dtype == torch.float64 else text
        found = text(tokens(), LENS)
    torch.testing.assert_close(found.float(), expected, rtol=0.05, atol=0.02)
    found.sum().backward()
    assert all(p.grad.isfinite().all() and p.grad.any() for p in text.parameters())


def test_positions_and_raw_states():
    plain, placed = encoder(embedding_dim=6, dim=None), encoder(embedding_dim=6, dim=None, positions=True)
    assert plain.dim == placed.dim == 8
    repeated = torch.full((1, 6), 3)
    seen = []
    placed.forwards[0].register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0][0]))
    placed(repeated, torch.tensor([6]))
    added = (seen[-1] - placed.embedding(repeated)[0]).detach().numpy()
    for t in range(6):
        for i in range(3):
            angle = t / 10_000 ** (2 * i / 6)
            assert added[t, 2 * i] == pytest.approx(np.sin(angle), abs=1e-6)
            assert added[t, 2 * i + 1] == pytest.approx(np.cos(angle), abs=1e-6)
    with pytest.raises(ValueError, match="even embedding_dim"):
        encoder(positions=True)


def test_long_sequences_are_read_apart_and_alike(mode, monkeypatch):
    """By length or all at once: the same states and gradients, in the order of the batch."""
    from kwskit.encoders.blocks import bidirectional_lstm

    text = encoder(layers=2).double()
    lens = torch.randint(1, 30, (70,), generator=torch.Generator().manual_seed(3))
    ids = torch.randint(1, 11, (70, 31), generator=torch.Generator().manual_seed(4))
    found = text(ids, lens)
    found.square().sum().backward()
    gradients = [parameter.grad.clone() for parameter in text.parameters()]
    text.zero_grad()
    monkeypatch.setattr(bidirectional_lstm, "LEAST", 1000)
    expected = text(ids, lens)
    expected.square().sum().backward()
    torch.testing.assert_close(found, expected)
    for gradient, parameter in zip(gradients, text.parameters(), strict=True):
        torch.testing.assert_close(gradient, parameter.grad)
    one_by_one = [text(ids[row : row + 1, :size], lens[row : row + 1])[0] for row, size in enumerate(lens.tolist())]
    for row, alone in enumerate(one_by_one):
        torch.testing.assert_close(found[row, : len(alone)], alone)
