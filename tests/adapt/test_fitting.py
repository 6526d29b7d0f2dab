"""A head by gradient steps: gradients by differences, and what is learnt."""

import numpy as np
import pytest

from kwskit.adapt import fitting
from kwskit.adapt.fitting import Windows, fitted
from kwskit.spotting.adapted.head import REACH, AdaptedHead

DIM = 6


@pytest.fixture(autouse=True)
def all_that_is_learnt(monkeypatch):
    monkeypatch.setattr(fitting, "SHARE", 1.0)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def windows(rng, count, centre, score):
    rows = rng.normal(size=(count, DIM)) + centre
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return Windows(rows.astype(np.float32), (score + rng.normal(0, 0.5, count)).astype(np.float32))


def loss(weights, rows, score, sign, share, threshold):
    hidden, bias, out = (one.astype(np.float64) for one in weights)
    total = 0.0
    for x, s, y, part in zip(rows, score, sign, share, strict=True):
        units = [max(0.0, float(np.append(x, s) @ hidden[:, u] + bias[u])) for u in range(len(bias))]
        found = s + REACH * np.tanh(sum(a * w for a, w in zip(units, out, strict=True)) / REACH)
        total += part * np.log1p(np.exp(-y * (found - threshold)))
    return total


def test_gradients_are_those_of_differences(rng):
    weights = [rng.normal(size=size).astype(np.float64) for size in ((DIM + 1, 5), 5, 5)]
    rows, score = rng.normal(size=(9, DIM)).astype(np.float32), rng.normal(2, 1, 9).astype(np.float32)
    sign, share = np.where(np.arange(9) < 4, 1.0, -1.0), np.linspace(0.1, 0.3, 9)
    found = fitting._gradients(weights, rows, score, sign, share, 1.5)
    for one, slopes in zip(weights, found, strict=True):
        for place in np.ndindex(one.shape):
            ends, kept = [], one[place]
            for step in (1e-5, -1e-5):
                one[place] = kept + step
                ends.append(loss(weights, rows, score, sign, share, 1.5))
            one[place] = kept
            assert slopes[place] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=2e-4)


@pytest.fixture
def learnt(rng, monkeypatch):
    monkeypatch.setattr(fitting, "STEPS", 200)
    said, near, coded = windows(rng, 400, 2, 3.0), windows(rng, 400, -2, 3.0), windows(rng, 2000, 0, 0.0)
    begin = AdaptedHead.unmoved(DIM, "of")
    return begin, fitted(begin, [said], [near], coded, np.zeros((1, DIM), np.float32), 3.5), said, near, coded


def test_a_share_of_what_is_learnt_is_kept(learnt, monkeypatch):
    begin, whole, said, near, coded = learnt
    monkeypatch.setattr(fitting, "SHARE", 0.3)
    head = fitted(begin, [said], [near], coded, np.zeros((1, DIM), np.float32), 3.5)
    np.testing.assert_array_equal(head.hidden, whole.hidden)
    np.testing.assert_allclose(head.out, 0.3 * whole.out, rtol=1e-6)
    moved, fully = (one(said.rows, said.score) - said.score for one in (head, whole))
    assert 0.25 < (moved / fully).mean() < 0.5  # more than the share, where the whole is bent


def test_what_is_said_rises_over_the_threshold_and_what_is_near_falls(learnt):
    _, head, said, near, coded = learnt
    assert (said.score > 3.5).mean() < 0.3
    assert (head(said.rows, said.score) > 3.5).mean() > 0.95
    assert (head(near.rows, near.score) > 3.5).mean() < 0.05
    assert (head(coded.rows, coded.score) > 3.5).mean() < 0.05


def test_it_begins_as_the_typed_score_and_leaves_the_beginning_alone(learnt):
    begin, head, said, *_ = learnt
    np.testing.assert_array_equal(begin(said.rows, said.score), said.score)
    np.testing.assert_array_equal(begin.hidden, AdaptedHead.unmoved(DIM).hidden)
    assert head.background == "of"


def test_it_is_a_function_of_its_seed(rng, monkeypatch):
    monkeypatch.setattr(fitting, "STEPS", 20)
    said, near, none = windows(rng, 50, 2, 3.0), windows(rng, 50, -2, 3.0), windows(rng, 0, 0, 0.0)
    residuals = rng.normal(size=(5, DIM)).astype(np.float32)
    one, two, other = (fitted(AdaptedHead.unmoved(DIM), [said], [near], none, residuals, 3.5, k) for k in (1, 1, 2))
    np.testing.assert_array_equal(one.hidden, two.hidden)
    assert not np.array_equal(one.hidden, other.hidden)


def test_codes_get_an_error_back(rng, monkeypatch):
    """What is coded differs from what is said by the missing error alone: nothing can be told by that."""
    monkeypatch.setattr(fitting, "STEPS", 200)
    errors = (0.7 * rng.choice([-1, 1], (4000, DIM))).astype(np.float32)
    score = np.full(2000, 3.0, np.float32)
    said = Windows(errors[:2000], score)
    coded = Windows(np.zeros((2000, DIM), np.float32), score)
    fair = fitted(AdaptedHead.unmoved(DIM), [said], [], coded, errors[2000:], 3.0)
    fooled = fitted(AdaptedHead.unmoved(DIM), [said], [], coded, errors[:0], 3.0)
    assert abs(fair(said.rows, score).mean() - 3) < 0.5
    assert fooled(said.rows, score).mean() > 4
