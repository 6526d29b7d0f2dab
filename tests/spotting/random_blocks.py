"""A stream's sound in blocks of many sizes and of both types."""

import numpy as np


def hits_in_random_blocks(stream, pcm, rng):
    """The hits of ``pcm`` (samples,), int16, handed over in blocks that ``rng`` cuts."""
    hits, at = [], 0
    while at < len(pcm):
        size = int(rng.choice([rng.integers(0, 200), rng.integers(0, 5000), 40_000]))
        block = pcm[at : at + size]
        hits += stream.push(block if rng.random() < 0.5 else block.astype(np.float32) / 32768)
        at += size
    return hits + stream.finish()
