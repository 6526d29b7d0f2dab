"""Phrases that sound like a keyword: other words in a row, and its sounds parted into words elsewhere."""

import heapq
from collections.abc import Sequence
from itertools import accumulate, pairwise, product

from kwskit.text.word_sounds import WordSounds

LONGEST_WORD = 9  # phonemes that one word of a phrase stands for
LONGEST = 24  # phonemes of a keyword whose sounds are parted anywhere; a longer one keeps its number of words
WORDS, OWN_WORDS = 5, 25  # tried for a stretch of sounds, and for a stretch that is a word of the keyword
KEPT = 25  # beginnings that are followed up, of each length and number of words

Phrase = tuple[int, ...]


def phrase_candidates(words: Sequence[str], sounds: WordSounds, count: int) -> list[Phrase]:
    """Up to ``count`` phrases of two words or more that sound like ``words``, the nearest first.

    "an over" for "nova": each stretch of the keyword's sounds is replaced by a word near to it, and stretches that
    follow one another make a phrase. A phrase has at most one word more than the keyword, and its distance is the sum
    of its words' (a k-best search, ours).

    Parameters
    ----------
    words : the sounds of the keyword's words (:func:`kwskit.text.word_sounds.sound_of`)
    sounds : what phrases are made of
    count : of phrases

    Returns
    -------
    Phrases as rows of ``sounds``
    """
    sound, ends = "".join(words), [0, *accumulate(map(len, words))]
    own = {*pairwise(ends)}
    if len(sound) <= LONGEST:
        stretches = {(i, j) for i in range(len(sound)) for j in range(i + 1, min(i + LONGEST_WORD, len(sound)) + 1)}
    else:
        stretches = set()
    places = sorted(stretches | own, key=lambda stretch: stretch[1])
    near = sounds.close([sound[i:j] for i, j in places], OWN_WORDS)
    most = max(2, len(words) + 1)
    # The best beginnings that end at a place, by their number of words: (distance, rows).
    begun: dict[tuple[int, int], list[tuple[int, Phrase]]] = {(0, 0): [(0, ())]}
    for end in sorted({end for _, end in places}):
        steps = [(i, found) for (i, j), found in zip(places, near, strict=True) if j == end]
        for number in range(1, most + 1):
            best: dict[Phrase, int] = {}  # the same words may stand for the sounds in several ways
            for i, found in steps:
                few = list(zip(*found, strict=True))[: OWN_WORDS if (i, end) in own else WORDS]
                for (distance, rows), (row, step) in product(begun.get((i, number - 1), ()), few):
                    phrase = (*rows, row)
                    best[phrase] = min(distance + step, best.get(phrase, distance + step))
            kept = count if end == len(sound) else KEPT
            begun[end, number] = heapq.nsmallest(kept, ((distance, rows) for rows, distance in best.items()))
    whole = (phrase for number in range(2, most + 1) for phrase in begun[len(sound), number])
    return [
        rows for _, rows in heapq.nsmallest(count, whole, key=lambda phrase: (phrase[0], len(phrase[1]), phrase[1]))
    ]
