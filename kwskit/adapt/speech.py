"""What a keyword is trained with and judged by: voices and recordings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwskit.adapt.recordings import Recordings
from kwskit.adapt.speakers import Speakers, told
from kwskit.adapt.speaking import Utterances, in_a_row, spoken
from kwskit.spotting.cohort import cohort_words
from kwskit.text.pronunciation import Pronunciation

SAID, NEAR = 400, 400  # utterances of the keyword, and of what is near it, to train with
HELD_OUT = 150  # of each, by voices that are held out
COPIES = 12  # of a recording of the keyword, each in another room
HELD_SHARE = 4  # of so many texts that are near one is held out
BESIDE = 40  # words that may be said right before and after


@dataclass(frozen=True, eq=False)
class Speech:
    """Streams of a keyword and of what is none, for one purpose: to train with, or held out.

    Attributes
    ----------
    said, near : spoken by voices
    said_recorded, not_recorded : people's recordings of it, and without it
    """

    said: Utterances
    near: Utterances
    said_recorded: Utterances
    not_recorded: Utterances


def training_and_held_out(
    said: Sequence[str | Pronunciation],
    near: Sequence[str],
    speakers: Speakers,
    own: Recordings,
    others: Recordings,
    rng: np.random.Generator,
    rooms: bool,
) -> tuple[Speech, Speech]:
    """Speech to train with, and speech that is held out: other voices, other texts near the keyword, other recordings.

    Parameters
    ----------
    said : the keyword, as voices are to say it: written, or the phonemes of its readings
    near : texts near it
    own, others : recordings of it, and without it
    rooms : see :func:`~kwskit.adapt.speaking.in_a_row`
    """
    written = [word for one in said if isinstance(one, str) for word in one.split()]
    beside = cohort_words(BESIDE, without=written)

    def stream(texts: Sequence[str | Pronunciation], count: int, by: Mapping[str, Sequence[str]]) -> Utterances:
        chosen = [texts[k % len(texts)] for k in range(count)] if texts and by else []
        return in_a_row(spoken(chosen, by, beside, rng), rng, rooms)

    def recorded(recordings: Sequence[NDArray[np.int16]], in_rooms: bool = False) -> Utterances:
        return in_a_row([(one[:0], one, one[:0]) for one in recordings], rng, in_rooms)

    trained = [one for k, one in enumerate(near) if k % HELD_SHARE != HELD_SHARE - 1]
    training = Speech(
        said=stream(said, SAID, told(speakers.training, said)),
        near=stream(trained, NEAR, speakers.training),
        said_recorded=recorded([one for one in own.training for _ in range(COPIES)], rooms),
        not_recorded=recorded(others.training),
    )
    held_out = Speech(
        said=stream(said, HELD_OUT, told(speakers.held_out, said)),
        near=stream(near[HELD_SHARE - 1 :: HELD_SHARE], HELD_OUT, speakers.held_out),
        said_recorded=recorded(own.held_out),
        not_recorded=recorded(others.held_out),
    )
    return training, held_out
