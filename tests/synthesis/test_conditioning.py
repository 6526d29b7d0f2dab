import numpy as np
import pytest

from kwskit.synthesis.conditioning import condition, condition_timed, tightened


def tone(frequency, seconds, sample_rate, amplitude=0.3):
    return (amplitude * np.sin(2 * np.pi * frequency * np.arange(int(seconds * sample_rate)) / sample_rate)).astype(
        "f4"
    )


def strongest(samples):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 65536))
    return np.argmax(spectrum) * 16000 / 65536


@pytest.mark.parametrize("noise", [0.0, 5e-4])
@pytest.mark.parametrize(("before", "after"), [(0.3, 0.5), (0.0, 0.2), (0.25, 0.0)])
def test_trims_silent_ends(noise, before, after):
    hiss = noise * np.random.default_rng(0).standard_normal(16000 * 2)
    sound = tone(500, 0.4, 16000)
    first = int(before * 16000)
    whole = hiss[: first + len(sound) + int(after * 16000)]
    whole[first : first + len(sound)] += sound
    trimmed, spans = condition_timed(whole, 16000, np.array([[before, before + 0.4]]))
    margins = min(before, 0.04), min(after, 0.04)
    assert len(trimmed) / 16000 == pytest.approx(0.4 + sum(margins), abs=0.03)
    assert spans[0].tolist() == pytest.approx([margins[0], margins[0] + 0.4], abs=0.015)


def test_keeps_a_pause_and_a_weak_end():
    weak = tone(3000, 0.1, 16000, amplitude=0.01)  # 30 dB below: a final f or th
    word = np.concatenate([np.zeros(4000), tone(300, 0.2, 16000), np.zeros(2400), weak, np.zeros(4000)])
    assert len(condition(word, 16000)) / 16000 == pytest.approx(0.2 + 0.15 + 0.1 + 0.08, abs=0.03)


@pytest.mark.parametrize("sample_rate", [16000, 22050, 24000])
def test_resamples_and_levels(sample_rate):
    samples = condition(tone(1000, 0.5, sample_rate, amplitude=0.02), sample_rate)
    assert samples.dtype == np.int16
    assert len(samples) == pytest.approx(8000, abs=330)
    assert strongest(samples.astype(float)) == pytest.approx(1000, abs=2)
    assert np.sqrt(np.mean((samples / 32768.0) ** 2)) == pytest.approx(0.07, rel=0.01)


def test_peak_is_bounded():
    click = np.zeros(16000, "f4")
    click[8000] = 1.0
    assert 0.5 < np.abs(condition(click, 16000).astype(int)).max() / 32768 <= 0.9


@pytest.mark.parametrize("warp", [0.85, 1.15])
def test_warp_scales_spectrum_and_length(warp):
    samples = condition(tone(1000, 0.6, 24000), 24000, warp)
    assert strongest(samples.astype(float)) == pytest.approx(1000 * warp, rel=0.005)
    assert len(samples) / 16000 == pytest.approx(0.6 / warp, abs=0.03)


def test_no_alias_above_the_band():
    high = tone(9500, 0.5, 24000) + tone(400, 0.5, 24000, amplitude=1e-3)
    assert strongest(condition(high, 24000).astype(float)) == pytest.approx(400, abs=5)


def test_offset_is_removed():
    offset = np.full(16000, 0.2, "f4")
    offset[6000:10000] += tone(500, 0.25, 16000, amplitude=0.1)
    samples = condition(np.concatenate([np.zeros(4000, "f4"), offset]), 16000)[4000:].astype(float)
    assert abs(samples.mean()) < 0.02 * samples.std()


@pytest.mark.parametrize("silence", [np.zeros(0, "f4"), np.zeros(100, "f4"), np.zeros(8000, "f4")])
def test_silence_gives_nothing(silence):
    assert len(condition(silence, 22050)) == 0


def test_spans_move_with_the_sound():
    """Two tones in a longer silence, warped: their spans still hold them."""
    rate = 22050
    silence = np.zeros(rate // 2, np.float32)
    whole = np.concatenate([silence, tone(400, 0.3, rate), silence[: rate // 5], tone(900, 0.4, rate), silence])
    spans = np.array([[0.45, 0.85], [0.95, 1.45]])
    for warp in (0.9, 1.0, 1.15):
        samples, moved = condition_timed(whole, rate, spans, warp)
        np.testing.assert_array_equal(samples, condition(whole, rate, warp))
        tight = tightened(samples, moved)
        assert moved.min() >= 0
        assert moved.max() <= len(samples) / 16000
        for (begin, end), frequency, seconds in zip(tight, (400, 900), (0.3, 0.4), strict=True):
            own = samples[round(begin * 16000) : round(end * 16000)].astype(float)
            assert strongest(own) == pytest.approx(frequency * warp, rel=0.01)
            assert end - begin == pytest.approx(seconds / warp + 0.04, abs=0.035)  # the filter rings on


def test_a_span_of_silence_has_no_length():
    samples = np.concatenate([tone(400, 0.3, 16000), np.zeros(8000)])
    tight = tightened(samples, np.array([[0.1, 0.2], [0.5, 0.7], [0.2, 0.8], [0.79, 0.9]]))
    assert tight[0].tolist() == [0.1, 0.2]
    assert tight[1].tolist() == [0.5, 0.5]
    assert tight[2] == pytest.approx([0.2, 0.32], abs=0.012)
    assert tight[3].tolist() == [0.79, 0.79]


def test_spans_of_no_sound():
    samples, spans = condition_timed(np.zeros(4000), 16000, np.array([[0.1, 0.2]]))
    assert len(samples) == 0
    assert np.ptp(spans) == 0
    assert tightened(samples, spans).tolist() == [[0.0, 0.0]]
    assert tightened(np.zeros(4000), np.zeros((0, 2))).shape == (0, 2)
