"""Recordings of the ten digits: ``{digit}_{speaker}_{index}.wav``, as the Free Spoken Digit Dataset names them."""

from pathlib import Path

from people.clip import Clip
from people.halves import digit_half

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
FOLDER = "digits"


def digit_clips(speech: Path, half: str) -> list[Clip]:
    """The half's recordings, whole, in the order of their names.

    Raises
    ------
    FileNotFoundError
        When there are none.
    """
    clips = []
    for path in sorted((speech / FOLDER).glob("[0-9]_*_*.wav")):
        digit, speaker = path.stem.split("_")[:2]
        if digit_half(speaker) == half:
            clips.append(Clip(path.stem, path, DIGITS[int(digit)], speaker))
    if not clips:
        raise FileNotFoundError(f"{speech / FOLDER}: no recordings of the {half} half, such as 0_jackson_0.wav")
    return clips
