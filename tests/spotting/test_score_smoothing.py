"""Scores of neighbouring windows averaged, against a loop over all windows."""

import numpy as np
import pytest

from kwskit.spotting.expected_duration import WINDOWS
from kwskit.spotting.score_smoothing import NEAR, ScoreSmoothing


def windows_of(seconds, lengths, hop=0.04, queries=2, seed=0):
    """Start, stop and scores of all windows of a stream, by their end; the last of a length ends with the stream."""
    rng = np.random.default_rng(seed)
    rows = []
    for length in lengths:
        starts = list(np.arange(0, seconds - length + 1e-9, hop)) or [0.0]
        if starts[-1] + length < seconds - 1e-9:
            starts.append(max(0.0, seconds - length))
        rows += [(start, min(start + length, seconds)) for start in starts]
    rows.sort(key=lambda row: (row[1], row[0]))
    start, stop = np.array(rows).T
    return start, stop, rng.normal(size=(len(rows), queries)).astype(np.float32)


def by_a_loop(start, stop, score, lengths):
    """(centre, average) at the windows of the shortest length."""
    own = {length: [] for length in lengths}
    for a, b, row in zip(start.tolist(), stop.tolist(), score, strict=True):
        nearest = min(WINDOWS, key=lambda length: abs(length - (b - a)))
        if nearest in own:
            own[nearest].append(((a + b) / 2, row))
    shortest = next(rows for rows in own.values() if rows)
    found = []
    for centre, _ in shortest:
        means = []
        for rows in own.values():
            near = [row for other, row in rows if abs(other - centre) <= NEAR + 1e-6]
            if near:
                means.append(np.mean(near, 0))
        found.append((centre, np.mean(means, 0)))
    return found


@pytest.mark.parametrize("lengths", [(0.5,), (0.5, 0.8), (0.8, 1.2, 1.8)])
@pytest.mark.parametrize("seconds", [4.0, 1.53, 0.9])
@pytest.mark.parametrize("hop", [0.04, 0.06])
def test_averages_are_those_of_a_loop(lengths, seconds, hop):
    start, stop, score = windows_of(seconds, (0.3, *lengths), hop)
    smoothing = ScoreSmoothing(lengths, 2)
    found = [smoothing.push(start, stop, score), smoothing.finish()]
    centre = np.concatenate([(one.start + one.stop) / 2 for one in found])
    expected = by_a_loop(start, stop, score, lengths)
    np.testing.assert_allclose(centre, [one for one, _ in expected], atol=1e-9)
    np.testing.assert_allclose(np.concatenate([one.score for one in found]), [row for _, row in expected], atol=1e-5)


@pytest.mark.parametrize("sizes", [[1], [7], [3, 50, 1, 0, 20]])
def test_blocks_change_nothing(sizes):
    lengths = (0.5, 0.8)
    start, stop, score = windows_of(5.0, lengths)
    smoothing = ScoreSmoothing(lengths, 2)
    whole = [smoothing.push(start, stop, score), smoothing.finish()]
    smoothing, parts, at, turn = ScoreSmoothing(lengths, 2), [], 0, 0
    while at < len(start):
        few = slice(at, at + sizes[turn % len(sizes)])
        parts.append(smoothing.push(start[few], stop[few], score[few]))
        if len(parts[-1].known) and few.stop < len(start):
            assert parts[-1].known[-1] <= stop[few][-1] + 0.5 / 2, "told as soon as it can be"
        at, turn = few.stop, turn + 1
    parts.append(smoothing.finish())
    for one, other in zip(*(map(np.concatenate, zip(*found, strict=True)) for found in (whole, parts)), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_places_are_those_of_the_length_that_scores_best():
    lengths = (0.5, 0.8)
    start, stop, score = windows_of(3.0, lengths, queries=1)
    score[:] = 0
    peak = np.abs((start + stop) / 2 - 1.5) < 0.3
    score[peak & np.isclose(stop - start, 0.8)] = 2
    smoothing = ScoreSmoothing(lengths, 1)
    found = smoothing.push(start, stop, score)
    best = int(found.score[:, 0].argmax())
    assert found.score[best, 0] == pytest.approx(1.0)
    assert found.stop[best] - found.start[best] == pytest.approx(0.8)
    assert (found.start[best] + found.stop[best]) / 2 == pytest.approx(1.5, abs=0.3)
    assert found.known[best] == pytest.approx((found.start[best] + found.stop[best]) / 2 + 0.8 / 2 + NEAR)


def test_memory_is_bounded():
    smoothing = ScoreSmoothing((0.5, 1.8), 2)
    start, stop, score = windows_of(120.0, (0.5, 1.8))
    for at in range(0, len(start), 40):
        smoothing.push(start[at : at + 40], stop[at : at + 40], score[at : at + 40])
        assert sum(len(one) for one in smoothing._start.values()) < 200


def test_nothing_is_heard_of_nothing():
    smoothing = ScoreSmoothing((0.5,), 3)
    empty = np.zeros(0), np.zeros(0), np.zeros((0, 3), np.float32)
    assert smoothing.push(*empty).score.shape == (0, 3)
    assert smoothing.finish().score.shape == (0, 3)
