"""The card of a model that is to be released."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kwskit import __version__
from kwskit.errors import CardError
from kwskit.speech_model.model_card import FILE, ModelCard
from kwskit.speech_model.released_files import file_digests
from kwskit.text_file import TextFileError, read_text


def write_card(directory: Path, facts: Mapping[str, Any] | None = None) -> ModelCard:
    """Write ``card.json`` of a model directory; the last thing to be done to it, for it tells its files' SHA-256.

    Parameters
    ----------
    directory : that training has written, with its README, its background and its ``onnx`` sub-folder
    facts : fields as :class:`~kwskit.speech_model.model_card.ModelCard` has them in JSON. What is left out is as the
        card that is there has it; without one ``name`` is that of the directory, ``figures`` are none, ``created_with``
        is this kwskit, and ``parameters`` are counted. ``files`` is always found anew.

    Raises
    ------
    CardError
        When a field is missing, unknown, or not as it must be; the message names it.
    kwskit.errors.ModelError
        When the directory holds no model whose parameters can be counted.
    """
    path = directory / FILE
    given = dict(facts or {})
    known = ModelCard.read(directory).as_json() if path.is_file() else {}
    usual = {"name": directory.absolute().name, "figures": [], "created_with": f"kwskit {__version__}"}
    values = {**usual, **known, **given, "files": file_digests(directory)}
    if "parameters" not in values:
        values["parameters"] = _parameters(directory)
    try:
        card = ModelCard.of(values)
    except ValueError as error:
        raise CardError(f"{path}: {error}") from error
    card.write(directory)
    return card


def read_facts(path: Path) -> dict[str, Any]:
    """Facts for :func:`write_card`, of a file of JSON.

    Raises
    ------
    CardError
        When it holds no JSON object.
    """
    try:
        found = json.loads(read_text(path))
    except TextFileError as error:
        raise CardError(str(error)) from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise CardError(f"{path}: is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise CardError(f"{path}: must be an object of the fields of {FILE}")
    return found


def _parameters(directory: Path) -> dict[str, int]:
    from kwskit.speech_model.torch_model import TorchModel
    from kwskit.systems.parameter_counts import parameter_counts

    audio, text = parameter_counts(TorchModel(directory).system)
    return {"audio": audio, "text": text}
