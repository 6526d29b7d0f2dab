"""Where a pre-trained model of the Hugging Face kind lies."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kwskit.errors import ModelError
from kwskit.hub_snapshot import hub_errors, snapshot

# Old models of the Hub, such as distilbert-base-uncased, go by their name alone, too.
REPOSITORY = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*(/[\w.-]+)?)(@(?P<revision>.+))?", re.ASCII)
MOST_BYTES = 1 << 24  # of a description or a vocabulary


def pretrained_folder(model: str, names: Sequence[str]) -> Path:
    """The directory ``model``, or that of the Hub's model of this name, in the cache of huggingface_hub.

    Parameters
    ----------
    model : a directory, or ``owner/name`` or ``owner/name@revision`` of the Hub, whose cache is asked first
    names : names or patterns of the files that are fetched

    Raises
    ------
    ModelError
        When it is neither, or cannot be fetched.
    ImportError
        When it is of the Hub, and huggingface_hub is not installed.
    """
    if Path(model).is_dir():
        return Path(model)
    of_hub = REPOSITORY.fullmatch(model)
    if of_hub is None or Path(model).exists():
        raise ModelError(f"{model} is no directory, and no name owner/name of the Hugging Face Hub")
    with hub_errors(of_hub["name"], of_hub["revision"]):
        return snapshot(of_hub["name"], names, of_hub["revision"])


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object of a file.

    Raises
    ------
    ModelError
        When there is none, naming the file.
    """
    if not path.is_file():
        raise ModelError(f"{path.parent} lacks {path.name}")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES:,} bytes")
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise ModelError(f"{path} holds no JSON object")
    return found
