"""Graphs in 8 bits."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

Feeds = Iterable[Mapping[str, Any]]
PRODUCTS = ["Conv", "ConvTranspose", "MatMul", "Gemm"]
FRONTEND = "/frontend/"  # the modules that a node comes from are part of its name


def quantise_by_range(source: Path, target: Path, feeds: Feeds, floats: int = 0) -> None:
    """Write ``source`` with products of 8-bit numbers, whose ranges are those that ``feeds`` give rise to.

    Weights have a scale for each output channel. A front end stays as it is, since spectra span more than 8 bits, and
    so do the first ``floats`` products, whose errors go through everything after them. LSTMs, which have no such form,
    get 8-bit weights alone.

    Parameters
    ----------
    source, target : files
    feeds : inputs by name, one run each
    floats : number of products that stay as they are
    """
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    with _prepared(source, target, ["LSTM"]) as prepared:
        nodes = onnx.load(str(prepared)).graph.node
        kept = [node.name for node in nodes if FRONTEND in node.name]
        kept += [node.name for node in nodes if node.op_type in PRODUCTS and FRONTEND not in node.name][:floats]
        quantize_static(
            str(prepared),
            str(target),
            _reader(feeds),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,  # of weights: processors without VNNI add two products in 16 bits, which would saturate
            op_types_to_quantize=PRODUCTS,
            nodes_to_exclude=kept,
        )
    _tidy(target)


def quantise_weights(source: Path, target: Path, fine: int = 0) -> None:
    """Write ``source`` with weights of LSTMs, convolutions and products in 8 bits, which compute in floats.

    Those of the first ``fine`` layers are in 16 bits.

    A range that is taken of inputs as they come would be that of all rows of a batch: what one row gives would depend
    on the others.
    """
    with _prepared(source, target, ["LSTM", *PRODUCTS], fine) as prepared:
        prepared.replace(target)
    _tidy(target)


def _tidy(path: Path) -> None:
    """Take out the operator sets that no node is of: an earlier onnxruntime would refuse them unread."""
    import onnx

    model = onnx.load(str(path))
    used = {node.domain for node in model.graph.node}
    sets = [entry for entry in model.opset_import if entry.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(sets)
    onnx.save(model, str(path))


@contextmanager
def _prepared(source: Path, target: Path, kinds: list[str], fine: int = 0) -> Iterator[Path]:
    """A temporary file: ``source`` with constants folded, and the weights of nodes of ``kinds`` in fewer bits."""
    import onnx
    from onnxruntime.quantization.shape_inference import quant_pre_process

    folded, prepared = target.with_suffix(".folded"), target.with_suffix(".prepared")
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # onnxruntime advises what is done here
    try:
        quant_pre_process(str(source), str(folded), skip_symbolic_shape=True)
        model = onnx.load(str(folded))
        _store_weights(model.graph, kinds, fine)
        onnx.save(model, str(prepared))
        yield prepared
    finally:
        root.setLevel(level)
        folded.unlink(missing_ok=True)
        prepared.unlink(missing_ok=True)


def _store_weights(graph: Any, kinds: list[str], fine: int) -> None:
    """Put numbers of 8 bits, a scale a channel, in the place of weights of nodes of ``kinds``; of 16 in the first ones.

    A cast and a product make floats of them, once, when a session is made: a ``DequantizeLinear`` would be run anew
    with every call.
    """
    from onnx import TensorProto, helper, numpy_helper

    weights = {tensor.name: tensor for tensor in graph.initializer}
    added = []
    for node in graph.node:
        axis = {"MatMul": -1, "Gemm": 1, "ConvTranspose": 1}.get(node.op_type, 0)
        if node.op_type == "Gemm" and any(one.name == "transB" and one.i for one in node.attribute):
            axis = 0
        places = {"LSTM": (1, 2)}.get(node.op_type, (1,)) if node.op_type in kinds else ()
        for name in (node.input[place] for place in places):
            tensor = weights.pop(name, None)
            if tensor is None or tensor.data_type != TensorProto.FLOAT or FRONTEND in node.name:
                continue
            values = numpy_helper.to_array(tensor)
            graph.initializer.remove(tensor)
            if fine > 0:
                fine -= 1
                graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), f"{name}_codes"))
                added.append(helper.make_node("Cast", [f"{name}_codes"], [name], f"{name}_cast", to=TensorProto.FLOAT))
                continue
            channels = (0, 1) if node.op_type == "LSTM" else (axis % values.ndim,)
            others = tuple(k for k in range(values.ndim) if k not in channels)
            scale = np.maximum(np.abs(values).max(others, keepdims=True) / 127, 1e-12).astype(np.float32)
            codes = np.rint(values / scale).astype(np.int8)
            graph.initializer.extend(
                [numpy_helper.from_array(codes, f"{name}_codes"), numpy_helper.from_array(scale, f"{name}_scale")]
            )
            added += [
                helper.make_node("Cast", [f"{name}_codes"], [f"{name}_cast"], f"{name}_cast", to=TensorProto.FLOAT),
                helper.make_node("Mul", [f"{name}_cast", f"{name}_scale"], [name], f"{name}_mul"),
            ]
    nodes = [*added, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _reader(feeds: Feeds) -> Any:
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self._feeds = iter(feeds)

        def get_next(self) -> Any:
            return next(self._feeds, None)

    return Reader()
