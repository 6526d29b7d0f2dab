"""Adapted keywords in files."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from kwskit.array_file import read_arrays
from kwskit.atomic_write import atomic_write
from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.adapted.card import AdaptationCard
from kwskit.spotting.adapted.head import AdaptedHead

VERSION = 1
LARGEST = 2**20  # bytes of a file's arrays
TEXTS, WEIGHTS = ("typed", "model", "digest"), ("hidden", "bias", "out")
FACTS = {*TEXTS, "streaming", "tokens", "background", "card"}


class KeywordFileError(ValueError):
    """A keyword file that cannot be used; the message names it."""


@dataclass(frozen=True, eq=False)
class AdaptedKeyword:
    """A keyword with the head that judges its windows; of one model.

    Attributes
    ----------
    typed : as it was typed
    model, digest : name and digest of the model
    streaming : whether windows were made of the frames of a stream, or each by itself
    tokens : ids of each pronunciation that was listened for
    head : over the model's embeddings
    card : how it was made, and how it does
    least : threshold that one for a rate is at least, so that false alarms do not come back that were marked; or None
    """

    typed: str
    model: str
    digest: str
    streaming: bool
    tokens: tuple[tuple[int, ...], ...]
    head: AdaptedHead
    card: AdaptationCard
    least: float | None = None

    def require(self, model: SpeechModel, streaming: bool) -> None:
        """Raise :class:`KeywordFileError` unless it was adapted to ``model`` and to windows that are made so."""
        if (self.digest, self.head.dim) != (model.digest, model.dim):
            raise KeywordFileError(
                f"'{self.typed}' was adapted to the model {self.model}, of the digest {self.digest[:12]}, and not to "
                f"this {model.name} ({model.digest[:12]}): adapt it again (kwskit adapt)"
            )
        if self.streaming != streaming:
            ways = {True: "a stream's frames", False: "windows, each by itself"}
            raise KeywordFileError(
                f"'{self.typed}' was adapted to {ways[self.streaming]}: this spotter listens otherwise"
            )

    def save(self, path: str | Path) -> None:
        """Write it, whole or not at all (OSError when it cannot be written): an .npz of weights and a JSON text."""
        facts: dict[str, Any] = {name: getattr(self, name) for name in (*TEXTS, "streaming", "tokens")}
        facts |= {"background": self.head.background, "card": self.card.as_json()}
        facts |= {} if self.least is None else {"least": self.least}
        arrays: dict[str, Any] = {name: getattr(self.head, name) for name in WEIGHTS}
        arrays |= {"keyword_version": np.array(VERSION), "facts": np.array(json.dumps(facts))}
        with atomic_write(path) as partial, partial.open("wb") as file:
            np.savez_compressed(file, **arrays)


def read_keyword_file(path: str | Path | BinaryIO) -> AdaptedKeyword:
    """What :meth:`AdaptedKeyword.save` has written, of a file or one open for reading; nobody's code is run.

    Raises
    ------
    KeywordFileError
        When the file is missing, damaged, something else, or of another version.
    """
    try:
        arrays = read_arrays(path, LARGEST)
        version = arrays.get("keyword_version")
        if version is None or version.shape or version.dtype.kind not in "iu":
            raise ValueError("it has no version")
        if int(version) != VERSION:
            raise ValueError(f"it is of version {int(version)}, and this kwskit reads {VERSION}: adapt it again")
        facts = _facts(json.loads(str(arrays["facts"])))
        head = AdaptedHead(**{name: arrays[name] for name in WEIGHTS}, background=facts["background"])
        head.check()
        return AdaptedKeyword(
            **{name: facts[name] for name in TEXTS},
            streaming=facts["streaming"],
            tokens=tuple(map(tuple, facts["tokens"])),
            head=head,
            card=AdaptationCard.of_json(facts["card"]),
            least=facts.get("least"),
        )
    except FileNotFoundError:
        raise KeywordFileError(f"{path}: no such file") from None
    except (OSError, ValueError, TypeError, KeyError, MemoryError, OverflowError, RecursionError) as error:
        message = " ".join(str(error).split())[:200]
        raise KeywordFileError(f"{path}: no adapted keyword, or damaged: {message}") from error


def _facts(found: Any) -> dict[str, Any]:
    """``found``, as they are written; ValueError for anything else."""
    if not isinstance(found, dict) or set(found) - {"least"} != FACTS:
        raise ValueError(f"its facts are not {', '.join(sorted(FACTS))}")
    for name in (*TEXTS, "background"):
        if not isinstance(found[name], str):
            raise ValueError(f"its '{name}' is no text")
    if not isinstance(found["streaming"], bool):
        raise ValueError("its 'streaming' is neither true nor false")
    if not (type(found.get("least", 0.0)) is float and math.isfinite(found.get("least", 0.0))):
        raise ValueError("its 'least' is no number")
    tokens = found["tokens"]
    if not isinstance(tokens, list) or not all(
        isinstance(ids, list) and ids and all(type(one) is int for one in ids) for ids in tokens
    ):
        raise ValueError("its 'tokens' are no lists of whole numbers")
    return found
