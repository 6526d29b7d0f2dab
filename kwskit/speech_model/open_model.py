"""A model of either kind, for spotting."""

from pathlib import Path

from kwskit.errors import ModelError
from kwskit.extras import missing_extra
from kwskit.speech_model.model_source import EXPORTED, KINDS, TRAINED, ModelSource
from kwskit.speech_model.own_lexicon import require_own_lexicon
from kwskit.speech_model.speech_model import SpeechModel


def open_model(model: str | Path | ModelSource | None = None, device: str = "cpu") -> SpeechModel:
    """The model that ``kwskit export`` has written, without torch, or training, with torch.

    Parameters
    ----------
    model : as :meth:`kwskit.speech_model.model_source.ModelSource.find` takes it
    device : of torch; an exported model runs on the CPU, and where both are there is what is opened for ``cpu``

    Raises
    ------
    ModelError
        When there is none, or it cannot be used, or a lexicon lies beside it that it does not read.
    ImportError
        When it is of the Hugging Face Hub, and huggingface_hub is not installed, or one of training, and torch is not.
    """
    source = ModelSource.find(model)
    path = source.for_spotting(device)
    opened = _opened(path, device, source.name)
    for directory in {path, source.directory}:
        require_own_lexicon(directory, opened.tokenizer)
    return opened


def _opened(path: Path, device: str, name: str | None) -> SpeechModel:
    if (path / EXPORTED).is_file():
        from kwskit.speech_model.onnx_model import OnnxModel

        return OnnxModel(path)
    if (path / TRAINED).is_file():
        try:
            from kwskit.speech_model.torch_model import TorchModel
        except ModuleNotFoundError as error:
            need = f"{path} runs in torch (the model that kwskit export makes of it does without)"
            raise missing_extra("train", need, error) from error

        return TorchModel(path, device, name)
    raise ModelError(f"{path} holds neither {TRAINED} nor {EXPORTED}: {KINDS}")
