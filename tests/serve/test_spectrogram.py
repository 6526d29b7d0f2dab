import numpy as np
import pytest

from kwskit.serve.spectrogram import BANDS, Spectrogram


def test_a_tone_is_where_its_pitch_is_and_as_loud():
    time = np.arange(16_000) / 16_000
    shown = Spectrogram().push((32767 * np.sin(2 * np.pi * 1000 * time)).astype(np.int16))
    assert shown.shape == (16_000 // 320, BANDS)
    mel = 2595 * np.log10(1 + np.array([60, 1000, 7600]) / 700)
    expected = (mel[1] - mel[0]) / (mel[2] - mel[0]) * (BANDS + 1) - 1
    assert abs(int(shown[25].argmax()) - expected) < 1
    assert shown[25].max() > 230
    assert shown[25, -10:].max() < 100


@pytest.mark.parametrize("block", [1, 77, 320, 5000])
def test_blocks_make_no_difference(block):
    pcm = np.random.default_rng(0).integers(-9000, 9000, 6_000).astype(np.int16)
    stream = Spectrogram()
    parts = [stream.push(pcm[at : at + block]) for at in range(0, len(pcm), block)]
    np.testing.assert_array_equal(np.concatenate(parts), Spectrogram().push(pcm))


def test_silence_is_the_lowest_value():
    assert Spectrogram().push(np.zeros(1000, np.int16)).max() == 0
