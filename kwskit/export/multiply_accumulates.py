"""What the products of an ONNX graph cost: multiply-accumulates, and weights that are read for them."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple


class ProductCost(NamedTuple):
    """A node that sums products, in one run of its graph.

    Attributes
    ----------
    macs : multiply-accumulates
    bits : of the numbers that are multiplied: 8 where both sides come from codes, else 32
    stored : bits of a weight in the file; 0 where no weights are multiplied
    weights : numbers of weights, each of which a run reads at least once
    repeated : numbers of them that it reads again at later steps of a recurrence, where they have left the cache
    """

    macs: int
    bits: int
    stored: int
    weights: int
    repeated: int

    @property
    def bytes_read(self) -> int:
        """Least that a run reads: weights are floats in memory unless they are multiplied as codes."""
        return self.weights * self.bits // 8

    @property
    def most_read(self) -> int:
        """Bytes where no weight stays in a cache from one step of a recurrence to the next."""
        return (self.weights + self.repeated) * self.bits // 8


def multiply_accumulates(path: Path, feed: Mapping[str, Any]) -> int:
    """Products summed in one run of the graph ``path`` on ``feed``, as :func:`product_costs` counts them."""
    return sum(one.macs for one in product_costs(path, feed))


def product_costs(path: Path, feed: Mapping[str, Any]) -> list[ProductCost]:
    """Of one run of the graph ``path`` on ``feed``, node by node, as the graph has them.

    Convolutions, matrix products, LSTMs and GRUs count, what is computed element by element does not. The graph is run
    once, so that shapes are those of ``feed``; loops are not looked into.
    """
    import onnx
    import onnxruntime

    model = onnx.load(str(path))
    nodes = [node for node in model.graph.node if node.op_type in _COUNTS]
    given = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    given |= {name: array.shape for name, array in feed.items()}
    stored = {tensor.name: _bits(tensor) for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant":
            given[node.output[0]] = tuple(node.attribute[0].t.dims)
            stored[node.output[0]] = _bits(node.attribute[0].t)
    makers = {output: node for node in model.graph.node for output in node.output}
    wanted = {name for node in nodes for name in (*node.input[:3], node.output[0]) if name and name not in given}
    outputs = {output.name for output in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in sorted(wanted - outputs))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    shapes = given | {name: value.shape for name, value in zip(names, session.run(None, dict(feed)), strict=True)}
    return [_cost(node, shapes, stored, makers) for node in nodes]


Shape = tuple[int, ...]
# What a graph makes of stored numbers before they are weights.
CARRYING = {"Cast", "Concat", "DequantizeLinear", "Identity", "Mul", "Reshape", "Slice", "Squeeze", "Transpose"}
CARRYING |= {"Unsqueeze"}


def _cost(node: Any, shapes: Mapping[str, Shape], stored: dict[str, int], makers: Mapping[str, Any]) -> ProductCost:
    macs = _COUNTS[node.op_type](*(shapes[name] for name in (*node.input[:3], node.output[0]) if name))
    recurrent = node.op_type in ("LSTM", "GRU")
    sources = {name: _stored(name, stored, makers) for name in node.input[: 3 if recurrent else 2]}
    constant = [name for name, bits in sources.items() if bits]
    codes = [makers[name].op_type == "DequantizeLinear" if name in makers else False for name in node.input[:2]]
    steps = shapes[node.input[0]][0] if recurrent else 1
    return ProductCost(
        macs,
        8 if all(codes) else 32,
        max((sources[name] for name in constant), default=0),
        sum(math.prod(shapes[name]) for name in constant),
        (steps - 1) * math.prod(shapes[node.input[2]]) if recurrent and node.input[2] in constant else 0,
    )


def _stored(name: str, stored: dict[str, int], makers: Mapping[str, Any]) -> int:
    """Bits of the stored numbers that ``name`` is made of; 0 where it is made of an input."""
    if name in stored or name not in makers:
        return stored.get(name, 0)
    node = makers[name]
    # The first input of what carries weights are these; others are scales, axes and bounds.
    found = _stored(node.input[0], stored, makers) if node.op_type in CARRYING else 0
    stored[name] = found
    return found


def _bits(tensor: Any) -> int:
    from onnx.helper import tensor_dtype_to_np_dtype

    return 8 * tensor_dtype_to_np_dtype(tensor.data_type).itemsize


def _convolution(x: Shape, weight: Shape, *rest: Shape) -> int:
    return math.prod(rest[-1]) * math.prod(weight[1:])


def _transposed(x: Shape, weight: Shape, *rest: Shape) -> int:
    return math.prod(x) * math.prod(weight[1:])


def _product(a: Shape, b: Shape, *rest: Shape) -> int:
    return math.prod(rest[-1]) * a[-1]


def _general(a: Shape, b: Shape, *rest: Shape) -> int:
    return math.prod(a) * math.prod(rest[-1]) // rest[-1][0]


def _recurrent(x: Shape, weight: Shape, recurrence: Shape, out: Shape) -> int:
    """Of ``x`` (T, N, in), weights (directions, gates * hidden, in) and (directions, gates * hidden, hidden)."""
    return x[0] * x[1] * (math.prod(weight) + math.prod(recurrence))


_COUNTS: dict[str, Callable[..., int]] = {
    "Conv": _convolution,
    "ConvTranspose": _transposed,
    "MatMul": _product,
    "Gemm": _general,
    "LSTM": _recurrent,
    "GRU": _recurrent,
}
