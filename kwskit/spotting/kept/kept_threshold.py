"""A threshold by what was kept, judged, and the hours in which it was heard."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kwskit.spotting.false_alarm_rate import COUNTED, Threshold
from kwskit.spotting.kept.kept_clip import KeptError
from kwskit.spotting.kept.kept_folder import IT_WAS, IT_WAS_NOT, UNMARKED, KeptFolder
from kwskit.spotting.kept.stretch import Peak, Stretch

GONE = "gone"


class KeptThreshold(NamedTuple):
    """A threshold, and by what it is known.

    Attributes
    ----------
    threshold : counted
    hours : listened to
    false_alarms : peaks in these that were not the keyword and reach the threshold
    heard, lost : peaks that were the keyword, and how many of them do not reach it
    lowest : whether fewer false alarms than were asked for reach it, since lower scores were not kept
    """

    threshold: Threshold
    hours: float
    false_alarms: int
    heard: int
    lost: int
    lowest: bool

    def text(self) -> str:
        """For a person."""
        return (
            f"{self.false_alarms} false alarms reach it in {self.hours:.1f} hours listened to"
            + (" (fewer than asked for; what scores below it was not kept)" if self.lowest else "")
            + f"; of {self.heard} that were the keyword, {self.lost} do not"
        )


def kept_threshold(folder: KeptFolder, scorer: str, name: str, fa_per_hour: float) -> KeptThreshold:
    """The least threshold that ``fa_per_hour`` of the kept peaks reach which were not the keyword (ours).

    Clips are kept because their scores are high: they are no sample of a background, and no tail is fitted to them. But
    all peaks above a score are kept, and for how long was listened is known: so they are counted, where at least ten
    are allowed in that time. What is not judged, and reaches the threshold, would be counted wrongly: it is asked for.
    What is gone without a verdict cannot be: only the listening after it counts.

    Parameters
    ----------
    scorer : what scored them, by :func:`~kwskit.spotting.kept.near.scorer_of`
    name : of the keyword, for messages
    fa_per_hour : above 0

    Raises
    ------
    KeptError
        When there was too little listening, or too little of it has been judged.
    """
    every, verdicts = folder.listening()
    stretches = [one for one in every if scorer in one.levels]
    if not stretches:
        known = sorted({each for one in every for each in one.names.values()})
        what = f"; it has listened for {', '.join(known)}, with this model and reading or another" if known else ""
        raise KeptError(f"{folder.path}: nothing was listened to for '{name}', scored as it is now{what}")
    while True:
        found = _counted(folder, stretches, verdicts, scorer, name, fa_per_hour)
        value = found.threshold.value
        states = [
            {verdicts.get(peak.id, GONE) for peak in one.peaks if peak.scorer == scorer and peak.score >= value}
            for one in stretches
        ]
        lost = [k for k, state in enumerate(states) if GONE in state]
        if not lost:
            break
        stretches = stretches[lost[-1] + 1 :]
    if missing := sum(verdicts.get(peak.id) == UNMARKED and peak.score >= value for peak in _peaks(stretches, scorer)):
        clips = "1 clip" if missing == 1 else f"{missing} clips"
        raise KeptError(
            f"{folder.path}: {clips} of '{name}' that would count as false alarms, with scores from {value:.2f} on, "
            f"are not judged: move them from {UNMARKED}/ to {IT_WAS}/ or {IT_WAS_NOT}/"
        )
    return found


def _counted(
    folder: KeptFolder,
    stretches: Sequence[Stretch],
    verdicts: dict[str, str],
    scorer: str,
    name: str,
    fa_per_hour: float,
) -> KeptThreshold:
    """The threshold, were all that is not known to be the keyword a false alarm."""
    hours = sum(one.seconds for one in stretches) / 3600
    if fa_per_hour * hours < COUNTED:
        raise KeptError(
            f"{folder.path}: {hours:.1f} hours of listening for '{name}' that are known are too few to count "
            f"{fa_per_hour:g} false alarms an hour: {COUNTED / fa_per_hour:.0f} hours are needed (calibrate with "
            "recordings, or ask for more an hour)"
        )
    level = max(one.levels[scorer] for one in stretches)
    peaks = [peak for peak in _peaks(stretches, scorer) if peak.score >= level]
    false = np.sort([peak.score for peak in peaks if verdicts.get(peak.id) != IT_WAS])[::-1]
    right = np.array([peak.score for peak in peaks if verdicts.get(peak.id) == IT_WAS])
    allowed = int(fa_per_hour * hours)
    lowest = len(false) <= allowed
    value = level if lowest else float(false[allowed - 1] + false[allowed]) / 2
    reached = int((false >= value).sum())
    lost = int((right < value).sum())
    return KeptThreshold(Threshold(value, "counted"), hours, reached, len(right), lost, lowest)


def _peaks(stretches: Sequence[Stretch], scorer: str) -> list[Peak]:
    return [peak for one in stretches for peak in one.peaks if peak.scorer == scorer]
