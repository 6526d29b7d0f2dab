"""Phrases of which one word is another that sounds nearly like it: what a listener must not take for the phrase."""

from collections.abc import Sequence

import numpy as np

from kwskit.evaluation.trials import phoneme_distances
from kwskit.text.g2p import G2P


def changed_phrases(phrases: Sequence[str], words: Sequence[str], g2p: G2P, seed: int) -> list[str]:
    """Each of N phrases with one word of it, drawn, in the place of which is the nearest of ``words`` in phonemes.

    Of words equally near, one is drawn; homophones are not taken.

    Raises
    ------
    ValueError
        When all words sound the same.
    """
    vocabulary = sorted({*words, *(word for phrase in phrases for word in phrase.split())})
    distances = phoneme_distances(vocabulary, {word: g2p.pronunciations(word) for word in vocabulary})
    if not distances.any():
        raise ValueError(f"none of {len(vocabulary)} words sounds unlike another: {', '.join(vocabulary[:5])}")
    distances[distances == 0] = np.inf
    number = {word: place for place, word in enumerate(vocabulary)}
    rng = np.random.default_rng(seed)
    found = []
    for phrase in phrases:
        said = phrase.split()
        place = int(rng.integers(len(said)))
        near = distances[number[said[place]]]
        said[place] = vocabulary[rng.choice(np.flatnonzero(near == near.min()))]
        found.append(" ".join(said))
    return found
