"""What a CTC head makes of a recording: its likeliest sequences, and how likely given ones are."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BEAM, LIKELY = 24, 12  # prefixes kept after a frame, and symbols that may follow there


def likeliest_sequences(
    log_probs: NDArray[np.float32], blank: int, symbols: Sequence[int], beam: int = BEAM, likely: int = LIKELY
) -> list[tuple[int, ...]]:
    """Up to ``beam`` sequences of ``symbols``, the likeliest first.

    By prefix beam search (Graves and Jaitly 2014; Hannun et al. 2014, algorithm 1, without a language model).

    Parameters
    ----------
    log_probs : (T, V) of the frames of a recording
    blank : id of CTC's blank
    symbols : ids that a sequence may have; what others are given is left aside
    beam : prefixes that are kept after each frame
    likely : symbols, the likeliest of a frame, that may be added there

    Returns
    -------
    Sequences of ids, perhaps the empty one among them; by the paths that the search has kept, so that
    :func:`sequence_likelihoods` may order them anew.
    """
    allowed = np.asarray(symbols, np.int64)
    prefixes: dict[tuple[int, ...], tuple[float, float]] = {(): (0.0, -np.inf)}  # ends in a blank, in its last symbol
    for frame in np.asarray(log_probs, np.float64):
        following = allowed[np.argsort(-frame[allowed], kind="stable")[:likely]].tolist()
        found: dict[tuple[int, ...], list[float]] = {}
        for prefix, (in_blank, in_symbol) in prefixes.items():
            either = np.logaddexp(in_blank, in_symbol)
            own = found.setdefault(prefix, [-np.inf, -np.inf])
            own[0] = np.logaddexp(own[0], either + frame[blank])
            if prefix:
                own[1] = np.logaddexp(own[1], in_symbol + frame[prefix[-1]])
            for symbol in following:
                before = in_blank if prefix[-1:] == (symbol,) else either  # twice the same needs a blank between
                longer = found.setdefault((*prefix, symbol), [-np.inf, -np.inf])
                longer[1] = np.logaddexp(longer[1], before + frame[symbol])
        total = {prefix: np.logaddexp(own[0], own[1]) for prefix, own in found.items()}
        best = sorted((one for one in total if total[one] > -np.inf), key=lambda one: (-total[one], one))[:beam]
        prefixes = {prefix: (found[prefix][0], found[prefix][1]) for prefix in best}
    return list(prefixes)


def sequence_likelihoods(
    log_probs: NDArray[np.float32], blank: int, sequences: Sequence[Sequence[int]]
) -> NDArray[np.float64]:
    """(R,) log-likelihoods of R sequences of ids: CTC's forward algorithm (Graves et al. 2006, equations 5 to 8).

    Parameters
    ----------
    log_probs : (T, V) of the frames of a recording
    blank : id of CTC's blank
    sequences : R of them, without blanks; one that needs more frames than there are has -inf
    """
    count, states = len(sequences), 2 * max(map(len, sequences), default=0) + 1
    label = np.full((count, states), blank, np.int64)
    for row, one in enumerate(sequences):
        label[row, 1 : 2 * len(one) : 2] = one
    skips = np.zeros((count, states), bool)  # from the symbol before, past the blank
    skips[:, 2:] = (label[:, 2:] != blank) & (label[:, 2:] != label[:, :-2])
    forward = np.full((count, states), -np.inf)
    forward[:, 0] = 0.0  # before the first frame, from where the first blank and the first symbol are reached
    for number, frame in enumerate(np.asarray(log_probs, np.float64)):
        step, skip = np.full_like(forward, -np.inf), np.full_like(forward, -np.inf)
        step[:, 1:], skip[:, 2:] = forward[:, :-1], forward[:, :-2]
        skip[~skips] = -np.inf
        reached = np.logaddexp(np.logaddexp(forward, step), skip)
        if number == 0:
            reached[:, 2:] = -np.inf
        forward = reached + frame[label]
    last, rows = 2 * np.array([len(one) for one in sequences], np.int64), np.arange(count)
    ending = np.where(last > 0, forward[rows, np.maximum(last - 1, 0)], -np.inf)
    return np.logaddexp(forward[rows, last], ending)
