"""Every part that speech or text goes through exports as one graph with batch and length left free.

Recurrent encoders leave only the batch free: torch.export unrolls an LSTM or a GRU over its time steps.
"""

import pytest
import torch

from kwskit.registry import build

PARTS = {
    "log_mel": ("frontend", "log_mel", {}),
    "speech_embedding_mel": ("frontend", "speech_embedding_mel", {}),
    "ecapa": ("encoder", "ecapa", {"num_features": 8, "channels": 32, "mfa_channels": 24, "dim": 16}),
    "conv": ("encoder", "conv_gru", {"num_features": 8, "channels": [6, 7], "layers": 0, "dim": 4}),
    "conv_gru": ("encoder", "conv_gru", {"num_features": 8, "channels": [6, 7], "hidden": 5, "dim": 4}),
    "acoustic_bilstm": ("encoder", "bilstm", {"num_features": 8, "hidden": 5, "layers": 1, "dim": 4}),
    "conformer": ("encoder", "conformer", {"num_features": 8, "dim": 8, "layers": 1, "heads": 2, "subsampling": 2}),
    "mobilenet": ("encoder", "mobilenet", {"num_features": 8, "channels": 6, "dim": 4}),
    "causal_conv": ("encoder", "causal_conv", {"num_features": 8, "channels": 6, "dim": 4}),
    "speech_embedding": ("encoder", "speech_embedding", {"weights": "none", "dim": 4}),
    "ccsp": ("pooler", "ccsp", {"in_dim": 8, "dim": 5, "attention": 4}),
    "statistics": ("pooler", "statistics", {"in_dim": 8, "dim": 5}),
    "ends": ("pooler", "ends", {"in_dim": 8, "dim": 5}),
    "mean": ("pooler", "mean", {"dim": 8}),
    "bilstm": ("text_encoder", "bilstm", {"num_tokens": 11, "embedding_dim": 5, "hidden": 4, "dim": 3}),
    "dense": ("text_encoder", "dense", {"num_tokens": 75, "embedding_dim": 5, "dim": 3}),
    "g2p_states": ("text_encoder", "g2p_states", {"dim": 3}),
    "phoneme_vectors": ("text_encoder", "phoneme_vectors", {"num_tokens": 75, "dim": 3}),
}
RECURRENT = {"g2p_states", "bilstm", "acoustic_bilstm", "conv_gru"}


def example(kind, words, size, features=8):
    generator = torch.Generator().manual_seed(size)
    lens = torch.linspace(size // 3, size, words).long()
    if kind == "frontend":
        return torch.randn(words, size * 160, generator=generator), lens * 160
    if kind == "text_encoder":
        return torch.randint(1, 11, (words, size), generator=generator), lens
    frames = torch.randn(words, size, features, generator=generator)
    return frames, torch.arange(size) < lens[:, None] if kind == "pooler" else lens


@pytest.mark.filterwarnings("ignore:The tensor attributes")  # nn.LSTM's own list of its weights
@pytest.mark.parametrize("name", PARTS)
def test_exported_graph_equals_the_module(name):
    kind, part, arguments = PARTS[name]
    torch.manual_seed(0)
    module = build(kind, part, **arguments).eval()
    free = {0: torch.export.Dim.AUTO}
    if name not in RECURRENT:
        free[1] = torch.export.Dim.AUTO
    second = free if kind == "pooler" else {0: torch.export.Dim.AUTO}
    features = getattr(module, "num_features", 8) if kind == "encoder" else 8
    graph = torch.export.export(module, example(kind, 3, 31, features), dynamic_shapes=(free, second)).module()
    for words, size in ((2, 31),) if name in RECURRENT else ((2, 50), (7, 20)):
        found, expected = graph(*example(kind, words, size, features)), module(*example(kind, words, size, features))
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
