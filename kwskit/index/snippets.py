"""Hits as sound."""

from collections.abc import Sequence
from pathlib import Path

import soundfile

from kwskit.atomic_write import atomic_write
from kwskit.constants import SAMPLE_RATE
from kwskit.data.audio import read_segment
from kwskit.index.tables import Found

CONTEXT = 0.5  # s before and after a hit


def write_snippets(hits: Sequence[Found], folder: str | Path, context: float = CONTEXT) -> list[Path]:
    """A WAV file of each hit, numbered in their order, with ``context`` seconds before and after it.

    Raises
    ------
    kwskit.data.audio.AudioError
        When a recording cannot be read any more.
    """
    folder = Path(folder)
    paths = []
    for number, hit in enumerate(hits, 1):
        path = folder / f"{number:03d}_{Path(hit.path).stem}_{hit.start:.2f}.wav"
        pcm = read_segment(hit.path, max(0.0, hit.start - context), hit.stop + context)
        with atomic_write(path) as partial:
            soundfile.write(partial, pcm, SAMPLE_RATE, format="WAV", subtype="PCM_16")
        paths.append(path)
    return paths
