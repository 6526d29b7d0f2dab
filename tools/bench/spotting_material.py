"""The sound and the keywords that spotters are measured with."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
from spotter_measurement import RATE


def gathered(folder: Path | None, seconds: float) -> NDArray[np.int16]:
    """The first ``seconds`` of the recordings of a folder, or sound like speech."""
    if folder is None:
        from speech_like import speech_like

        return speech_like(seconds)
    from kwskit.data.audio import read_segment

    parts, samples = [], 0
    for path in _recordings(folder):
        parts.append(read_segment(path))
        samples += len(parts[-1])
        if samples >= seconds * RATE:
            break
    if not parts:
        raise SystemExit(f"{folder}: no recordings in it")
    return np.concatenate(parts)[: round(seconds * RATE)]


def spoken_keywords(folder: Path, each: int) -> dict[str, NDArray[np.int16]]:
    """At most ``each`` recordings of every keyword, ``<keyword>/<number>``."""
    from kwskit.corpora.wake_words.benchmark import keyword_files
    from kwskit.data.audio import read_segment

    found = keyword_files(folder)
    return {f"{word}/{k}": read_segment(path) for word, files in found.items() for k, path in enumerate(files[:each])}


def chosen_keywords(listed: Path, most: int) -> list[str]:
    """The first ``most`` keywords of a file, one a line, that PocketSphinx's dictionary has."""
    from kwskit.text_file import read_text

    words = [line.strip() for line in read_text(listed).splitlines() if line.strip()]
    if importlib.util.find_spec("pocketsphinx"):
        from spotters.pocketsphinx_spotter import not_in_dictionary

        unknown = set(not_in_dictionary(words))
        if unknown:
            print(f"not in PocketSphinx's dictionary, so not used: {', '.join(sorted(unknown))}", file=sys.stderr)
        words = [word for word in words if word not in unknown]
    if len(words) < most:
        raise SystemExit(f"{listed}: {most} keywords are asked for, and there are {len(words)}")
    return words[:most]


def _recordings(folder: Path) -> list[Path]:
    from kwskit.corpora.wake_words.benchmark import audio_files

    return audio_files(folder)
