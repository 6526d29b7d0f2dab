"""Stretches of listening, with the peaks in each: by these a rate of false alarms is known."""

import json
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from kwskit.arguments import Range, built_from
from kwskit.spotting.kept.kept_clip import PRIVATE_FILE

LISTENED, JUDGED = "listened", "judged"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Peak:
    """A peak: id of its clip, what scored it, and its score."""

    id: str
    scorer: str
    score: Annotated[float, Range(-1e6, 1e6)]


@dataclass(frozen=True)
class Stretch:
    """Some minutes of listening.

    Attributes
    ----------
    start : seconds since 1970, UTC
    seconds : listened to
    names : of the keywords, by what scores them
    levels : by the same, the score above which all peaks are kept
    peaks : these
    """

    start: Annotated[float, Range(0, 1e11)]
    seconds: Annotated[float, Range(above=0, most=1e7)]
    names: Mapping[str, str]
    levels: Mapping[str, float]
    peaks: tuple[Peak, ...] = ()


def add_line(path: Path, kind: str, facts: Any) -> None:
    """Append a line, which is there whole or, where it could not be written, to be passed over."""
    line = json.dumps({kind: facts}).encode()
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
    with os.fdopen(number, "wb", buffering=0) as file:
        before = os.fstat(number).st_size
        if file.write(line + b"\n") != len(line) + 1:
            os.ftruncate(number, before)
            raise OSError(28, "no room for a line", str(path))


def add_stretch(path: Path, stretch: Stretch) -> None:
    """Append ``stretch`` to a file of this process alone; OSError when it cannot be written."""
    add_line(path, LISTENED, asdict(stretch))


def read_lines(path: Path) -> Iterator[Stretch | tuple[str, str]]:
    """Stretches, and (id, verdict) of clips that were removed after they had been judged; damaged lines are told."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                ((kind, facts),) = json.loads(line).items()
                if kind == JUDGED:
                    one, verdict = map(str, facts)
                    yield one, verdict
                else:
                    peaks = tuple(built_from(Peak, peak, "peak") for peak in facts.pop("peaks"))
                    yield built_from(Stretch, facts | {"peaks": peaks}, LISTENED)
            except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
                reason = " ".join(str(error).split())[:200]
                logger.warning("%s, line %d: damaged, left out with what it tells of: %s", path, number, reason)
