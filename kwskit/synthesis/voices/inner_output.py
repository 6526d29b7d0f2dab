"""A network with a tensor from inside its graph as a further output."""

from typing import Any

from kwskit.synthesis.voices.voice import MissingEngine


def session_with(graph: bytes, tensor: str, engine: str, extra: str) -> Any:
    """An ``onnxruntime.InferenceSession`` of one thread, on the CPU, that gives ``tensor`` behind its own outputs.

    Parameters
    ----------
    graph : an ONNX file
    tensor : name of float32 numbers in it
    engine, extra : what the messages name: the voice, and the extra of kwskit that installs what it needs

    Raises
    ------
    MissingEngine
        Without the package onnx, or when the graph is another than it should be.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingEngine(
            f"the times of {engine}'s words need the package onnx ({error}); pip install 'kwskit[{extra}]'"
        ) from error
    import onnxruntime

    model = onnx.load_from_string(graph)
    if not any(tensor in node.output for node in model.graph.node):
        raise MissingEngine(
            f"the network of {engine} has no {tensor}, so that words have no times; "
            f"the version that is known to have it: pip install 'kwskit[{extra}]'"
        )
    model.graph.output.append(onnx.helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, None))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
