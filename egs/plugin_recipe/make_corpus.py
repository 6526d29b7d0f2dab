#!/usr/bin/env python3
"""Makes up a corpus: six speakers whistle sixty words twice, two tones a letter. Usage: make_corpus.py FOLDER."""

import sys
from pathlib import Path

import numpy as np
import soundfile

RATE = 16_000
WORDS = """
    amber anchor apple arrow autumn badge basket beacon blanket border branch bridge bucket butter cabin candle canyon
    carpet castle cellar circle cotton cradle cricket desert dragon eagle elbow engine fabric falcon feather forest
    fossil garden ginger hammer harbor hollow island jacket kettle ladder lantern lemon marble meadow mirror needle
    orange oyster pepper pocket quarry ribbon saddle silver timber tunnel velvet
"""


def whistle(word: str, pitch: float, rng: np.random.Generator) -> np.ndarray:
    """(samples,) of a word: 70 to 90 ms a letter, in a speaker's pitch, with some noise."""
    letters = []
    for letter in word:
        time = np.arange(round(rng.uniform(0.07, 0.09) * RATE)) / RATE
        place = ord(letter) - ord("a")
        low, high = 300 + 35 * place, 1500 + 70 * (7 * place % 26)
        letters.append(np.sin(2 * np.pi * pitch * low * time) + np.sin(2 * np.pi * pitch * high * time))
    sound = np.concatenate(letters)
    return 0.2 * sound + 0.01 * rng.standard_normal(len(sound))


def main(folder: Path) -> None:
    """Write ``recordings/SPEAKER/WORD-TAKE.wav`` into ``folder``."""
    rng = np.random.default_rng(1)
    for speaker, pitch in enumerate(np.linspace(0.9, 1.1, 6)):
        place = folder / "recordings" / f"speaker{speaker}"
        place.mkdir(parents=True, exist_ok=True)
        for word in WORDS.split():
            for take in range(2):
                soundfile.write(place / f"{word}-{take}.wav", whistle(word, pitch, rng), RATE)
    print(f"made {6 * 2 * len(WORDS.split())} recordings in {folder / 'recordings'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
