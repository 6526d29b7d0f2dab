"""What of a model directory goes to the Hub: the files of a released model, and nothing of somebody's own."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from kwskit.errors import CardError, ModelError, PublishError
from kwskit.publish.hub_readme import hub_readme
from kwskit.publish.private_paths import private_path
from kwskit.speech_model.hub_model import FILES, MARKS
from kwskit.speech_model.model_card import FILE, ModelCard
from kwskit.speech_model.model_source import ModelSource
from kwskit.speech_model.released_files import differences, files
from kwskit.spotting.spotter import Spotter

README = "README.md"


@dataclass(frozen=True)
class Publication:
    """What is published of a model.

    Attributes
    ----------
    card : ``card.json`` as it is published
    files : contents by path, the card and the README among them
    left_out : paths in the model's directory that no model has
    """

    card: ModelCard
    files: Mapping[str, bytes]
    left_out: tuple[str, ...]

    @classmethod
    def of(cls, model: str | Path) -> "Publication":
        """That of a released model, which is opened to see that it can be.

        The README gets metadata for the Hub, and ``card.json`` its new SHA-256; the directory stays as it is.

        Parameters
        ----------
        model : as :meth:`kwskit.speech_model.model_source.ModelSource.find` takes it

        Raises
        ------
        ModelError
            When there is none, it has no card, is not as its card says, or cannot be opened.
        PublishError
            When a file holds a path of this machine or of somebody's home.
        ImportError
            When huggingface_hub is not installed, or a model without ONNX graphs is opened without torch.
        """
        source = ModelSource.find(model)
        directory = source.directory
        card = _card(directory)
        changed = differences(directory, card, FILES)
        if changed:
            again = f"if that is meant, kwskit models --write-card {directory} releases it anew"
            raise ModelError(f"{directory} is not as it was released: {'; '.join(changed)}; {again}")
        if not (directory / README).is_file():
            raise ModelError(f"{directory / README} is missing: it is what people see of a model on the Hub")
        Spotter.load(source)
        there = {path.relative_to(directory).as_posix(): path for path in files(directory)}
        contents = {name: path.read_bytes() for name, path in there.items() if name in FILES}
        contents[README] = hub_readme(contents[README].decode("utf-8", "replace"), card).encode()
        card = replace(card, files={name: hashlib.sha256(content).hexdigest() for name, content in contents.items()})
        contents[FILE] = card.text().encode()
        for name, content in contents.items():
            found = private_path(name, content)
            if found is not None:
                raise PublishError(f"{directory / name} tells of {found}, a path of one machine: nothing is published")
        return cls(card, dict(sorted(contents.items())), tuple(name for name in there if name not in FILES))

    def lines(self) -> list[str]:
        """What is published, a line a file with its bytes, and what is not."""
        digits = max(len(f"{len(content):,}") for content in self.files.values())
        listed = [f"{len(content):{digits},}  {name}" for name, content in self.files.items()]
        return [*listed, *(f"{'-':>{digits}}  {name} is left out: no file of a model" for name in self.left_out)]

    def cautions(self) -> list[str]:
        """What those who fetch it would miss, a line each."""
        if "model.yaml" not in self.files:
            return ["it has ONNX graphs alone, and cannot be trained on"]
        if not any(name.endswith("model.onnx.json") for name in self.files):
            return ["it has no ONNX graphs, and needs torch to spot: kwskit export DIR --to DIR/onnx, then a new card"]
        return []


def _card(directory: Path) -> ModelCard:
    if not any((directory / mark).is_file() for mark in MARKS):
        raise ModelError(f"{directory} is no model: it has no {' and no '.join(MARKS)}")
    if not (directory / FILE).is_file():
        how = f"kwskit models --write-card {directory} --facts facts.json writes it (docs/MODELS.md says of what)"
        raise CardError(f"{directory / FILE} is missing, without which no model is published: {how}")
    return ModelCard.read(directory)
