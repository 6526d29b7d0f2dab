"""A recording of sung words with silence between them, and where each word is."""

import numpy as np
import pytest

RATE = 16_000
SUNG = ("tiger", "button", "tiger", "meadow", "copper", "button")


@pytest.fixture(scope="session")
def recording(sing):
    """(samples,) int16, and (word, start, stop) in seconds of each word."""
    rng = np.random.default_rng(5)
    pieces, words, at = [], [], 0
    for number, word in enumerate(SUNG):
        for piece in (0.01 * rng.standard_normal(RATE).astype(np.float32), sing(word, 2, number)):
            pieces.append(piece)
            at += len(piece)
        words.append((word, (at - len(pieces[-1])) / RATE, at / RATE))
    return (np.concatenate(pieces) * 32767).astype(np.int16), words
