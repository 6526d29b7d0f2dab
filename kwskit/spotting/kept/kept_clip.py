"""A clip of what set a keyword off, or nearly did, with what is known of it: one FLAC file."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import soundfile
from numpy.typing import NDArray

from kwskit.arguments import Range, built_from
from kwskit.atomic_write import atomic_write
from kwskit.constants import SAMPLE_RATE
from kwskit.data.audio import read_segment

QUIET = 10.0  # deviation of noise, of int16: models do not know digital silence
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700  # it is speech of a home


class KeptError(ValueError):
    """Kept sound that cannot be used; the message names it."""


@dataclass(frozen=True)
class KeptClip:
    """What is known of a clip; it is the comment of its file, as JSON.

    Attributes
    ----------
    id : of no other clip
    keyword : name of the keyword
    scorer : what scored it, by :func:`~kwskit.spotting.kept.near.scorer_of`
    score, threshold : of the peak, and of the keyword; below the threshold it nearly set it off
    heard : when, in seconds since 1970, UTC
    start, stop : seconds of the clip between which the window of the peak is
    source : what was listened to
    """

    id: str
    keyword: str
    scorer: str
    score: Annotated[float, Range(-1e6, 1e6)]
    threshold: Annotated[float, Range(-1e6, 1e6)]
    heard: Annotated[float, Range(0, 1e11)]
    start: Annotated[float, Range(0, 60)]
    stop: Annotated[float, Range(0, 60)]
    source: str

    @property
    def hit(self) -> bool:
        """Whether it set the keyword off; else it nearly did."""
        return self.score >= self.threshold


def write_clip(path: Path, pcm: NDArray[np.int16], clip: KeptClip) -> None:
    """Write ``pcm`` (samples,) at 16 kHz, whole or not at all, for nobody else to read; OSError when it cannot be."""
    with atomic_write(path) as partial, open(partial, "wb", opener=_private) as file:
        try:
            with soundfile.SoundFile(file, "w", SAMPLE_RATE, 1, "PCM_16", format="FLAC") as sound:
                sound.comment = json.dumps(asdict(clip))
                sound.write(pcm)
        except soundfile.SoundFileError as error:
            raise OSError(0, str(error)) from error


def read_clip(path: str | Path) -> KeptClip:
    """What is known of a clip.

    Raises
    ------
    KeptError
        When the file is none, or damaged.
    """
    try:
        with soundfile.SoundFile(path) as sound:
            seconds, comment = sound.frames / sound.samplerate, sound.comment
        clip = built_from(KeptClip, json.loads(comment), "clip")
        if not clip.start < clip.stop <= seconds + 0.001:
            raise ValueError("its hit is not within it")
        return clip
    except (OSError, ValueError, TypeError, RecursionError, soundfile.SoundFileError) as error:
        raise KeptError(f"{path}: no clip that kwskit has kept, or damaged: {str(error)[:200]}") from error


def around_middle(path: str | Path, clip: KeptClip) -> NDArray[np.int16]:
    """The sound (samples,) of a clip, with some quiet noise at its end where the hit would not be in its middle.

    Raises
    ------
    kwskit.data.audio.AudioError
        When it cannot be read.
    """
    pcm = read_segment(path)
    before, after = round(clip.start * SAMPLE_RATE), max(0, len(pcm) - round(clip.stop * SAMPLE_RATE))
    noise = np.random.default_rng(0).normal(0, QUIET, abs(after - before)).astype(np.int16)
    return np.concatenate([noise, pcm] if after > before else [pcm, noise])


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_EXCL, PRIVATE_FILE)
