"""Every part that speech or text goes through exports as one graph with batch and length left free.

The text encoder leaves only the batch free: torch.export unrolls an LSTM over its time steps.
"""

import pytest
import torch

from kwskit.registry import build

PARTS = {
    "log_mel": ("frontend", {}),
    "ecapa": ("encoder", {"num_features": 8, "channels": 32, "mfa_channels": 24, "dim": 16}),
    "ccsp": ("pooler", {"in_dim": 8, "dim": 5, "attention": 4}),
    "statistics": ("pooler", {"in_dim": 8, "dim": 5}),
    "mean": ("pooler", {"dim": 8}),
    "bilstm": ("text_encoder", {"num_tokens": 11, "embedding_dim": 5, "hidden": 4, "dim": 3}),
}


def example(kind, words, size):
    generator = torch.Generator().manual_seed(size)
    lens = torch.linspace(size // 3, size, words).long()
    if kind == "frontend":
        return torch.randn(words, size * 160, generator=generator), lens * 160
    if kind == "text_encoder":
        return torch.randint(1, 11, (words, size), generator=generator), lens
    frames = torch.randn(words, size, 8, generator=generator)
    return frames, torch.arange(size) < lens[:, None] if kind == "pooler" else lens


@pytest.mark.filterwarnings("ignore:The tensor attributes")  # nn.LSTM's own list of its weights
@pytest.mark.parametrize("name", PARTS)
def test_exported_graph_equals_the_module(name):
    kind, arguments = PARTS[name]
    torch.manual_seed(0)
    module = build(kind, name, **arguments).eval()
    free = {0: torch.export.Dim.AUTO, 1: torch.export.Dim.AUTO}
    if name == "bilstm":
        free = {0: torch.export.Dim.AUTO}
    second = free if kind == "pooler" else {0: torch.export.Dim.AUTO}
    graph = torch.export.export(module, example(kind, 3, 31), dynamic_shapes=(free, second)).module()
    for words, size in ((2, 31),) if name == "bilstm" else ((2, 50), (7, 20)):
        found, expected = graph(*example(kind, words, size)), module(*example(kind, words, size))
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
