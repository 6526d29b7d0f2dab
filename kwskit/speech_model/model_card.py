"""``card.json``: what a released model says of itself, for programs."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from kwskit.atomic_write import atomic_write
from kwskit.errors import CardError
from kwskit.speech_model.card_fields import CardFields


@dataclass(frozen=True)
class Figure:
    """What a model was measured to do.

    Attributes
    ----------
    name : what was measured, with its unit
    value : in that unit
    low, high : ends of its 95 % interval, or None where there is none
    command : that measures it
    """

    name: str
    value: float
    low: float | None
    high: float | None
    command: str

    def text(self) -> str:
        """In a line."""
        interval = "" if self.low is None or self.high is None else f" [{self.low:g}, {self.high:g}]"
        return f"{self.name} {self.value:g}{interval}"


@dataclass(frozen=True)
class TrainingSource:
    """Speech that a model was trained on.

    Attributes
    ----------
    name : corpus, or engine of a synthetic voice
    hours : of the words that were heard
    speakers : people, or their recordings where nobody is named, or voices with their variants
    licence : SPDX identifier, or its terms in a few words
    """

    name: str
    hours: float
    speakers: int
    licence: str


FILE = "card.json"
LARGEST = 1 << 20  # bytes; a stranger's file is not read beyond


@dataclass(frozen=True)
class ModelCard:
    """What a released model says of itself; ours, in the way of Mitchell et al., *Model Cards for Model Reporting*.

    Attributes
    ----------
    name : it is called by
    version : of the model
    language : of its keywords, as BCP 47 has it: ``en``
    licence : SPDX identifier
    description : a sentence
    created_with : program and version
    audio_parameters, text_parameters : of either side, front end and pooler included; an object ``parameters`` with
        ``audio`` and ``text`` in the file
    training : what it was trained on, as far as it is told
    figures : what it was measured to do, the most telling first
    files : SHA-256 of every other file of the directory, by path
    """

    name: str
    version: str
    language: str
    licence: str
    description: str
    created_with: str
    audio_parameters: int
    text_parameters: int
    training: tuple[TrainingSource, ...]
    figures: tuple[Figure, ...]
    files: Mapping[str, str]

    @classmethod
    def of(cls, values: Any) -> "ModelCard":
        """The card that is so in JSON.

        Raises
        ------
        ValueError
            When a field is missing, unknown, or not as it must be; the message names it.
        """
        found = CardFields({"training": [], **values} if isinstance(values, dict) else values, "", FIELDS)
        parameters = CardFields(values["parameters"], "parameters", ("audio", "text"))
        return cls(
            **{name: found.text(name) for name in TEXTS},
            audio_parameters=parameters.count("audio"),
            text_parameters=parameters.count("text"),
            training=tuple(_source(one, f"training[{place}]") for place, one in enumerate(found.items("training"))),
            figures=tuple(_figure(one, f"figures[{place}]") for place, one in enumerate(found.items("figures"))),
            files=found.digests("files"),
        )

    @classmethod
    def read(cls, directory: Path) -> "ModelCard":
        """The card of ``directory``.

        Raises
        ------
        CardError
            When it is missing, no JSON, or a field is not as it must be.
        """
        path = directory / FILE
        try:
            if not path.is_file():  # a pipe would be waited for
                raise FileNotFoundError(2, "no such file")
            if path.stat().st_size > LARGEST:
                raise CardError(f"{path}: {path.stat().st_size:,} bytes are too many for a card")
            return cls.of(json.loads(path.read_text("utf-8")))
        except OSError as error:
            raise CardError(f"{path}: cannot be read: {error.strerror}; only released models have one") from error
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise CardError(f"{path}: is no JSON: {error}") from error
        except ValueError as error:
            raise error if isinstance(error, CardError) else CardError(f"{path}: {error}") from error

    def as_json(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            **{name: getattr(self, name) for name in TEXTS},
            "parameters": {"audio": self.audio_parameters, "text": self.text_parameters},
            "training": [asdict(source) for source in self.training],
            "figures": [asdict(figure) for figure in self.figures],
            "files": dict(self.files),
        }

    def text(self) -> str:
        """The text of its file."""
        return json.dumps(self.as_json(), indent=1, ensure_ascii=False) + "\n"

    def write(self, directory: Path) -> None:
        """Write it into ``directory``, whole or not at all."""
        with atomic_write(directory / FILE) as partial:
            partial.write_text(self.text(), "utf-8")


TEXTS = ("name", "version", "language", "licence", "description", "created_with")
FIELDS = (*TEXTS, "parameters", "training", "figures", "files")


def _source(values: Any, place: str) -> TrainingSource:
    found = CardFields(values, place, [field.name for field in fields(TrainingSource)])
    return TrainingSource(found.text("name"), found.number("hours"), found.count("speakers"), found.text("licence"))


def _figure(values: Any, place: str) -> Figure:
    found = CardFields(values, place, [field.name for field in fields(Figure)])
    figure = Figure(
        found.text("name"),
        found.number("value"),
        found.optional_number("low"),
        found.optional_number("high"),
        found.text("command"),
    )
    if (figure.low is None) != (figure.high is None):
        raise ValueError(f"'{place}.low' and '{place}.high' are given both, or are both null")
    if figure.low is not None and figure.high is not None and not figure.low <= figure.value <= figure.high:
        raise ValueError(f"'{place}.value' {figure.value:g} does not lie in [{figure.low:g}, {figure.high:g}]")
    return figure
