"""Sound that is as busy as speech, for where no recordings are at hand."""

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
FORMANTS = ((270, 2290), (390, 1990), (530, 1840), (660, 1720), (730, 1090), (570, 840), (440, 1020), (300, 870))


def speech_like(seconds: float, seed: int = 0) -> NDArray[np.int16]:
    """(samples,) int16 at 16 kHz: syllables of a hiss and a buzz with two formants, and a pause now and then."""
    rng = np.random.default_rng(seed)
    parts: list[NDArray[np.float64]] = []
    while sum(map(len, parts)) < seconds * RATE:
        if rng.uniform() < 0.15:
            parts.append(np.zeros(int(rng.uniform(0.1, 0.6) * RATE)))
        else:
            parts += [0.1 * _shaped(rng.standard_normal(int(rng.uniform(0.03, 0.1) * RATE))), _vowel(rng)]
    wave = np.concatenate(parts)[: round(seconds * RATE)]
    wave = 0.3 * wave / np.abs(wave).max() + 0.002 * rng.standard_normal(len(wave))
    return np.rint(wave * 32767).astype(np.int16)


def _vowel(rng: np.random.Generator) -> NDArray[np.float64]:
    time = np.arange(int(rng.uniform(0.08, 0.25) * RATE)) / RATE
    pitch = rng.uniform(90, 220) * (1 + 0.1 * np.sin(2 * np.pi * rng.uniform(2, 5) * time))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    formants = FORMANTS[rng.integers(len(FORMANTS))]
    wave = np.zeros(len(time))
    for harmonic in range(1, 30):
        middle = harmonic * float(pitch.mean())
        wave += sum(np.exp(-(((middle - formant) / 150) ** 2)) for formant in formants) * np.sin(harmonic * phase)
    return _shaped(wave)


def _shaped(wave: NDArray[np.float64]) -> NDArray[np.float64]:
    return wave * np.hanning(len(wave) + 2)[1:-1]
