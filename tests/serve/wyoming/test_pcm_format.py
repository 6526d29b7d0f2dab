"""Samples of every width, against the struct module, one by one."""

import struct

import numpy as np
import pytest

from kwskit.serve.wyoming.audio_stream import AudioStream
from kwskit.serve.wyoming.pcm_format import PcmFormat
from kwskit.spotting.sound import as_pcm


def value(audio, width):
    """One sample, in [-1, 1)."""
    if width == 1:
        return (struct.unpack("<B", audio)[0] - 128) / 128
    padded = b"\0" * (4 - width) + audio
    return struct.unpack("<i", padded)[0] / 2**31


@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_samples_are_those_of_struct(width, channels):
    audio = np.random.default_rng(width).bytes(600 * width * channels)
    own = PcmFormat(1_000, width, channels)
    blocks = [own.mono(block) for block in own.blocks(audio, 0.25)]
    assert [len(block) for block in blocks] == [250, 250, 100]
    samples = [value(audio[at : at + width], width) for at in range(0, len(audio), width)]
    expected = [sum(samples[at : at + channels]) / channels for at in range(0, len(samples), channels)]
    found = np.concatenate([as_pcm(block) for block in blocks])
    np.testing.assert_allclose(found, np.clip(np.array(expected) * 32768, -32768, 32767), atol=0.5 + 1e-6)


class Recorder:
    """In the place of a spotting stream."""

    def __init__(self):
        self.heard = []

    def push(self, block):
        self.heard += as_pcm(block).tolist()
        return []

    def finish(self):
        return []


def test_no_sample_is_lost_where_the_format_changes():
    recorder = Recorder()
    stream = AudioStream(recorder)
    time = np.arange(48_000 * 3 // 10) / 48_000
    tone = np.rint(8_000 * np.sin(2 * np.pi * 440 * time)).astype("<i2")
    half = len(tone) // 2
    for rate, part in ((48_000, tone[:half]), (16_000, tone[half::3])):
        form = {"rate": rate, "width": 2, "channels": 1}
        for at in range(0, len(part), 1_000):
            for piece in stream.chunk(form, part[at : at + 1_000].tobytes()):
                piece()
    stream.finish()
    assert len(recorder.heard) == len(tone) // 3
    away = np.abs(np.array(recorder.heard) - tone[::3])
    assert away[100:2_300].max() < 40  # the resampler's, but where the tone begins and the rate ends
    assert away[2_400:].max() == 0
