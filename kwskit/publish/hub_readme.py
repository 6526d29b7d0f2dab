"""The README of a model as the Hub reads it: metadata of ``card.json`` above the text."""

import re
from typing import Any

from kwskit.errors import CardError, first_line
from kwskit.extras import missing_extra
from kwskit.speech_model.model_card import Figure, ModelCard

FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\r?\n.*?^---[ \t]*(\r?\n|\Z)", re.DOTALL | re.MULTILINE)
TAGS = ("keyword-spotting", "wake-word", "open-vocabulary", "onnx")
TASK = "audio-classification"  # the Hub's, of which keyword spotting is one kind
# SPDX identifiers that the Hub knows, in lower case; it refuses metadata with any other.
_SPDX = (
    "apache-2.0 mit isc zlib unlicense wtfpl bsd-2-clause bsd-3-clause bsd-3-clause-clear bsl-1.0 ncsa postgresql "
    "afl-3.0 artistic-2.0 ecl-2.0 epl-1.0 epl-2.0 eupl-1.1 eupl-1.2 mpl-2.0 ms-pl osl-3.0 ofl-1.1 lppl-1.3c "
    "gpl-2.0 gpl-3.0 agpl-3.0 lgpl-2.1 lgpl-3.0 cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 "
    "cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 "
    "cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0"
)
LICENCES = frozenset(_SPDX.split())


def without_front_matter(text: str) -> str:
    """The text of a README for people, without the metadata that programs read above it."""
    return FRONT_MATTER.sub("", text, count=1).lstrip("\r\n")


def hub_readme(text: str, card: ModelCard) -> str:
    """The README ``text`` under the metadata that the Hub shows and searches, figures as its ``model-index``.

    Metadata that are there already stay, but for those that ``card.json`` knows. The specification is `modelcard.md
    <https://github.com/huggingface/hub-docs/blob/main/modelcard.md>`_.

    Raises
    ------
    CardError
        When the metadata above ``text`` are no YAML of names and values.
    ImportError
        When huggingface_hub is not installed.
    """
    try:
        from huggingface_hub import CardData, RepoCard
    except ImportError as error:
        raise missing_extra("hub", "publishing on the Hugging Face Hub needs huggingface_hub", error) from error

    try:
        given = RepoCard(text, ignore_metadata_errors=True).data.to_dict() if FRONT_MATTER.match(text) else {}
    except Exception as error:  # of YAML and of the library, which share no other base
        raise CardError(f"README.md: the metadata above its text cannot be read: {first_line(error)}") from error
    tags = [*TAGS, *(tag for tag in given.get("tags") or () if tag not in TAGS)]
    metadata = CardData(**{**given, **_metadata(card), "tags": tags}).to_yaml()
    return f"---\n{metadata}\n---\n\n{without_front_matter(text)}"


def _metadata(card: ModelCard) -> dict[str, Any]:
    licence = card.licence.lower()
    known = {"license": licence} if licence in LICENCES else {"license": "other", "license_name": card.licence}
    found = {
        "language": card.language.partition("-")[0].lower(),  # the Hub has no regions
        **known,
        "library_name": "kwskit",
        "pipeline_tag": TASK,
    }
    return {**found, "model-index": [_index(card)]} if card.figures else found


def _index(card: ModelCard) -> dict[str, Any]:
    """The figures, those of one command as one result."""
    results = []
    for command in dict.fromkeys(figure.command for figure in card.figures):
        dataset = {"type": "kwskit", "name": "what the command measures on", "args": {"command": command}}
        metrics = [_metric(figure) for figure in card.figures if figure.command == command]
        results.append({"task": {"type": TASK, "name": "keyword spotting"}, "dataset": dataset, "metrics": metrics})
    return {"name": card.name, "results": results}


def _metric(figure: Figure) -> dict[str, Any]:
    kind = re.sub(r"[^a-z0-9]+", "_", figure.name.lower()).strip("_") or "figure"
    interval = {} if figure.low is None else {"args": {"low": figure.low, "high": figure.high}}
    return {"type": kind, "name": figure.name, "value": figure.value, **interval}
