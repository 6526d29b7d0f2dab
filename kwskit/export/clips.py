"""Recordings on which an exported model is compared with the model that it was made of."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.data.audio import AudioError, read_segment
from kwskit.data.audio_folder import audio_files_below
from kwskit.data.store.packed_store import PackedStore

MOST = 200
LONGEST = 2 * SAMPLE_RATE


@dataclass(frozen=True)
class Clips:
    """Clips (samples,) int16 at 16 kHz, and where they are from, in words."""

    pcm: list[NDArray[np.int16]]
    source: str

    @classmethod
    def of_folder(cls, folder: Path) -> "Clips":
        """At most 200 recordings of ``folder`` and the folders in it, evenly chosen, the first 2 s of each.

        Raises
        ------
        ValueError
            When the folder holds no recording that can be used; the message names one and says why.
        """
        found, refused = [], f"there is no audio file in {folder}"
        for path in _evenly(audio_files_below(folder)):
            try:
                found.append(read_segment(path)[:LONGEST])
            except AudioError as error:
                refused = f"no recording of {folder} can be used, such as {error}"
        if not found:
            raise ValueError(refused)
        return cls(found, f"{len(found)} recordings of {folder.name}")

    @classmethod
    def of_store(cls, store: PackedStore) -> "Clips":
        """At most 200 segments of ``store``, evenly chosen, the first 2 s of each."""
        rows = _evenly(list(range(len(store))))
        return cls([store.read(row)[:LONGEST] for row in rows], f"{len(rows)} segments of {store.path.name}")

    @classmethod
    def made(cls) -> "Clips":
        """Sixty signals of 0.3 to 1.5 s with the pitch, formants and loudness of speech, always the same (ours)."""
        generator = np.random.default_rng(0)
        return cls([_babbled(generator) for _ in range(60)], "60 made signals, no recordings")


def _evenly(items: list) -> list:
    places = np.unique(np.linspace(0, len(items) - 1, min(MOST, len(items))).round().astype(int))
    return [items[place] for place in places]


def _babbled(generator: np.random.Generator) -> NDArray[np.int16]:
    """Syllables of a gliding pitch in which two formants stand out, and hisses between them."""
    pieces = []
    for _ in range(generator.integers(2, 7)):
        time = np.arange(int(generator.uniform(0.08, 0.22) * SAMPLE_RATE)) / SAMPLE_RATE
        pitch = generator.uniform(90, 250) * (1 + generator.uniform(-0.5, 0.5) * time)
        phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
        partials = np.arange(1, int(3800 / pitch.max()) + 1)
        frequency = partials * pitch.mean()
        formants = generator.uniform([250, 900], [900, 2800])
        loudness = np.exp(-(((frequency[:, None] - formants) / 180) ** 2)).sum(1) + 0.3 / partials
        voiced = (loudness[:, None] * np.sin(partials[:, None] * phase)).sum(0) * np.hanning(len(time))
        hiss = np.diff(generator.standard_normal(int(generator.uniform(0.02, 0.09) * SAMPLE_RATE)), prepend=0.0)
        pieces += [voiced, generator.uniform(0.05, 0.5) * hiss]
    wav = np.concatenate(pieces)
    level = generator.uniform(0.02, 0.6) / np.abs(wav).max()
    noise = 10 ** generator.uniform(-4, -2.3) * generator.standard_normal(len(wav))
    return np.rint(np.clip(level * wav + noise, -1, 1) * 32767).astype(np.int16)
