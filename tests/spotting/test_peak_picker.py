import numpy as np
import pytest

from kwskit.spotting.peak_picker import PeakPicker, Peaks


def by_a_loop(start, stop, score, refractory):
    """The highest, then the highest of the rest that is not close to it, and so on: one query."""
    order = sorted(range(len(start)), key=lambda i: (-score[i], start[i] + stop[i], start[i]))
    peaks = []
    for i in order:
        if all(abs((start[i] + stop[i]) - (start[j] + stop[j])) / 2 >= refractory for j in peaks):
            peaks.append(i)
    return sorted((start[i], stop[i], score[i]) for i in peaks)


@pytest.mark.parametrize("refractory", [0.0, 0.5, 1.0, 7.0])
@pytest.mark.parametrize("step", [0.3, 2.0, 100.0])
@pytest.mark.parametrize("levels", [5, 10**6])
def test_peaks_by_a_loop_however_they_arrive(refractory, step, levels):
    rng = np.random.default_rng([int(refractory * 10), int(step * 10), levels])
    length = rng.choice([0.25, 0.5, 1.0], 400)
    centre = np.sort(rng.integers(0, 240, 400) / 8)
    start, stop = centre - length / 2, centre + length / 2
    score = (rng.integers(levels, size=(400, 3)) / levels).astype(np.float32)
    _, once = np.unique(np.stack([start, stop]), axis=1, return_index=True)
    start, stop, score = start[once], stop[once], score[once]
    picker, found, seen = PeakPicker(3, refractory), [], -np.inf
    centre = (start + stop) / 2
    for upto in [*np.arange(0, 30, step), np.inf]:
        now = (centre > seen) & (centre <= upto)
        found.append(picker.push(start[now], stop[now], score[now], upto))
        seen = upto
    peaks = Peaks.join(found)
    for query in range(3):
        mine = peaks.query == query
        result = sorted(zip(peaks.start[mine], peaks.stop[mine], peaks.score[mine], strict=True))
        assert result == by_a_loop(start, stop, score[:, query], refractory)


def test_a_peak_is_told_as_soon_as_it_is_certain():
    picker = PeakPicker(1, 1.0)
    hill = np.array([[0.1], [0.9], [0.2]], np.float32)
    result = picker.push(np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0]), hill, seen=2.5)
    assert result.start.tolist() == [1.0, 0.0]  # 2.0 may be on the slope of something higher
    result = picker.push(np.array([3.0]), np.array([4.0]), np.array([[0.8]], np.float32), seen=np.inf)
    assert result.start.tolist() == [3.0, 2.0]


def test_the_highest_of_each_query():
    peaks = Peaks(np.array([1, 0, 0, 0]), np.array([4.0, 3, 2, 1]), np.array([5.0, 4, 3, 2]), np.array([1.0, 3, 2, 3]))
    kept = peaks.highest(2)
    assert kept.query.tolist() == [0, 0, 1]
    assert kept.start.tolist() == [1, 3, 4]
    assert len(Peaks.join([]).highest(3).query) == 0
