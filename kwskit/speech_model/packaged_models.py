"""Which models come with the package."""

from pathlib import Path

from kwskit import models

DEFAULT = "english-phonemes"
SELF_CONTAINED = "english-small-scratch"  # needs no network of another package, as the default does
FOLDER = Path(models.__file__).parent
MARKS = ("model.yaml", "model.onnx.json")  # either makes a folder a model


def names() -> list[str]:
    """Of the packaged models, the default one first."""
    found = {mark.parent.name for kind in MARKS for mark in FOLDER.glob(f"*/{kind}")}
    return sorted(found, key=lambda name: (name != DEFAULT, name))


def is_packaged(path: Path) -> bool:
    """Whether ``path`` lies in the folder of the packaged models."""
    return path.resolve().is_relative_to(FOLDER.resolve())
