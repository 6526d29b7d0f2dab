"""Porcupine, with an access key and keyword files of Picovoice's console."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pvporcupine
from numpy.typing import NDArray

from peers.peer import PeerSettings, PeerUnavailable, folder_of
from peers.settings_sweep import SettingsSweep

KEY = "PICOVOICE_ACCESS_KEY"


class PorcupinePeer(SettingsSweep):
    """Its engine at several sensitivities; a setting is 1 less its sensitivity, so that a higher one is stricter."""

    settings = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    usual = 0.5

    def __init__(self, settings: PeerSettings, sweep: bool):
        super().__init__(sweep)
        self._key = os.environ.get(KEY, "")
        if not self._key:
            raise PeerUnavailable(f"Porcupine: an access key of console.picovoice.ai in {KEY}; its licence is its own")
        self._folder = settings.porcupine
        if self._folder is not None:
            folder_of("Porcupine", self._folder, "--porcupine", "a .ppn of each keyword that is not in the package")

    def engine(self, keywords: Sequence[str], setting: float) -> "PorcupineEngine":
        files = keyword_paths(keywords, self._folder)
        try:
            return PorcupineEngine(self._key, list(keywords), files, 1 - setting)
        except (pvporcupine.PorcupineError, ValueError, OSError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise PeerUnavailable(f"Porcupine: it refuses the key of {KEY} or a keyword's file: {reason}") from error


class PorcupineEngine:
    """The package's engine, handed frames of its own length."""

    def __init__(self, key: str, keywords: list[str], files: list[str], sensitivity: float):
        self._keywords = keywords
        self._engine = pvporcupine.create(
            access_key=key, device="cpu:1", keyword_paths=files, sensitivities=[sensitivity] * len(files)
        )
        self._waiting = np.zeros(0, np.int16)

    def hear(self, block: NDArray[np.int16]) -> list[str]:
        self._waiting = np.concatenate([self._waiting, block])
        size, found = self._engine.frame_length, []
        while len(self._waiting) >= size:
            place = self._engine.process(self._waiting[:size].tolist())
            self._waiting = self._waiting[size:]
            if place >= 0:
                found.append(self._keywords[place])
        return found

    def reset(self) -> None:
        self._waiting = np.zeros(0, np.int16)


def keyword_paths(keywords: Sequence[str], folder: Path | None) -> list[str]:
    """The file of each keyword: of the package, or ``hey_computer*.ppn`` (or with spaces or ``-``) in ``folder``.

    Raises
    ------
    PeerUnavailable
        With the keywords that have none.
    """
    own = (
        {path.stem.lower().replace("-", " ").replace("_", " "): path for path in folder.glob("*.ppn")} if folder else {}
    )
    found, missing = [], []
    for keyword in keywords:
        named = [str(path) for name, path in own.items() if name == keyword or name.startswith(_named(keyword))]
        path = named[0] if named else pvporcupine.KEYWORD_PATHS.get(keyword)
        if path is None:
            missing.append(keyword)
        else:
            found.append(path)
    if missing:
        raise PeerUnavailable(
            f"Porcupine: no .ppn of {', '.join(missing)}: make them for {sys.platform} at console.picovoice.ai and "
            "name their folder with --porcupine, or --keyword names those to compare with; the package has "
            f"{', '.join(sorted(pvporcupine.KEYWORDS))}"
        )
    return found


def _named(keyword: str) -> str:
    """How the console's names begin: keyword, language, platform, ``computer_en_linux_v4_0_0``."""
    return f"{keyword} en "
