"""Which reading of a keyword fits recordings of it, and which phonemes are heard in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kwskit.check.heard_phonemes import OTHER, heard_phonemes
from kwskit.spotting import FA_PER_HOUR
from kwskit.spotting.calibration import with_threshold
from kwskit.spotting.enrolled import enrolled
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.sound import Sound, blocks_of
from kwskit.spotting.spoken_example import said_in
from kwskit.spotting.spotter import Spotter
from kwskit.text.keyword_reader import Readings
from kwskit.text.pronunciation import WORD_BOUNDARY, Pronunciation
from kwskit.text.typed_keyword import TypedKeyword

GUESSES = 8  # ways in which a word that no dictionary has is tried: those that do not fit cost no false alarms here


@dataclass(frozen=True)
class ExampleReading:
    """A reading, and how well it fits the recordings.

    Attributes
    ----------
    phonemes : ARPAbet, such as ``HH EY1 | N OW1 V AH0``; of what is heard without stress, where the model has none
    origin : ``typed``, as it is given or in a dictionary, ``guessed``, or ``heard`` in the recordings alone
    heard : whether it is among what the model reads off a recording
    fit : log-likelihood, the sum over the recordings, of a model that hears phonemes; else the mean score
    """

    phonemes: str
    origin: str
    heard: bool
    fit: float


@dataclass(frozen=True)
class ExampleReadings:
    """What recordings tell of how a keyword is said.

    Attributes
    ----------
    typed : the best reading as it can be typed, ``hadouken=HH AH D UW K AH N``: the likeliest of those that are typed
        or guessed, where it is hardly less likely than what is heard; else the likeliest that is heard
    readings : the best first
    by : ``phonemes``, which the model hears, or ``scores``, where it hears none
    doubts : what speaks against the recordings, a sentence each
    """

    typed: str
    readings: tuple[ExampleReading, ...]
    by: str
    doubts: tuple[str, ...]


def example_readings(
    spotter: Spotter,
    text: str,
    examples: Sequence[Sound],
    *,
    fa_per_hour: float = FA_PER_HOUR,
    threshold: float | None = None,
    count: int = 10,
) -> ExampleReadings:
    """How ``text`` is said, by one to three recordings of somebody saying it (ours).

    A model with a CTC head reads phonemes off each recording (prefix beam search). Readings that are typed, in a
    dictionary, guessed or heard are then ordered by CTC's log-likelihood, summed over the recordings. A model without
    reads nothing off: the typed, or up to eight guesses, are ordered by their mean score in the recordings.

    Parameters
    ----------
    spotter : with the model; no keyword is enrolled
    text : typed, as :meth:`~kwskit.spotting.spotter.Spotter.enrol` takes it
    examples : recordings, files or (samples,) at 16 kHz, in each of which it is said once, and nothing else
    fa_per_hour, threshold : what a score has to reach for a recording not to be doubted, where there is a background
    count : readings that are told, at most

    Raises
    ------
    kwskit.errors.UnpronounceableText
        For text that cannot be read out.
    kwskit.data.audio.AudioError
        For a recording that cannot be read.
    ValueError
        Without recordings; for one that is silent, in which something is said for longer than 5 s, or no phoneme is
        heard; and for a model that reads letters.
    """
    if isinstance(examples, str | Path) or not len(examples):
        raise ValueError("examples are a list of recordings of the keyword, at least one")
    if not spotter.reader.takes_phonemes:
        raise ValueError(f"{spotter.model.name} reads letters: it has no readings that recordings could choose from")
    names = [str(one) if isinstance(one, str | Path) else f"example {k}" for k, one in enumerate(examples, 1)]
    whole = [np.concatenate([np.zeros(0, np.int16), *blocks_of(one)]) for one in examples]
    said = [_said(pcm, name) for pcm, name in zip(whole, names, strict=True)]
    known = spotter.reader.read(text)
    if known.guessed:
        known = spotter.reader.guessing(GUESSES).read(text)
    if spotter.model.blank is None:
        return _by_scores(spotter, known, whole, names, count, fa_per_hour, threshold)
    return _by_phonemes(spotter, known, said, names, count)


def _said(pcm: NDArray[np.int16], name: str) -> NDArray[np.int16]:
    try:
        return said_in(pcm)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _distinct(spotter: Spotter, known: Readings) -> dict[tuple[int, ...], Pronunciation]:
    """The readings that differ for the model, by their ids without boundaries, the likeliest first."""
    tokenizer = spotter.model.tokenizer
    found: dict[tuple[int, ...], Pronunciation] = {}
    for one in known.pronunciations:
        (ids,) = tokenizer.distinct_ids([one], known.typed.text)
        found.setdefault(tuple(tokenizer.heard(ids)), one)
    return found


def _by_phonemes(
    spotter: Spotter, known: Readings, said: Sequence[NDArray[np.int16]], names: Sequence[str], count: int
) -> ExampleReadings:
    heard = heard_phonemes(spotter.model, said, _distinct(spotter, known), names)
    origin = "guessed" if known.guessed else "typed"
    readings = [
        ExampleReading(" ".join(phonemes), origin if before else "heard", own, fit)
        for phonemes, before, own, fit in heard.readings
    ]
    best = next(one for one in readings if one.origin == origin)
    doubts = list(heard.doubts)
    lack = (readings[0].fit - best.fit) / len(said) / sum(one != WORD_BOUNDARY for one in best.phonemes.split())
    if lack > OTHER:
        doubts.append(
            f"No reading that is {origin} fits what is heard, '{readings[0].phonemes}' (log-likelihood "
            f"{readings[0].fit:.1f}, theirs {best.fit:.1f} at most): something else is said, or they are wrong."
        )
    chosen = readings[0] if lack > OTHER else best
    shown = readings[:count] + [best] * (best not in readings[:count])
    return ExampleReadings(_typed(known, chosen), tuple(shown), "phonemes", tuple(doubts))


def _by_scores(
    spotter: Spotter,
    known: Readings,
    recordings: Sequence[NDArray[np.int16]],
    names: Sequence[str],
    count: int,
    fa_per_hour: float,
    threshold: float | None,
) -> ExampleReadings:
    candidates = list(_distinct(spotter, known).values())
    keywords = [_keyword(spotter, known, one) for one in candidates]
    scores = np.array([spotter.listen_for(keywords, np.inf).best_scores([pcm]) for pcm in recordings])
    fits = scores.mean(0)
    order = np.argsort(-fits, kind="stable").tolist()
    origin = "guessed" if known.guessed else "typed"
    readings = [ExampleReading(" ".join(candidates[k]), origin, False, float(fits[k])) for k in order]
    doubts = []
    if spotter.background is not None or threshold is not None:
        set_for = keywords[order[0]], fa_per_hour, spotter.background, spotter.model.name, threshold
        least = with_threshold(*set_for).threshold
        doubts = [
            f"{name}: the best reading scores {score:.2f} in it, below its threshold of {least:.2f}: something else is "
            "said, or no reading is right."
            for name, score in zip(names, scores[:, order[0]].tolist(), strict=True)
            if score < least
        ]
    return ExampleReadings(_typed(known, readings[0]), tuple(readings[:count]), "scores", tuple(doubts))


def _keyword(spotter: Spotter, known: Readings, reading: Pronunciation) -> Keyword:
    typed = TypedKeyword(known.typed.text, (reading,))
    return enrolled(spotter.model, spotter.listener, spotter.reader.read(typed))


def _typed(known: Readings, one: ExampleReading) -> str:
    return str(TypedKeyword(known.typed.text, (tuple(one.phonemes.split()),)))
