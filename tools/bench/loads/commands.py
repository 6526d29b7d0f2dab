"""``kwskit`` as somebody runs it, and what it says."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import soundfile
from speech_like import RATE, speech_like


def kwskit(*words: object) -> tuple[int, str]:
    """Status of a command, and the last line that it says on stderr."""
    done = subprocess.run([sys.executable, "-m", "kwskit", *map(str, words)], capture_output=True, text=True)
    return done.returncode, (done.stderr.strip().splitlines() or [""])[-1]


def found(index: Path, text: str) -> Any:
    """What a search finds, or what it says instead."""
    command = [sys.executable, "-m", "kwskit", "search", str(index), text]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return done.stderr
    return sorted((one["path"], one["start"], one["score"]) for one in map(json.loads, done.stdout.splitlines()))


def recordings(folder: Path, count: int, seconds: float) -> list[Path]:
    """So many recordings."""
    folder.mkdir(parents=True)
    paths = [folder / f"{number}.wav" for number in range(count)]
    for number, path in enumerate(paths):
        soundfile.write(path, speech_like(seconds, number), RATE)
    return paths


def told(what: str, right: bool, status: int, said: str) -> None:
    """A line about a command that met a fault."""
    print(f"{what}: {'as it should be' if right else 'WRONG'}; status {status}: {said}", flush=True)
