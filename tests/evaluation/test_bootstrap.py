import numpy as np
import pytest

from kwskit.evaluation.bootstrap import bootstrap, interval, resample_counts
from kwskit.evaluation.operating_points import OperatingPoints

RATES = (0, 0.01, 0.1, 0.5)


def drawn(seed, words=None):
    """Random trials of a few words, with many ties at some seeds."""
    rng = np.random.default_rng(seed)
    size = rng.integers(2, 150)
    targets = np.r_[0, 1, rng.random(size - 2) < rng.random()].astype(int)
    scores = np.round(rng.normal(size=size) + 2 * rng.random() * targets, rng.integers(0, 4))
    typed = rng.integers(rng.integers(1, 12), size=size)
    return np.unique(typed, return_inverse=True)[1], targets, scores


def metrics_by_copying(words, targets, scores, times):
    """Metrics of the list in which every word's trials really are repeated."""
    rows = np.repeat(np.arange(len(words)), times[words])
    curve = OperatingPoints.of(targets[rows], scores[rows])
    return {
        "ap": curve.average_precision,
        "auc": curve.auc,
        "eer": curve.eer,
        "eer_nearest": curve.eer_nearest,
        **{f"frr_at_{rate:g}": curve.frr_at(rate) for rate in RATES},
    }


@pytest.mark.parametrize("seed", range(30))
def test_every_resample_equals_the_list_rebuilt(seed):
    words, targets, scores = drawn(seed)
    counts = resample_counts(words.max() + 1, 40, seed)
    found = bootstrap(words, targets, scores, counts, RATES, workers=2)
    for b, times in enumerate(counts.T):
        classes = set(targets[times[words] > 0])
        if len(classes) < 2:
            assert all(np.isnan(values[b]) for values in found.values())
            continue
        expected = metrics_by_copying(words, targets, scores, times)
        assert set(found) == set(expected)
        for name, value in expected.items():
            assert found[name][b] == pytest.approx(value, abs=1e-12), name


def test_trials_drawn_once_each_give_the_metrics_themselves():
    words, targets, scores = drawn(4)
    times = np.ones((words.max() + 1, 1), np.int32)
    found = bootstrap(words, targets, scores, times, RATES)
    for name, value in metrics_by_copying(words, targets, scores, times[:, 0]).items():
        assert found[name] == pytest.approx([value], abs=1e-12)


def test_counts_are_draws_with_replacement():
    counts = resample_counts(50, 400, seed=3)
    assert (counts.sum(axis=0) == 50).all()
    assert counts.mean(axis=1) == pytest.approx(np.ones(50), abs=0.25)
    assert counts.var() == pytest.approx(1 - 1 / 50, abs=0.03)  # multinomial
    assert (resample_counts(50, 400, seed=3) == counts).all()
    assert (resample_counts(50, 400, seed=4) != counts).any()
    # Longer runs begin with the shorter one's resamples.
    assert (resample_counts(50, 500, seed=3)[:, :400] == counts).all()


def test_the_number_of_threads_changes_nothing():
    words, targets, scores = drawn(7)
    counts = resample_counts(words.max() + 1, 200, 0)
    one, four = (bootstrap(words, targets, scores, counts, RATES, workers=n) for n in (1, 4))
    for name in one:
        np.testing.assert_array_equal(one[name], four[name])


def test_whole_words_are_resampled():
    """Where all trials of a word fare alike, the interval has the width that the number of words gives."""
    rng = np.random.default_rng(0)
    size, trials = 100, 60
    heard = rng.random(size) < 0.7  # these words' targets score above all non-targets, the others' below
    words = np.repeat(np.arange(size), trials)
    targets = np.tile(np.r_[np.ones(trials // 2), np.zeros(trials // 2)], size)
    scores = np.where(targets == 1, np.where(heard[words], 2.0, -2.0), rng.random(len(words)))
    samples = bootstrap(words, targets, scores, resample_counts(size, 2000, 1), (0.01,))["frr_at_0.01"]
    missed = 1 - heard.mean()
    assert samples.std() == pytest.approx(np.sqrt(missed * (1 - missed) / size), rel=0.08)
    low, high = interval(samples)
    assert low < missed < high
    # Of resamples of single trials it would be sqrt(30) times narrower.
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(missed * (1 - missed) / size), rel=0.1)


def test_an_interval_is_between_percentiles_and_skips_what_has_no_value():
    samples = np.r_[np.arange(1001) / 1000, np.nan, np.nan]
    assert interval(samples) == pytest.approx((0.025, 0.975))
    assert interval(samples, 0.5) == pytest.approx((0.25, 0.75))
    assert np.isnan(interval([np.nan, np.nan])).all()


def test_counts_beyond_32_bits():
    words, targets, scores = np.array([0, 0, 1, 1]), np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.7, 0.6])
    heavy = np.array([[2_000_000_000], [1_000_000_000]], np.int64)
    light = np.array([[2], [1]], np.int64)
    large, small = (bootstrap(words, targets, scores, counts, (0.1,)) for counts in (heavy, light))
    for name in small:
        assert large[name] == pytest.approx(small[name], abs=1e-12)


@pytest.mark.parametrize(("words", "resamples"), [(0, 10), (10, 0)])
def test_nothing_cannot_be_resampled(words, resamples):
    with pytest.raises(ValueError, match="needs words and resamples"):
        resample_counts(words, resamples, 0)
