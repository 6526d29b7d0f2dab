import numpy as np
import torch
from torch import nn

from kwskit.export.graphs import Graph, graphs, write_graph
from kwskit.export.multiply_accumulates import multiply_accumulates
from kwskit.speech_model.onnx_model import AUDIO
from kwskit.systems.model_directory import load_model


def test_an_encoder_counted_by_hand(trained, tmp_path):
    """A second has 98 frames of 40 mels; hidden and embedding as the model's configuration has them."""
    model = load_model(trained["windows"])
    write_graph(graphs(model.system, 75)[AUDIO], tmp_path / AUDIO)
    frames, mels, hidden, size, dim, attention = 98, 40, 8, 8, 12, 128
    front = frames * 2 * 257 * 400 + frames * mels * 2 * 257
    lstms = 2 * frames * 4 * hidden * (mels + hidden)
    project = frames * 2 * hidden * size
    pooling = frames * size * attention + 2 * size * attention + frames * attention * size + 2 * size * dim
    feed = {"wav": np.zeros((1, 16_000), np.float32), "lens": np.array([16_000])}
    assert multiply_accumulates(tmp_path / AUDIO, feed) == front + lstms + project + pooling


class Products(nn.Module):
    """Products of the other kinds."""

    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(5, 7, batch_first=True)
        self.back = nn.ConvTranspose1d(7, 3, 4, 2)
        self.depthwise = nn.Conv1d(3, 3, 5, groups=3)

    def forward(self, x):
        x = self.depthwise(self.back(self.gru(x)[0].transpose(1, 2)))
        return x @ x.transpose(1, 2)


def test_products_of_other_kinds(tmp_path):
    graph = Graph(Products(), (torch.randn(2, 9, 5),), {"x": {0: "batch", 1: "frames"}, "y": {0: "batch"}})
    write_graph(graph, tmp_path / "products.onnx")
    words, frames = 2, 11
    gru = words * frames * 3 * 7 * (5 + 7)
    back = words * frames * 7 * 3 * 4
    longer = 2 * (frames - 1) + 4
    depthwise = words * (longer - 4) * 3 * 5
    product = words * 3 * 3 * (longer - 4)
    found = multiply_accumulates(tmp_path / "products.onnx", {"x": np.zeros((words, frames, 5), np.float32)})
    assert found == gru + back + depthwise + product
