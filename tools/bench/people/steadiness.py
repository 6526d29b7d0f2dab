"""Whether a score depends on what it should not: how much silence is before a word, and the size of blocks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwskit import Spotter
from kwskit.constants import SAMPLE_RATE
from people.clip import Clip, some, sounds_of
from people.halves import wake_word_half
from people.wake_streams import wake_word_files

RECORDINGS = 30
OFFSETS = range(0, SAMPLE_RATE // 2, 500)  # samples of silence
BLOCKS = (160, 1_100, 16_000)  # samples; and all at once


class SteadinessTest:
    """How far scores of recordings of wake words move."""

    def __init__(self, clips: Sequence[Clip]):
        self._clips, self._sounds = clips, sounds_of(clips)

    def measure(self, directory: str) -> dict[str, Any]:
        """The median and largest range of a recording's scores, over ``OFFSETS`` and over ``BLOCKS``."""
        spotter = Spotter.load(directory)
        by_offset, by_block = [], []
        for clip, pcm in zip(self._clips, self._sounds, strict=True):
            padded = [np.pad(pcm, (offset, SAMPLE_RATE)) for offset in OFFSETS]
            by_offset.append(np.ptp([spotter.score(sound, clip.text) for sound in padded]))
            spotter.enrol(clip.text, threshold=np.inf)
            by_block.append(np.ptp([_best(spotter, padded[1], size) for size in (*BLOCKS, len(padded[1]))]))
            spotter.forget(clip.text)
        ranges = {"silence": by_offset, "blocks": by_block}
        facts = {name: {"median": np.median(one), "largest": np.max(one)} for name, one in ranges.items()}
        return {"recordings": len(self._clips), **facts}


def steadiness_test(speech: Path, half: str, most: int | None) -> SteadinessTest | None:
    """That of a half's wake words; None where there are none."""
    files = [
        (text, path)
        for text, paths in wake_word_files(speech).items()
        for path in paths
        if wake_word_half(path) == half
    ]
    clips = [Clip(path.name, path, text, path.name) for text, path in some(files, min(RECORDINGS, most or RECORDINGS))]
    return SteadinessTest(clips) if clips else None


def _best(spotter: Spotter, pcm: NDArray[np.int16], size: int) -> float:
    """The highest score of the one keyword, in blocks of ``size`` samples."""
    stream, best = spotter.listen(), -np.inf
    for at in range(0, len(pcm), size):
        stream.push(pcm[at : at + size])
        best = max(best, float(stream.heard.score.max(initial=-np.inf)))
    stream.finish()
    return max(best, float(stream.heard.score.max(initial=-np.inf)))
