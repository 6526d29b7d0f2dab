"""Is the typed text what is said? Clips with their own text and with others."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from kwskit.data.records import TRIALS
from kwskit.evaluation.operating_points import OperatingPoints
from kwskit.evaluation.trials import LIBRIPHRASE_EASY, LIBRIPHRASE_HARD, libriphrase_trials, wsj_trials
from kwskit.text.g2p import G2P
from people.changed_words import changed_phrases
from people.clip import Clip
from people.resampling import Resampling
from people.sound_groups import sound_groups
from people.typed_trials import TypedTrials

CHANGED = "changed"
LISTS = {"easy": LIBRIPHRASE_EASY, "hard": LIBRIPHRASE_HARD}
NEGATIVES, MANY = 50, "many"
NEAREST = 1  # the hard negative is the nearest text of the set in phonemes
CLIPS_OF_SPEAKER = 8  # at least, for a speaker to be looked at alone


class TextTest:
    """Words, or phrases of one number of words, in three lists of trials over the texts of the set.

    ``easy`` and ``hard`` have each clip with its own text and one other, drawn or the nearest in phonemes, as in
    LibriPhrase; ``many`` has each with its own and 50 others, as ADML's WSJ list. Long phrases have nothing near in a
    small set: ``changed`` has, with each phrase, the same one but for a word that sounds nearly alike.

    Parameters
    ----------
    clips : N of them; seconds : (N,) how long each is
    resamples, seed : of the intervals, whose draws are of speakers; ``seed`` also of the trials
    vocabulary : texts that a model has been trained on, or None where that is not known
    words : that phrases are changed with; None for no list ``changed``
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        seconds: Sequence[float],
        resamples: int,
        seed: int,
        vocabulary: Collection[str] | None = None,
        words: Sequence[str] | None = None,
    ):
        g2p = G2P()
        self.clips, names, said = list(clips), [clip.name for clip in clips], [clip.text for clip in clips]
        self.texts = sorted(set(said))
        spoken = {text: g2p.pronunciations(text) for text in self.texts}
        drawn = libriphrase_trials(names, said, spoken, seed, nearest=NEAREST)
        tables = {name: drawn[protocol] for name, protocol in LISTS.items()}
        tables[MANY] = wsj_trials(names, said, NEGATIVES, seed)
        self.distance = _mean_distance(tables["hard"], spoken)
        if words is not None:
            changed = changed_phrases(said, words, g2p, seed)
            self.texts = sorted({*said, *changed})
            tables[CHANGED] = _pairs(names, said, changed)
        self.lists = {name: TypedTrials.of(table, names, self.texts) for name, table in tables.items()}
        self._draws = Resampling([clip.speaker for clip in clips], resamples, seed)
        self._speakers = np.array([clip.speaker for clip in clips])
        self._groups = sound_groups(said, seconds, g2p)
        self._known = None if vocabulary is None else np.array([text in vocabulary for text in said])

    def measure(self, scores: NDArray[np.float32]) -> dict[str, Any]:
        """Figures of ``scores`` (N, texts)."""
        result: dict[str, Any] = {"hard_distance": self.distance}
        result |= {"all": self._of(scores, np.ones(len(self.clips), bool))}
        if self._known is not None:
            result |= {"known": self._of(scores, self._known), "unknown": self._of(scores, ~self._known)}
        errors: dict[str, Any] = {
            kind: {name: self._of(scores, inside) for name, inside in groups.items()}
            for kind, groups in self._groups.items()
        }
        return result | {"errors": errors | {"speaker": self._speaker_spread(scores)}}

    def _of(self, scores: NDArray[np.float32], inside: NDArray[np.bool_]) -> dict[str, Any]:
        """Figures of each list's trials of some clips."""
        texts = {self.clips[number].text for number in inside.nonzero()[0]}
        result: dict[str, Any] = {"clips": int(inside.sum()), "texts": len(texts)}
        if inside.any():
            for name, trials in self.lists.items():
                own = trials.of_clips(inside)
                result[name] = self._draws.detection(own.clips, own.targets, scores[own.clips, own.texts])
        return result

    def _speaker_spread(self, scores: NDArray[np.float32]) -> dict[str, Any]:
        """Errors of speakers at the threshold where the whole list has as many misses as false alarms, in shares."""
        result: dict[str, Any] = {}
        for name in LISTS:
            trials = self.lists[name]
            values = scores[trials.clips, trials.texts].astype(np.float64)
            points = OperatingPoints.of(trials.targets, values)
            wrong = (values >= points.thresholds[points.nearest_crossing]) != trials.targets.astype(bool)
            speakers = self._speakers[trials.clips]
            names, place, clips = np.unique(speakers, return_inverse=True, return_counts=True)
            share = np.bincount(place, wrong) / clips
            often = np.flatnonzero(clips >= 2 * CLIPS_OF_SPEAKER)  # a clip has two trials
            order = often[np.argsort(share[often], kind="stable")]
            if len(order):
                quarters = {"best": 0.0, "quarter": 0.25, "median": 0.5, "three quarters": 0.75, "worst": 1.0}
                result[name] = {at: float(np.quantile(share[order], q)) for at, q in quarters.items()}
                result[name] |= {"speakers": len(order), "worst_speaker": str(names[order[-1]])}
        return result


def _pairs(names: Sequence[str], said: Sequence[str], changed: Sequence[str]) -> pa.Table:
    """Each clip with its own text and with another one."""
    typed = [text for both in zip(said, changed, strict=True) for text in both]
    columns = typed, [name for name in names for _ in range(2)], [1, 0] * len(names)
    return pa.table(dict(zip(TRIALS, columns, strict=True)), schema=pa.schema(TRIALS))


def _mean_distance(hard: pa.Table, spoken: Mapping[str, Sequence[Sequence[str]]]) -> float:
    """Mean phoneme distance of the hard negatives to what is said, as a share of its phonemes."""
    own, other = (hard["enrol_text"].to_pylist()[first::2] for first in (0, 1))  # a clip's own text is the first
    shares = [
        min(Levenshtein.distance(a, b) / len(a) for a in spoken[said] for b in spoken[typed])
        for said, typed in zip(own, other, strict=True)
    ]
    return float(np.mean(shares))
