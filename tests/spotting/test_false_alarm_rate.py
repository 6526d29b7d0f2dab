import numpy as np
import pytest
from scipy.stats import genpareto, norm

from kwskit.spotting.false_alarm_rate import gaussian_threshold, rate_of_peaks, tail_shape, threshold_of_peaks


def test_counted_where_the_background_is_long_enough():
    peaks = np.arange(1000, 0, -1.0)
    found = threshold_of_peaks(peaks, hours=40.0, fa_per_hour=0.5)
    assert found == (980.5, "counted")
    assert (peaks >= found.value).sum() == 20
    assert threshold_of_peaks(peaks, 40.0, 100.0).value == 1.0  # more than there are


@pytest.mark.parametrize("rate", [0.01, 0.5, 5.0, 30.0])
@pytest.mark.parametrize("seed", range(3))
def test_extrapolated_on_the_distribution_that_is_assumed(rate, seed):
    """Of 1,000 peaks in a quarter of an hour: the true threshold is that of 1 in 4000 / rate peaks."""
    assumed = genpareto(tail_shape(40 / 0.25), scale=0.7)
    peaks = np.sort(assumed.rvs(1000, random_state=seed))[::-1]
    found = threshold_of_peaks(peaks, 0.25, rate)
    assert found.threshold_source == "extrapolated"
    # Above any base the excess is of the same shape; the mean excess of 40 peaks has a standard error of 16 % or less.
    base = assumed.isf(40 / 1000)
    error = (assumed.isf(rate / 4000) - base) / np.sqrt(40) + 0.7 / np.sqrt(40)
    assert found.value == pytest.approx(assumed.isf(rate / 4000), abs=2.5 * error)
    assert rate_of_peaks(peaks, 0.25, found.value) == pytest.approx(rate)


def test_extrapolated_by_hand():
    peaks = np.array([5.0, 4.0, 3.0, 1.0, 0.5, 0.1])  # half of six: 5, 4, 3 over 1, mean excess 3
    # Three in 1/300 hours: 900 an hour, the tail ends.
    assert threshold_of_peaks(peaks, 1 / 300, 90).value == pytest.approx(1 + 3 * 1.2 / 0.2 * (1 - 10**-0.2))
    assert rate_of_peaks(peaks, 1 / 300, 1.001 + 3 * 1.2 / 0.2) == 0
    # Three in an hour: it does not.
    assert threshold_of_peaks(peaks, 1.0, 0.3).value == pytest.approx(1 + 3 * np.log(10))
    assert rate_of_peaks(peaks, 1.0, 1 + 3 * np.log(10)) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("per_hour", "shape"), [(1, 0), (55, 0), (190.526, -0.1), (660, -0.2), (1e5, -0.2), (55 * 12**0.25, -0.05)]
)
def test_the_tail_bends_where_many_an_hour_are_higher(per_hour, shape):
    assert tail_shape(per_hour) == pytest.approx(shape, abs=1e-5)


def test_lower_rates_have_higher_thresholds():
    peaks = np.sort(np.random.default_rng(1).gumbel(size=500))[::-1]
    found = [threshold_of_peaks(peaks, 1.0, rate).value for rate in (0.01, 0.1, 1, 5, 20, 100, 400)]
    assert found == sorted(found, reverse=True)


def test_gaussian():
    assert gaussian_threshold(0.5, 50_000).value == pytest.approx(norm.isf(0.5 / 50_000))
    assert gaussian_threshold(1e9, 50_000).value == 0


@pytest.mark.parametrize("rate", [0.01, 0.5, 5.0, 100.0])
def test_a_threshold_for_a_rate_has_that_rate_even_where_a_peak_reaches_it(rate):
    peaks = np.sort(np.random.default_rng(0).normal(size=300))[::-1].copy()
    threshold = threshold_of_peaks(peaks, 0.06, rate).value
    peaks[0] = peaks[1]  # without an outlier the tail is the same but for its mean
    for highest in (peaks[1], threshold + 1e-3):
        peaks[0] = highest
        again = threshold_of_peaks(peaks, 0.06, rate).value
        assert rate_of_peaks(peaks, 0.06, again) == pytest.approx(rate)


def test_few_peaks_are_no_count():
    peaks = np.r_[9.0, np.linspace(3, 1, 100)]  # one far above the others in 3.6 minutes: not 17 an hour
    assert 0 < rate_of_peaks(peaks, 0.06, 5.0) < 17
    assert rate_of_peaks(peaks, 0.06, 8.9) == 0  # beyond the end of the tail
    assert rate_of_peaks(peaks, 0.06, peaks[9]) == pytest.approx(10 / 0.06)  # ten are counted
    steps = [rate_of_peaks(peaks, 0.06, threshold) for threshold in np.linspace(0, 12, 500)]
    assert steps == sorted(steps, reverse=True)
    assert steps[0] == pytest.approx(101 / 0.06)


def test_a_rate_too_high_for_any_background():
    assert threshold_of_peaks(np.arange(9.0, 0, -1), 1e300, 1e300) == (1.0, "counted")


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_rates_that_make_no_sense(rate):
    with pytest.raises(ValueError, match="above 0 an hour"):
        threshold_of_peaks(np.arange(9.0), 1.0, rate)
    with pytest.raises(ValueError, match="above 0 an hour"):
        gaussian_threshold(rate, 1000)


def test_too_little_to_tell():
    with pytest.raises(ValueError, match=r"1 peaks in 0\.01 hours"):
        threshold_of_peaks(np.ones(1), 0.01, 0.5)
    with pytest.raises(ValueError, match="too few for a rate"):
        rate_of_peaks(np.ones(0), 0.01, 0.5)
