"""Is it a good wake word?"""

from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kwskit.check.example_readings import ExampleReadings
from kwskit.spotting.keyword import Keyword
from kwskit.text.neural_g2p import VOWELS
from kwskit.text.pronunciation import WORD_BOUNDARY

CLOSE = 0.9  # of what the keyword itself scores
SPOKEN = 0.8  # of its typed score that a word has in the mean when it is spoken (see Confusables)
LEVELS = ("good", "note", "risky", "poor")  # the worst last


@dataclass(frozen=True)
class Confusable:
    """A word or a phrase that a model may take for a keyword.

    Attributes
    ----------
    text : as it is spelt
    also : other words that sound the same, of a word
    phonemes : how it is said, without stress
    kind : ``word`` or ``phrase``
    edits : phonemes more, less or other than the keyword's
    cosine : of its typed embedding and the keyword's
    score : the cosine normalised as that of a detection is, with what phonemes say where a model hears them, so that it
        can be compared with a threshold
    same : whether it is said as the keyword is, but for stress
    """

    text: str
    also: tuple[str, ...]
    phonemes: str
    kind: str
    edits: int
    cosine: float
    score: float
    same: bool


class Rival(NamedTuple):
    """Another keyword: the ``score`` that it gets here when it is said as typed, and whether it sounds the ``same``."""

    text: str
    score: float
    same: bool


class Remark(NamedTuple):
    """``level`` (of ``LEVELS``) and a sentence with the reason."""

    level: str
    text: str


@dataclass(frozen=True, eq=False)
class KeywordCheck:
    """What is known of a keyword before anybody has said it.

    Attributes
    ----------
    keyword : with its expected duration, windows and threshold
    reads : the words it is read as, and where their readings are from (:class:`kwskit.text.keyword_reader.Readings`)
    pronunciations : phonemes, such as ``HH EY1 | N OW1 V AH0``, the likeliest first
    own : the score of the keyword itself, typed
    words, phrases : what is confused with it, the most similar first
    close : how many words score at least ``least``
    around : words that it is a part of, as it is said
    parts : words that are a half of it or more, as it is said, and their scores, the highest first
    changes : of a phrase, without one of its words or with one that sounds nearly alike, and their scores, the highest
        first
    false_alarms : estimate of the false alarms an hour at the threshold, the one that thresholds are set by
        (:meth:`kwskit.spotting.background.Background.false_alarms`), or None where there is no background
    background : scores of the peaks in the background, descending; empty where there is none
    minutes : length of the background
    rivals : the other keywords that are checked with it
    heard : what recordings of it tell of how it is said; None without any
    remarks : advice (:func:`kwskit.check.rules.remarks`)
    """

    keyword: Keyword
    reads: tuple[tuple[str, str], ...]
    pronunciations: tuple[str, ...]
    own: float
    words: tuple[Confusable, ...]
    phrases: tuple[Confusable, ...]
    close: int
    around: tuple[str, ...]
    parts: tuple[tuple[str, float], ...]
    false_alarms: float | None
    background: NDArray[np.float32]
    minutes: float
    rivals: tuple[Rival, ...] = ()
    changes: tuple[tuple[str, float], ...] = ()
    heard: ExampleReadings | None = None
    remarks: tuple[Remark, ...] = ()

    @property
    def phonemes(self) -> int:
        """Of the shortest pronunciation."""
        return min(len(_phonemes(said)) for said in self.pronunciations)

    @property
    def syllables(self) -> int:
        """Of the pronunciation with the fewest."""
        return min(_vowels(said) for said in self.pronunciations)

    @property
    def vowels(self) -> float:
        """Their share of the phonemes of the likeliest pronunciation."""
        said = self.pronunciations[0]
        return _vowels(said) / len(_phonemes(said))

    @property
    def calibrated(self) -> bool:
        """Whether the threshold is given, or comes from a background."""
        return self.keyword.threshold_source != "gaussian"

    @property
    def least(self) -> float:
        """The score of a word that would set it off with nearly its own: ``CLOSE`` of ``own``, and the threshold."""
        return max(CLOSE * self.own, self.keyword.threshold if self.calibrated else -float("inf"))

    @property
    def changes_heard(self) -> tuple[str, ...]:
        """Changes of the phrase that reach the threshold with ``SPOKEN`` of their score; none where it is not known."""
        least = self.keyword.threshold / SPOKEN if self.calibrated else float("inf")
        return tuple(text for text, score in self.changes if score >= least)

    @property
    def reached(self) -> int:
        """How many peaks of the background reach the threshold."""
        return int((self.background >= self.keyword.threshold).sum())

    @property
    def verdict(self) -> str:
        """``poor``, ``risky`` or ``good``: that of the gravest remark."""
        worst = max((remark.level for remark in self.remarks), key=LEVELS.index, default="good")
        return "good" if worst == "note" else worst

    def as_json(self, most: int = 10) -> dict[str, Any]:
        """All of it but the background, rounded, ready for JSON.

        Parameters
        ----------
        most : longer words, and words within the keyword, that are listed; their numbers are told, too
        """
        known = self.keyword
        return {
            "keyword": known.text,
            "typed": known.typed,
            "verdict": self.verdict,
            "reads": [{"word": word, "from": origin} for word, origin in self.reads],
            "pronunciations": list(self.pronunciations),
            "heard": None if self.heard is None else _heard(self.heard),
            "phonemes": self.phonemes,
            "syllables": self.syllables,
            "seconds": round(known.seconds, 2),
            "windows": list(known.windows),
            "own_score": round(self.own, 2),
            "threshold": round(known.threshold, 2),
            "threshold_from": known.threshold_source,
            "fa_per_hour": known.fa_per_hour,
            "false_alarms_per_hour": None if self.false_alarms is None else round(self.false_alarms, 3),
            "background_minutes": round(self.minutes, 1),
            "background_peaks_reached": self.reached,
            "words": [_rounded(one) for one in self.words],
            "phrases": [_rounded(one) for one in self.phrases],
            "close_words": self.close,
            "part_of": list(self.around[:most]),
            "part_of_count": len(self.around),
            "parts": [{"text": text, "score": round(score, 2)} for text, score in self.parts[:most]],
            "parts_count": len(self.parts),
            "changes": [{"text": text, "score": round(score, 2)} for text, score in self.changes[:most]],
            "changes_count": len(self.changes),
            "changes_heard": len(self.changes_heard),
            "rivals": [{**one._asdict(), "score": round(one.score, 2)} for one in self.rivals],
            "advice": [remark._asdict() for remark in self.remarks],
        }


def _phonemes(said: str) -> list[str]:
    return [phoneme for phoneme in said.split() if phoneme != WORD_BOUNDARY]


def _vowels(said: str) -> int:
    return sum(phoneme.rstrip("012") in VOWELS for phoneme in _phonemes(said))


def _heard(found: ExampleReadings) -> dict[str, Any]:
    readings = [{**asdict(one), "fit": round(one.fit, 2) if isfinite(one.fit) else None} for one in found.readings]
    return {"typed": found.typed, "by": found.by, "readings": readings}


def _rounded(one: Confusable) -> dict[str, Any]:
    return {**asdict(one), "cosine": round(one.cosine, 3), "score": round(one.score, 2)}
