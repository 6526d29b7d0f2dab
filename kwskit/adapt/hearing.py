"""Streams as the windows that a keyword is judged by, and as its best scores."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kwskit.adapt.fitting import Windows
from kwskit.adapt.speaking import Utterances
from kwskit.constants import SAMPLE_RATE
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.keyword_queries import KeywordQueries
from kwskit.spotting.score_smoothing import NEAR
from kwskit.spotting.spotter import Spotter

BLOCK = 10 * SAMPLE_RATE
ROUND = 0.2  # s around an utterance in which its best score may be


def windows_of(spotter: Spotter, keyword: Keyword, heard: Utterances, only_middles: bool) -> Windows:
    """The windows that fit ``keyword``: all of a stream, or those in the middle of an utterance only.

    These are centred within 80 ms of its middle, as those that :class:`~kwskit.spotting.score_smoothing.ScoreSmoothing`
    averages there.
    """
    listener = spotter.listener(keyword.windows)
    queries = KeywordQueries([keyword], spotter.cohort)
    middles = (heard.start + heard.stop) / 2
    rows = [np.zeros((0, spotter.model.dim), np.float32)]
    score = [np.zeros(0, np.float32)]
    blocks = [listener.push(heard.pcm[at : at + BLOCK]) for at in range(0, len(heard.pcm), BLOCK)]
    for found in (*blocks, listener.finish()):
        for windows in found:
            kept, own = windows.kept, queries.scores(windows)[:, 0]
            use = np.isfinite(own)
            if only_middles:
                use &= _near((windows.start + windows.stop) / 2, middles)
            rows.append(kept[use].astype(np.float32))
            score.append(own[use])
    return Windows(np.concatenate(rows), np.concatenate(score))


def best_scores(spotter: Spotter, keywords: Sequence[Keyword], heard: Utterances) -> NDArray[np.float32]:
    """(n, Q): the highest score of each keyword at each of the n utterances, as spotting has it."""
    stream = spotter.listen_for(keywords, np.inf)
    parts: list[tuple[NDArray[np.float64], NDArray[np.float32]]] = []
    for at in range(0, len(heard.pcm), BLOCK):
        stream.push(heard.pcm[at : at + BLOCK])
        parts.append(stream.scores)
    stream.finish()
    parts.append(stream.scores)
    centre, score = (np.concatenate(column) for column in zip(*parts, strict=True))
    best = np.full((len(heard.start), len(keywords)), -np.inf, np.float32)
    for k, (start, stop) in enumerate(zip(heard.start, heard.stop, strict=True)):
        inside = (centre >= start - ROUND) & (centre <= stop + ROUND)
        best[k] = score[inside].max(0, initial=-np.inf)
    return best


def _near(centre: NDArray[np.float64], middles: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n,) whether each of ``centre`` (n,) is within 80 ms of one of ``middles``, ascending."""
    if not len(middles):
        return np.zeros(len(centre), bool)
    after = np.searchsorted(middles, centre).clip(0, len(middles) - 1)
    before = (after - 1).clip(0)
    return np.minimum(abs(centre - middles[after]), abs(centre - middles[before])) <= NEAR
