"""Multiply-accumulates of an ONNX graph."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def multiply_accumulates(path: Path, feed: Mapping[str, Any]) -> int:
    """Products summed in one run of the float graph ``path`` on ``feed``, as the graph has them.

    Convolutions, matrix products, LSTMs and GRUs count, what is computed element by element does not. The graph is run
    once, so that shapes are those of ``feed``; loops are not looked into.
    """
    import onnx
    import onnxruntime

    model = onnx.load(str(path))
    nodes = [node for node in model.graph.node if node.op_type in _COUNTS]
    given = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    given |= {name: array.shape for name, array in feed.items()}
    for node in model.graph.node:
        if node.op_type == "Constant":
            given[node.output[0]] = tuple(node.attribute[0].t.dims)
    wanted = {name for node in nodes for name in (*node.input[:3], node.output[0]) if name and name not in given}
    outputs = {output.name for output in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in sorted(wanted - outputs))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    shapes = given | {name: value.shape for name, value in zip(names, session.run(None, dict(feed)), strict=True)}
    return sum(
        _COUNTS[node.op_type](*(shapes[name] for name in (*node.input[:3], node.output[0]) if name)) for node in nodes
    )


Shape = tuple[int, ...]


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
