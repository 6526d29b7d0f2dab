"""Splits of a corpus for an open vocabulary: words and speakers of dev and test that training never hears (ours)."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kwskit.errors import CorpusError

PARTS = ("train", "dev", "test")
NOWHERE = -1


def speaker_parts(speakers: pa.ChunkedArray, shares: Mapping[str, float], seed: int) -> NDArray[np.int8]:
    """(rows,) the part of each row, a place in ``PARTS``; a speaker is in one part alone.

    Parameters
    ----------
    speakers : of each row
    shares : share of the speakers of a part, e.g. ``{"dev": 0.05, "test": 0.05}``, at least one; the rest trains
    seed : of the draw

    Raises
    ------
    CorpusError
        When nobody would be left to train on.
    """
    coded = speakers.combine_chunks().dictionary_encode()
    names = np.asarray(coded.dictionary.to_pylist(), dtype=str)
    order = np.random.default_rng(seed).permutation(len(names))
    of_speaker = np.zeros(len(names), np.int8)
    taken = 0
    for part, share in shares.items():
        count = max(1, round(share * len(names)))
        of_speaker[np.argsort(names)[order[taken : taken + count]]] = PARTS.index(part)
        taken += count
    if taken >= len(names):
        raise CorpusError(f"{len(names)} speakers are too few: {taken} would be held out for {', '.join(shares)}")
    return of_speaker[coded.indices.to_numpy(zero_copy_only=False)]


def hold_out_words(
    words: pa.ChunkedArray, parts: NDArray[np.int8], counts: Mapping[str, int], seed: int, least: int = 2
) -> NDArray[np.int8]:
    """(rows,) what each row is used for: a place in ``PARTS``, or ``NOWHERE``.

    Words of dev and test are drawn among those with at least ``least`` segments in their part, at most a quarter of
    them; segments of these words by anybody else, and other words by the speakers of dev and test, are used nowhere.

    Parameters
    ----------
    words : of each row
    parts : (rows,) whose speech it is, from :func:`speaker_parts` or the corpus' own sets
    counts : words to hold out for a part, e.g. ``{"dev": 500, "test": 2000}``
    seed : of the draw
    least : fewest segments of a held-out word

    Raises
    ------
    CorpusError
        When there are not two words to hold out for a part.
    """
    coded = words.combine_chunks().dictionary_encode()
    codes = coded.indices.to_numpy(zero_copy_only=False)
    alphabetical = np.argsort(np.asarray(coded.dictionary.to_pylist(), dtype=str))
    rng = np.random.default_rng(seed)
    held_for = np.zeros(len(alphabetical), np.int8)
    for part, count in counts.items():
        place = PARTS.index(part)
        often = np.bincount(codes[parts == place], minlength=len(held_for)) >= least
        candidates = alphabetical[(often & (held_for == 0))[alphabetical]]
        count = min(count, max(2, len(candidates) // 4))
        if len(candidates) < 2:
            raise CorpusError(
                f"{part}: {len(candidates)} words with at least {least} segments of its speakers; two are the least"
            )
        held_for[rng.permutation(candidates)[:count]] = place
    return np.where(parts == held_for[codes], parts, NOWHERE).astype(np.int8)


def some_rows(table: pa.Table, count: int, seed: int) -> pa.Table:
    """``table``, or ``count`` rows of it drawn by ``seed``, in their order."""
    if len(table) <= count:
        return table
    rows = np.sort(np.random.default_rng(seed).choice(len(table), count, replace=False))
    return table.take(pa.array(rows))
