"""CTC against the enumeration of all paths."""

from itertools import groupby, product

import numpy as np
import pytest

from kwskit.check.ctc import likeliest_sequences, sequence_likelihoods

BLANK = 2  # in the middle, so that nothing rests on where it is


def log_softmax(logits):
    return logits - np.log(np.exp(logits).sum(1, keepdims=True))


def by_paths(log_probs):
    """The probability of every sequence: of all paths that are it, repetitions merged and blanks left out."""
    found = {}
    for path in product(range(log_probs.shape[1]), repeat=len(log_probs)):
        said = tuple(symbol for symbol, _ in groupby(path) if symbol != BLANK)
        found[said] = found.get(said, 0) + np.exp(sum(log_probs[t, symbol] for t, symbol in enumerate(path)))
    return found


@pytest.mark.parametrize("seed", range(6))
def test_all_paths_are_counted(seed):
    log_probs = log_softmax(np.random.default_rng(seed).normal(0, 2, (5, 4)))
    paths = by_paths(log_probs)
    sequences = sorted(paths)
    assert sum(paths.values()) == pytest.approx(1)
    found = sequence_likelihoods(log_probs, BLANK, sequences)
    np.testing.assert_allclose(found, np.log([paths[one] for one in sequences]), rtol=1e-9)
    # A beam that drops nothing has them all, in their order.
    beam = likeliest_sequences(log_probs, BLANK, [0, 1, 3], beam=1000)
    assert beam == sorted(paths, key=lambda one: -paths[one])
    # A narrow one begins as that does, where one sequence is by far the likeliest.
    sharp = log_softmax(np.random.default_rng(seed).normal(0, 9, (5, 4)))
    paths = by_paths(sharp)
    assert likeliest_sequences(sharp, BLANK, [0, 1, 3], beam=8)[0] == max(paths, key=paths.get)


def test_symbols_that_a_sequence_may_not_have():
    log_probs = log_softmax(np.random.default_rng(0).normal(0, 2, (5, 4)))
    paths = {said: chance for said, chance in by_paths(log_probs).items() if 3 not in said}
    assert likeliest_sequences(log_probs, BLANK, [0, 1], beam=1000) == sorted(paths, key=lambda one: -paths[one])


def test_sequences_that_cannot_be():
    log_probs = log_softmax(np.zeros((3, 4)))
    found = sequence_likelihoods(log_probs, BLANK, [[0, 0], [0, 0, 1], [0, 1, 0, 1], []])
    np.testing.assert_allclose(found, [np.log(1 / 64), -np.inf, -np.inf, np.log(1 / 64)])
    assert sequence_likelihoods(log_probs, BLANK, []).shape == (0,)
