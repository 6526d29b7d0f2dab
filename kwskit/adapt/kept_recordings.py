"""What was kept at home and judged, as recordings to adapt a keyword with."""

import logging
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kwskit.spotting.kept.kept_clip import KeptError, around_middle
from kwskit.spotting.kept.kept_folder import IT_WAS, IT_WAS_NOT, UNMARKED, KeptFolder
from kwskit.text.normal_form import normal_form
from kwskit.text.typed_keyword import TypedKeyword

ABOVE = 0.5  # marked false alarms, whose windows lie otherwise when they are heard again

logger = logging.getLogger(__name__)


class KeptRecordings(NamedTuple):
    """Clips (samples,), int16 at 16 kHz, with the place that was judged in the middle of each.

    Attributes
    ----------
    said : of the keyword
    not_said : of what set it off, or nearly did, and was not it
    unmarked : number of its clips that nobody has judged
    """

    said: list[NDArray[np.int16]]
    not_said: list[NDArray[np.int16]]
    unmarked: int = 0


NONE = KeptRecordings([], [])


def kept_recordings(folder: KeptFolder, text: str) -> KeptRecordings:
    """Clips of the keyword ``text`` that were judged, the oldest first; those that cannot be read are told, left out.

    Raises
    ------
    KeptError
        When there are none of it, or none was judged.
    """
    kept = folder.kept()
    name = normal_form(TypedKeyword.parse(text).text)
    own = [one for one in reversed(kept) if normal_form(one.clip.keyword) == name]
    if not own:
        others = sorted({one.clip.keyword for one in kept})
        there = f"of {', '.join(others)} alone" if others else "of none"
        raise KeptError(f"{folder.path}: holds no clips of '{name}': {there}")
    found = KeptRecordings([], [], sum(one.verdict == UNMARKED for one in own))
    for one in own:
        try:
            if one.verdict != UNMARKED:
                kind = found.said if one.verdict == IT_WAS else found.not_said
                kind.append(around_middle(one.path, one.clip))
        except ValueError as error:
            logger.warning("left out: %s", error)
    if not found.said and not found.not_said:
        raise KeptError(
            f"{folder.path}: none of its {len(own)} clips of '{name}' is judged: move them from {UNMARKED}/ to "
            f"{IT_WAS}/ or {IT_WAS_NOT}/, or say so on the page (kwskit serve --keep {folder.path})"
        )
    return found


def least_threshold(said: NDArray[np.float64], others: NDArray[np.float64], threshold: float) -> float | None:
    """The threshold that marked false alarms stay below, where a head alone does not have them (ours).

    A head moves scores by a bounded amount. False alarms that still reach ``threshold`` are kept away by a higher one,
    0.5 above the highest of them, or halfway to the lowest hit that was marked, where that is nearer: so none of these
    is lost. Those that score higher than such a hit stay. Without a marked hit nobody knows what would be lost: None.

    Parameters
    ----------
    said, others : (n,) and (m,) scores of clips that were marked as the keyword, and as something else
    threshold : for the rate that was asked for
    """
    lowest = said[said >= threshold].min(initial=np.inf)
    back = others[(others >= threshold) & (others < lowest)]
    if not len(back) or lowest == np.inf:
        return None
    return float(min(back.max() + ABOVE, (back.max() + lowest) / 2))
