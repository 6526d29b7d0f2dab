"""onnxruntime's sessions as kwskit runs them."""

from pathlib import Path
from typing import Any

from kwskit.errors import ModelError


def onnx_session(content: bytes, threads: int, path: str | Path, folder: Path | None = None) -> Any:
    """A session of the graph ``content`` on the CPU.

    Parameters
    ----------
    threads : that compute one result together
    path : for messages
    folder : where weights in other files are looked for, instead of where the program runs

    Raises
    ------
    ModelError
        When onnxruntime cannot load it.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # What it remembers of every shape would grow as long as a stream goes on.
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    if folder is not None:
        key = "session.model_external_initializers_file_folder_path"
        options.add_session_config_entry(key, str(folder.absolute()))
    try:
        # Without fallback, which prints.
        return onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"], enable_fallback=0)
    except Exception as error:  # onnxruntime's own errors share no other base
        raise ModelError(f"{path}: onnxruntime cannot load it: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """What ``error`` says, in one line of at most 300 characters."""
    message = str(error).strip().split("\n", 1)[0]
    return message if len(message) <= 300 else f"{message[:297]}..."
