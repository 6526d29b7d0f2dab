"""Measured or simulated impulse responses read from files, such as those of RIRS_NOISES."""

import random
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor

from kwskit.data.audio import AudioError
from kwskit.data.audio_folder import audio_files_below
from kwskit.data.resampling import resampled
from kwskit.text_file import read_text

LIST = "rir_list"  # in RIRS_NOISES: one response a line, its path last, relative to the corpus' parent folder


def recorded_responses(folder: str | Path, count: int, samples: int, seed: int) -> Tensor:
    """(R, samples) float32 of unit energy, the strongest sample (the direct sound) first; R is at most ``count``.

    Parameters
    ----------
    folder : with files ``rir_list`` in it or below (RIRS_NOISES, or a part of it), else all audio files below it
    count : how many, drawn by ``seed``
    samples : length at 16 kHz; what rings on is cut off

    Raises
    ------
    AudioError
        When there are none, or one cannot be read or is silent.
    """
    files = _listed(Path(folder)) or audio_files_below(folder)
    if not files:
        raise AudioError(f"{folder}: no impulse responses: neither a {LIST} nor audio files in it or below it")
    chosen = sorted(random.Random(seed).sample(files, min(count, len(files))))
    return torch.stack([_response(path, samples) for path in chosen])


def _listed(folder: Path) -> list[Path]:
    files = []
    for listed in sorted(folder.rglob(LIST)):
        for line in read_text(listed).splitlines():
            if line.strip():
                files.append(_resolve(listed, Path(line.split()[-1])))
    return files


def _resolve(listed: Path, written: Path) -> Path:
    """The file that ``written`` names, seen from whichever folder above the list it is relative to."""
    for above in listed.parents:
        if (above / written).is_file():
            return above / written
    raise AudioError(f"{listed}: names {written}, which is in no folder above it; is the corpus unpacked whole?")


def _response(path: Path, samples: int) -> Tensor:
    try:
        sound, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        raise AudioError(f"{path}: not readable as audio: {error}") from error
    response = sound[:, 0]
    response = resampled(response, rate)
    if not len(response) or not np.abs(response).max() > 0:
        raise AudioError(f"{path}: a silent impulse response")
    response = response[int(np.abs(response).argmax()) :][:samples]
    padded = np.zeros(samples, np.float32)
    padded[: len(response)] = response / np.linalg.norm(response)
    return torch.from_numpy(padded)
