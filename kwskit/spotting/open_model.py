"""A model directory of either kind, for spotting."""

from pathlib import Path

from kwskit.model_error import ModelError
from kwskit.spotting.speech_model import SpeechModel

EXPORTED, TRAINED = "model.onnx.json", "model.yaml"


def open_model(model: str | Path, device: str = "cpu") -> SpeechModel:
    """The model of a directory that ``kwskit export`` has written, without torch, or training, with torch.

    Parameters
    ----------
    model : the directory
    device : of torch; an exported model runs on the CPU

    Raises
    ------
    ModelError
        When it holds no usable model.
    """
    path = Path(model)
    if (path / EXPORTED).is_file():
        from kwskit.spotting.onnx_model import OnnxModel

        return OnnxModel(path)
    if (path / TRAINED).is_file():
        from kwskit.spotting.torch_model import TorchModel

        return TorchModel(path, device)
    found = "holds neither" if path.is_dir() else "is no directory"
    raise ModelError(
        f"{path} {found}: a model is the directory that training wrote ({TRAINED}, such as exp/small/model) or that "
        f"kwskit export wrote ({EXPORTED})"
    )
