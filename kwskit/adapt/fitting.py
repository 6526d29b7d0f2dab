"""A head trained by gradient steps, in numpy."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwskit.spotting.adapted.head import REACH, AdaptedHead

STEPS, RATE, DECAY = 2_000, 3e-3, 1e-3
BATCH = 128  # windows of each kind in a step
SPREAD = 2.0  # a window of score s is drawn in proportion to exp(s / SPREAD): what is confused already counts most
FIRST, SECOND = 0.9, 0.999  # Adam's averages
# Of what is learnt, that is kept: voices and few recordings teach more than holds for other people. Wake words of the
# dev half were missed the least with a quarter to a half of it, with no recording and with three.
SHARE = 0.3


@dataclass(frozen=True, eq=False)
class Windows:
    """Embeddings (n, dim) of windows and their typed scores (n,)."""

    rows: NDArray[np.float32]
    score: NDArray[np.float32]


def fitted(
    begin: AdaptedHead,
    said: Sequence[Windows],
    others: Sequence[Windows],
    coded: Windows,
    residuals: NDArray[np.float32],
    threshold: float,
    seed: int = 0,
) -> AdaptedHead:
    """A head that tells windows in which a keyword is said from others (ours).

    The loss is that of a logistic regression with the score less the typed ``threshold`` as its logit, of windows that
    say it and of others in equal shares; windows of each kind are drawn, of others those that score high as typed the
    more often. Adam (Kingma & Ba 2015), a rate that falls to 0, and the weights averaged over the second half of the
    steps (Polyak & Juditsky 1992). The head that is returned lies between the typed score and what was learnt (as in
    WiSE-FT, Wortsman et al. 2022).

    Embeddings of the background are known by their codes alone. So that a head cannot learn to tell the codes from
    sound, each gets the error ``residuals`` (m, dim) of some other window back.

    Parameters
    ----------
    begin : head that training begins with
    said : windows in which it is said, kinds of which as many are drawn
    others : windows in which it is not, likewise
    coded : those of the background, one more kind of these; may be empty
    """
    rng = np.random.default_rng(seed)
    weights = [begin.hidden.copy(), begin.bias.copy(), begin.out.copy()]
    moments = [(np.zeros_like(one), np.zeros_like(one)) for one in weights]
    averages = [np.zeros(one.shape, np.float64) for one in weights]
    negatives = [one for one in (*others, coded) if len(one.score)]
    chances = [np.exp((one.score - one.score.max()) / SPREAD, dtype=np.float64) for one in negatives]
    cumulated = [np.cumsum(one / one.sum()) for one in chances]
    for step in range(STEPS):
        rows, score = [], []
        for one in said:
            drawn = rng.integers(0, len(one.score), BATCH)
            rows.append(one.rows[drawn])
            score.append(one.score[drawn])
        for one, until in zip(negatives, cumulated, strict=True):
            drawn = np.minimum(np.searchsorted(until, rng.random(BATCH)), len(until) - 1)
            own = one.rows[drawn]
            if one is coded and len(residuals):
                own = own + residuals[rng.integers(0, len(residuals), BATCH)]
            rows.append(own)
            score.append(one.score[drawn])
        share = np.repeat([1 / len(said)] * len(said) + [1 / len(negatives)] * len(negatives), BATCH) / BATCH
        sign = np.where(np.arange(len(share)) < BATCH * len(said), 1.0, -1.0)
        gradients = _gradients(weights, np.concatenate(rows), np.concatenate(score), sign, share, threshold)
        rate = RATE * (1 - step / STEPS)
        for k, (one, slope, (mean, square)) in enumerate(zip(weights, gradients, moments, strict=True)):
            mean += (1 - FIRST) * (slope - mean)
            square += (1 - SECOND) * (np.square(slope) - square)
            fair = np.sqrt(square / (1 - SECOND ** (step + 1))) + 1e-8
            one -= (rate * (mean / (1 - FIRST ** (step + 1)) / fair + DECAY * one)).astype(np.float32)
            if step >= STEPS // 2:
                averages[k] += one / (STEPS - STEPS // 2)
    hidden, bias, out = (one.astype(np.float32) for one in averages)
    head = AdaptedHead(hidden, bias, np.float32(SHARE) * out, begin.background)
    head.check()
    return head


def _gradients(
    weights: Sequence[NDArray[np.float32]],
    rows: NDArray[np.float32],
    score: NDArray[np.float32],
    sign: NDArray[np.float64],
    share: NDArray[np.float64],
    threshold: float,
) -> list[NDArray[np.float32]]:
    """Of sum(share log(1 + exp(-sign (f - threshold)))) by the weights, f the head's score."""
    hidden, bias, out = weights
    inputs = np.concatenate([rows, score[:, None]], 1, dtype=np.float32)
    inner = inputs @ hidden + bias
    active = np.maximum(inner, 0)
    bent = np.tanh(active @ out / REACH)
    logit = sign * (score + REACH * bent - threshold)
    by_score = -share * sign / (1 + np.exp(np.clip(logit, -60, 60)))
    by_sum = (by_score * (1 - np.square(bent))).astype(np.float32)
    by_inner = by_sum[:, None] * out * (inner > 0)
    return [inputs.T @ by_inner, by_inner.sum(0), active.T @ by_sum]
