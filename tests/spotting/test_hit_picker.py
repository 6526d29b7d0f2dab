import numpy as np
import pytest

from kwskit.spotting.hit_picker import HitPicker


def windows(*rows):
    """Start, stop, when they are known (at their stop) and scores, as of one keyword, of ``rows``."""
    start, stop, score = (np.array(column, float) for column in zip(*rows, strict=True))
    return start, stop, stop, score[:, None]


def result(picks):
    return [(pick.start, pick.stop, pick.score) for pick in picks]


BURST = [
    (0.0, 0.5, 1.0),
    (0.125, 0.625, 4.0),
    (0.25, 0.75, 6.0),
    (0.375, 0.875, 5.0),
    (0.5, 1.0, 2.0),
    (0.625, 1.125, 0),
]


def test_a_burst_is_one_hit_told_when_its_patience_is_over():
    picker = HitPicker([3.0], refractory=1.0, patience=0.25)
    assert picker.push(*windows(*BURST[:5])) == []  # a window that ends at 1.0 is no later than 0.75 + 0.25
    assert result(picker.push(*windows(BURST[5]))) == [(0.25, 0.75, 6.0)]
    assert picker.finish() == []


@pytest.mark.parametrize(("later", "hits"), [(0.875, 1), (1.0, 2), (1.5, 2)])
def test_bursts_closer_than_the_refractory_time_are_one(later, hits):
    second = [(start + later, stop + later, score) for start, stop, score in BURST]
    burst = windows(*sorted(BURST + second, key=lambda row: (row[1], row[0])))
    # The second burst's best is the first whose centre is far enough.
    found = HitPicker([5.5], refractory=1.0)
    picks = [*found.push(*burst), *found.finish()]
    assert result(picks) == [(0.25, 0.75, 6.0), (0.25 + later, 0.75 + later, 6.0)][:hits]


def test_a_better_window_in_time_takes_the_place_and_waits_anew():
    picker = HitPicker([1.0], patience=0.25)
    assert picker.push(*windows((0, 0.5, 2), (0.25, 0.75, 3), (0.5, 1.0, 2.5))) == []
    assert result(picker.finish()) == [(0.25, 0.75, 3.0)]
    assert picker.finish() == []


def test_of_equals_the_one_that_ends_first():
    picker = HitPicker([1.0])
    rows = [(0.0, 0.5, 2), (0.0, 0.75, 2), (0.25, 0.75, 2), (0.0, 2.0, 0)]
    assert result(picker.push(*windows(*rows))) == [(0.0, 0.5, 2.0)]


def test_what_does_not_fit_or_reach_is_no_hit():
    picker = HitPicker([-np.inf, 2.0])
    score = np.array([[-np.inf, 1.999], [-np.inf, -np.inf]])
    picker.push(np.array([0.0, 1.0]), np.array([0.5, 1.5]), np.array([0.5, 1.5]), score)
    assert picker.finish() == []
    picker.push(np.array([2.0]), np.array([2.5]), np.array([2.5]), np.array([[0.0, 2.0]]))
    assert [(pick.query, pick.score) for pick in picker.finish()] == [(0, 0.0), (1, 2.0)]
    assert picker.push(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros((0, 2))) == []


def test_a_hit_is_told_when_it_is_known_that_none_will_be_better():
    """No later window has to come: it is enough that none will end before a time."""
    start, stop, _, score = windows(*BURST[:3])
    for seen, told in ((-np.inf, 0), (0.9, 0), (1.0, 0), (1.01, 1)):
        picker = HitPicker([3.0], refractory=1.0, patience=0.25)
        assert len(picker.push(start, stop, stop, score, seen)) == told
    picker = HitPicker([3.0], refractory=1.0, patience=0.25)
    nothing = np.zeros(0), np.zeros(0), np.zeros(0), np.zeros((0, 1))
    assert picker.push(*nothing, seen=5.0) == picker.push(start + 5, stop + 5, stop + 5, score, 5.75) == []
    assert picker.push(*nothing) == picker.push(*nothing, seen=5.9) == []
    assert result(picker.push(*nothing, seen=6.1)) == [(5.25, 5.75, 6.0)]
    assert picker.push(*nothing, seen=7.0) == picker.finish() == []
    # What is told by the clock counts for the refractory time, too.
    assert picker.push(*windows((6.0, 6.5, 9.0)), seen=9.0) == []
    assert result(picker.push(*windows((6.25, 6.75, 9.0)), seen=9.0)) == [(6.25, 6.75, 9.0)]


def test_a_hit_has_the_phonemes_of_its_window_and_keyword():
    start, stop, known, score = windows(*BURST)
    both = np.column_stack([np.full(len(start), -np.inf), score])
    phonemes = np.column_stack([np.full(len(start), 9.0), -np.arange(len(start))])
    order = np.random.default_rng(0).permutation(len(start))
    picker = HitPicker([3.0, 3.0], patience=0.25)
    (pick,) = picker.push(start[order], stop[order], known[order], both[order], phonemes=phonemes[order])
    assert (pick.query, pick.stop, pick.score, pick.phonemes) == (1, 0.75, 6.0, -2.0)
    (pick,) = HitPicker([3.0], patience=0.25).push(start, stop, known, score)
    assert pick.phonemes is None


def test_windows_follow_each_other_as_they_are_known():
    """Short windows may be known late, after longer ones that end later."""
    start, stop = np.array([0.5, 0.2, 0.7]), np.array([0.8, 1.0, 1.0])
    known, score = np.array([1.0, 0.9, 1.3]), np.array([[5.0, -np.inf], [4.0, -np.inf], [-np.inf, 1.0]])
    picker = HitPicker([3.0, 3.0], patience=0.25)
    assert picker.push(start, stop, known, score) == []  # windows of other keywords do not tell
    low = np.array([[0.0, -np.inf]])
    assert picker.push(np.array([0.8]), np.array([1.1]), np.array([1.1]), low) == []  # patience begins at 1.0, not 0.8
    (pick,) = picker.push(np.array([0.9]), np.array([1.2]), np.array([1.26]), low)
    assert (pick.start, pick.stop, pick.score, pick.known) == (0.5, 0.8, 5.0, 1.0)


def by_a_loop(start, stop, score, threshold, refractory, patience):
    """One keyword, window by window."""
    best, last, hits = None, -np.inf, []
    for a, b, s in zip(start, stop, score, strict=True):
        if best is not None and b > best[1] + patience:
            hits.append(best)
            last, best = (best[0] + best[1]) / 2, None
        if s >= threshold and (a + b) / 2 >= last + refractory and (best is None or s > best[2]):
            best = (a, b, s)
    return hits + [best] * (best is not None)


@pytest.mark.parametrize("days", [0, 30])
@pytest.mark.parametrize("seed", range(4))
def test_by_a_loop_however_windows_arrive(seed, days):
    rng = np.random.default_rng(seed)
    count, keywords = 600, 5
    stop = np.sort(rng.integers(8, 2000, count)) / 16 + days * 86_400
    start = stop - rng.choice([0.3125, 0.5, 0.8125], count)
    order = np.lexsort((start, stop))
    start, stop = start[order], stop[order]
    score = rng.integers(0, 100, (count, keywords)) / 10.0
    thresholds, refractory = np.array([5.0, 8, 9, 9.5, 20]), np.array([1.0, 0.5, 2.0, 1.0, 1.0])
    picker, found = HitPicker(thresholds, refractory, 0.25), []
    # Windows that end together arrive together, in any order.
    ends, at = np.unique(stop), 0
    while at < len(ends):
        size = int(rng.choice([1, 3, 50, 1000]))
        mine = rng.permutation(np.flatnonzero(np.isin(stop, ends[at : at + size])))
        found += picker.push(start[mine], stop[mine], stop[mine], score[mine])
        at += size
    found += picker.finish()
    assert [pick.stop for pick in found] == sorted(pick.stop for pick in found)
    for query in range(keywords):
        mine = [(pick.start, pick.stop, pick.score) for pick in found if pick.query == query]
        expected = by_a_loop(start, stop, score[:, query], thresholds[query], refractory[query], 0.25)
        assert mine == expected
        assert (len(mine) > 5) == (query < 4)
