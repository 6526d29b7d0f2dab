"""What was kept at home and judged, as recordings to adapt a keyword with."""

import logging
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kwskit.spotting.kept.kept_clip import KeptError, around_middle
from kwskit.spotting.kept.kept_folder import IT_WAS, IT_WAS_NOT, UNMARKED, KeptFolder
from kwskit.text.normal_form import normal_form
from kwskit.text.typed_keyword import TypedKeyword

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
