import numpy as np
import pytest

from kwskit.data.resampling import resampled
from kwskit.spotting.stream_resampler import StreamResampler


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000])
def test_however_it_is_cut(rate):
    rng = np.random.default_rng(rate)
    pcm = (8000 * np.sin(np.arange(rate * 2) * 0.05) + rng.normal(0, 500, rate * 2)).astype(np.int16)
    whole = StreamResampler(rate)
    once = np.concatenate([whole.push(pcm), whole.finish()])
    assert len(once) == 2 * 16_000
    np.testing.assert_allclose(once, resampled(pcm / 32768, rate)[: len(once)] * 32768, atol=0.6)
    for _ in range(3):
        parts, at, stream = [], 0, StreamResampler(rate)
        while at < len(pcm):
            size = int(rng.integers(0, 3000))
            block = pcm[at : at + size]
            parts.append(stream.push(block if rng.random() < 0.5 else block.astype(np.float32) / 32768))
            at += size
        np.testing.assert_array_equal(np.concatenate([*parts, stream.finish()]), once)


def test_nothing_and_little():
    assert len(StreamResampler(44_100).finish()) == 0
    short = StreamResampler(48_000)
    assert len(short.push(np.ones(30, np.int16))) == 0
    assert len(short.finish()) == 10


@pytest.mark.parametrize("rate", [0, -16_000, 10**9])
def test_rates_that_make_no_sense(rate):
    with pytest.raises(ValueError, match="a sample rate is from"):
        StreamResampler(rate)


def test_samples_that_make_no_sense():
    with pytest.raises(ValueError, match="NaN or infinity"):
        StreamResampler(8_000).push(np.array([0.0, np.nan]))
