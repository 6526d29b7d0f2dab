"""Graphs in 8 bits."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Feeds = Iterable[Mapping[str, Any]]
PRODUCTS = ["Conv", "ConvTranspose", "MatMul", "Gemm"]
FRONTEND = "/frontend/"  # the modules that a node comes from are part of its name


def quantise_by_range(source: Path, target: Path, feeds: Feeds, floats: int = 0) -> None:
    """Write ``source`` with products of 8-bit numbers, whose ranges are those that ``feeds`` give rise to.

    Weights have a scale for each output channel. A front end stays as it is, since spectra span more than 8 bits, and
    so do the first ``floats`` products, whose errors go through everything after them. LSTMs, which have no such form,
    get 8-bit weights and take the range of every input anew.

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
            op_types_to_quantize=PRODUCTS,
            nodes_to_exclude=kept,
        )
    _tidy(target)


def quantise_weights(source: Path, target: Path) -> None:
    """Write ``source`` with 8-bit weights of LSTMs and matrix products, each input's range taken as it comes."""
    with _prepared(source, target, ["LSTM", "MatMul", "Gemm"]) as prepared:
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
def _prepared(source: Path, target: Path, dynamic: list[str]) -> Iterator[Path]:
    """A temporary file: ``source`` with constants folded and ``dynamic`` operators quantised."""
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    folded, prepared = target.with_suffix(".folded"), target.with_suffix(".prepared")
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # onnxruntime advises what is done here
    try:
        quant_pre_process(str(source), str(folded), skip_symbolic_shape=True)
        quantize_dynamic(
            str(folded), str(prepared), op_types_to_quantize=dynamic, per_channel=True, weight_type=QuantType.QInt8
        )
        yield prepared
    finally:
        root.setLevel(level)
        folded.unlink(missing_ok=True)
        prepared.unlink(missing_ok=True)


def _reader(feeds: Feeds) -> Any:
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self._feeds = iter(feeds)

        def get_next(self) -> Any:
            return next(self._feeds, None)

    return Reader()
