"""A model by what a person calls it."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from kwskit.errors import ModelError
from kwskit.registry import nearest
from kwskit.speech_model import packaged_models
from kwskit.speech_model.hub_model import fetched

EXPORTED, TRAINED, ONNX = "model.onnx.json", "model.yaml", "onnx"
KINDS = (
    f"a model is the name of a packaged one, the directory that training wrote ({TRAINED}, such as exp/small/model) or "
    f"that kwskit export wrote ({EXPORTED}), or a repository owner/name of the Hugging Face Hub"
)
HUB = re.compile(r"(?P<repository>[A-Za-z0-9][\w.-]*/[\w.-]+)(@(?P<revision>.+))?", re.ASCII)


@dataclass(frozen=True)
class ModelSource:
    """Where the model is that a person has named.

    Attributes
    ----------
    directory : of the model
    told : what names it from any folder
    name : packaged name or repository; None for a directory, which is called after itself
    shared : whether others use the directory too, a packaged one or one in the Hub's cache: nothing is written into it
    """

    directory: Path
    model_id: str
    name: str | None
    shared: bool

    @classmethod
    def find(cls, model: "str | Path | ModelSource | None" = None) -> "ModelSource":
        """The model of a packaged name, of a directory, or of a repository of the Hugging Face Hub.

        A directory that is there wins where it is written as a path (with a separator, a leading dot, or as a
        :class:`~pathlib.Path`), or where no packaged model has its name; so ``english`` is the same in every
        folder, and ``./english`` is the directory. What is neither, and reads ``owner/name`` or
        ``owner/name@revision``, is looked for in the Hub, see :func:`kwskit.speech_model.hub_model.fetched`.

        Parameters
        ----------
        model : None is the packaged ``english-phonemes``; one that was found already is itself

        Raises
        ------
        ModelError
            When there is none. Whether the directory holds a usable model is found out when it is opened.
        ImportError
            When it is of the Hub, and huggingface_hub is not installed.
        """
        if isinstance(model, ModelSource):
            return model
        text = packaged_models.DEFAULT if model is None else str(model)
        if (_is_path(text) or isinstance(model, Path)) and Path(text).is_dir():
            return cls._of_directory(Path(text))
        if text in packaged_models.names():
            return cls(packaged_models.FOLDER / text, text, text, True)
        if text and Path(text).is_dir():
            return cls._of_directory(Path(text))
        of_hub = HUB.fullmatch(text)
        if of_hub is not None:
            return cls(fetched(of_hub["repository"], of_hub["revision"]), text, of_hub["repository"], True)
        known = packaged_models.names()
        listed = ", ".join(known) or "this installation has none"
        raise ModelError(f"{text} is no directory, nor a packaged model ({listed}){nearest(text, known)}: {KINDS}")

    def for_spotting(self, device: str = "cpu") -> Path:
        """The exported model beside a trained one, which needs no torch, unless ``device`` does; else the directory."""
        beside = self.directory / ONNX
        if device == "cpu" and not (self.directory / EXPORTED).is_file() and (beside / EXPORTED).is_file():
            return beside
        return self.directory

    @classmethod
    def _of_directory(cls, path: Path) -> "ModelSource":
        return cls(path, str(path.absolute()), None, packaged_models.is_packaged(path))


def _is_path(text: str) -> bool:
    return text.startswith(".") or any(separator in text for separator in (os.sep, os.altsep) if separator)
