import numpy as np
import pytest
import scipy.signal

from kwskit.data.resampling import resampled

RATES = [4_000, 8_000, 11_025, 12_345, 22_050, 24_000, 44_100, 48_000, 96_000]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_equals_the_polyphase_filter_of_scipy(rate, kind):
    common = np.gcd(rate, 16_000)
    up, down = 16_000 // common, rate // common
    taps = scipy.signal.firwin(64 * max(up, down) + 1, 0.94 / max(up, down), window=("kaiser", 10.0))
    for size in (0, 1, 50, 7_001):
        samples = np.random.default_rng(size).normal(0, 0.3, size).astype(kind)
        found = resampled(samples, rate)
        assert found.dtype == kind
        expected = scipy.signal.resample_poly(samples, up, down, window=taps) if size else samples
        np.testing.assert_allclose(found, expected, atol=2e-6)


def test_what_is_at_16_khz_stays_as_it_is():
    samples = np.arange(5, dtype=np.int16)
    assert resampled(samples, 16_000) is samples


def test_a_number_that_is_not_finite_stays_where_it_is():
    samples = np.zeros(48_000, np.float32)
    samples[24_000] = np.inf
    wrong = np.flatnonzero(~np.isfinite(resampled(samples, 48_000)))
    assert len(wrong)
    assert abs(wrong - 8_000).max() < 200
