"""How a keyword is said, by a visitor's recording of it."""

from typing import Any

import numpy as np

from kwskit.check.example_readings import example_readings
from kwskit.errors import UnpronounceableText
from kwskit.serve.refusal import Refusal, unpronounceable
from kwskit.serve.upload import Upload
from kwskit.spotting.spotter import Spotter
from kwskit.text.sign_examples import signs_of


def said_once(spotter: Spotter, text: str, upload: Upload) -> dict[str, Any]:
    """The readings of a keyword, the best first, and that one as it can be typed.

    ``doubts`` speak against the recording, ``signs`` are the readings' phonemes with a word for each.

    Parameters
    ----------
    text : typed
    upload : in which it is said once, and nothing else; checked

    Raises
    ------
    Refusal
        When nothing is said in it, or more than a keyword, or the keyword cannot be pronounced.
    """
    try:
        found = example_readings(spotter, text, [np.concatenate([np.zeros(0, np.int16), *upload.blocks()])])
    except UnpronounceableText as error:
        raise unpronounceable(error) from error
    except ValueError as error:
        raise Refusal(400, f"{_of_this(str(error))}.") from error
    readings = [one.phonemes for one in found.readings]
    doubts = [_of_this(doubt) for doubt in found.doubts]
    return {"typed": found.typed, "readings": readings, "doubts": doubts, "signs": signs_of(readings)}


def _of_this(told: str) -> str:
    """What is told of the first example, of the one recording that there is."""
    return told.replace("example 1: ", "This recording: ")
