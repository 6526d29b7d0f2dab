import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from kwskit.export.graphs import Graph, graphs, write_graph
from kwskit.export.multiply_accumulates import multiply_accumulates, product_costs
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


def weights(name, *shape, of=np.float32):
    return numpy_helper.from_array(np.ones(shape, of), name)


def written(path, nodes, stored, inputs, outputs):
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (inputs + outputs)]
    graph = helper.make_graph(nodes, "g", values[: len(inputs)], values[len(inputs) :], stored)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def test_what_is_8_bit_and_what_is_read(tmp_path):
    """A convolution of codes, an LSTM of stored codes, a product of floats and one of what was computed, by hand."""
    hidden, steps, size = 3, 6, 4
    coded = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["dx"]),
        helper.make_node("DequantizeLinear", ["codes", "s", "wz"], ["w"]),
        helper.make_node("Conv", ["dx", "w"], ["c"], pads=[1, 1]),  # (1, 4, 6)
        helper.make_node("Transpose", ["c"], ["t"], perm=[2, 0, 1]),
        helper.make_node("Cast", ["i8"], ["cast"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["cast", "s"], ["lw"]),
        helper.make_node("LSTM", ["t", "lw", "lr"], ["h"], hidden_size=hidden),  # (6, 1, 1, 3)
        helper.make_node("Reshape", ["h", "flat"], ["f"]),
        helper.make_node("Cast", ["half"], ["m"], to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["f", "m"], ["p"]),  # (6, 5)
        helper.make_node("Transpose", ["p"], ["pt"], perm=[1, 0]),
        helper.make_node("MatMul", ["p", "pt"], ["y"]),  # (6, 6)
    ]
    stored = [
        weights("s"),
        weights("z", of=np.uint8),
        weights("wz", of=np.int8),
        weights("codes", size, 2, 3, of=np.int8),
        weights("i8", 1, 4 * hidden, size, of=np.int8),
        weights("lr", 1, 4 * hidden, hidden),
        weights("half", hidden, 5, of=np.float16),
        numpy_helper.from_array(np.array([steps, hidden]), "flat"),
    ]
    written(tmp_path / "g.onnx", coded, stored, [("x", [1, 2, steps])], [("y", [steps, steps])])
    conv, lstm, product, square = product_costs(tmp_path / "g.onnx", {"x": np.zeros((1, 2, steps), np.float32)})
    assert conv == (steps * size * 2 * 3, 8, 8, size * 2 * 3, 0)
    assert conv.bytes_read == conv.most_read == 24
    gates = 4 * hidden
    assert lstm[:3] == (steps * gates * (size + hidden), 32, 32)  # of the two weights the larger number of bits
    assert lstm.bytes_read == 4 * gates * (size + hidden)
    assert lstm.most_read == 4 * gates * (size + steps * hidden)
    assert product == (steps * hidden * 5, 32, 16, hidden * 5, 0)
    assert square == (steps * 5 * steps, 32, 0, 0, 0)
