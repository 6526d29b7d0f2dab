"""Sounds for the streams of wake words."""

from pathlib import Path

import numpy as np
import soundfile

RATE = 16_000


def write(path: Path, seconds: float, seed: int = 0, rate: int = RATE, level: float = 0.2) -> Path:
    """A file of noise, whose peak is ``level``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = np.random.default_rng(seed).uniform(-1, 1, int(seconds * rate))
    soundfile.write(path, wave / np.abs(wave).max() * level, rate)
    return path
