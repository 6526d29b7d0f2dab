"""Real files of every kind, made on the spot."""

import logging

import numpy as np
import pytest
import soundfile

from kwskit.data import audio
from kwskit.data.audio import AudioError, AudioFormat, probe, read_segment, read_segments


def tone(rate, hertz=440.0, seconds=1.0, level=0.5):
    return level * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)


def write(path, samples, rate, subtype="PCM_16", **more):
    soundfile.write(path, samples, rate, subtype=subtype, **more)
    return path


@pytest.fixture(autouse=True)
def _tell_everything():
    audio._reported.clear()


def test_16_bit_16_khz_mono_is_copied_bit_by_bit(tmp_path):
    pcm = np.random.default_rng(0).integers(-32768, 32768, 16_000).astype(np.int16)
    path = write(tmp_path / "a.wav", pcm, 16_000)
    assert np.array_equal(read_segment(path), pcm)
    assert np.array_equal(read_segment(path, 0.25, 0.7501), pcm[4000:12002])
    assert read_segment(path).dtype == np.int16


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 32_000, 44_100, 48_000])
def test_other_rates_keep_pitch_level_and_time(tmp_path, rate):
    path = write(tmp_path / "a.wav", tone(rate), rate)
    segment = read_segment(path)
    assert len(segment) == 16_000
    expected = tone(16_000) * 32768
    assert np.abs(segment - expected)[200:-200].max() < 8


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
def test_what_16_khz_cannot_hold_is_not_folded_down(tmp_path, rate):
    path = write(tmp_path / "a.wav", tone(rate, 9000.0), rate)
    assert np.abs(read_segment(path)[200:-200].astype(int)).max() <= 1


@pytest.mark.parametrize("rate", [8000, 44_100, 48_000])
def test_a_segment_is_the_same_stretch_of_the_whole_file(tmp_path, rate):
    noise = np.random.default_rng(0).standard_normal(2 * rate) * 0.1
    path = write(tmp_path / "a.flac", noise, rate)
    whole = read_segment(path)
    for start, stop in ((0.3, 0.8), (0.7213, 1.3), (1.5, 2.0)):
        part = read_segment(path, start, stop)
        assert np.abs(part.astype(int) - whole[round(start * 16_000) : round(stop * 16_000)]).max() <= 1


def test_channels_are_averaged(tmp_path):
    left, right = tone(16_000, 300.0), tone(16_000, 800.0, level=0.2)
    path = write(tmp_path / "a.wav", np.stack([left, right], axis=1), 16_000)
    assert np.abs(read_segment(path) - (left + right) / 2 * 32768).max() < 2


def test_conversions_are_told_once_for_a_format(tmp_path, caplog):
    for name in "ab":
        write(tmp_path / f"{name}.wav", np.stack([tone(8000)] * 2, axis=1), 8000)
    write(tmp_path / "c.wav", tone(16_000), 16_000)
    with caplog.at_level(logging.WARNING):
        for name in "abcab":
            read_segment(tmp_path / f"{name}.wav")
    assert [r.message for r in caplog.records] == [
        f"{tmp_path}/a.wav and files like it: averaged from 2 channels and resampled from 8000 Hz"
    ]


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_other_sample_formats_come_out_alike(tmp_path, subtype):
    path = write(tmp_path / "a.wav", tone(16_000), 16_000, subtype)
    assert np.abs(read_segment(path) - tone(16_000) * 32768).max() <= (260 if subtype == "PCM_U8" else 1)


def test_full_scale_is_clipped_and_does_not_wrap_around(tmp_path):
    path = write(tmp_path / "a.wav", np.repeat([1.2, -1.2], 500), 16_000, "FLOAT")
    segment = read_segment(path)
    assert (segment.max(), segment.min()) == (32767, -32768)


def _text(path):
    path.write_text("this is no audio")


def _zero_bytes(path):
    path.write_bytes(b"")


def _no_samples(path):
    write(path, np.zeros(0), 16_000)


def _too_short(path):
    write(path, np.zeros(399), 16_000)


def _nan(path):
    write(path, np.where(np.arange(1000) == 7, np.nan, 0.1), 16_000, "FLOAT")


def _infinite(path):
    write(path, np.where(np.arange(4000) < 3, np.inf, 0.1), 44_100, "FLOAT")


def _int16_range(path):
    write(path, tone(16_000) * 32768, 16_000, "FLOAT")


def _cut_off(path):
    write(path, tone(16_000, seconds=2.0), 16_000, format="FLAC")
    path.write_bytes(path.read_bytes()[:3000])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (None, "no such audio file"),
        (_text, "not readable as audio"),
        (_zero_bytes, r"the file is empty \(0 bytes\)"),
        (_no_samples, "holds no samples"),
        (_too_short, "24.9 ms long; one window of 25 ms is the least"),
        (_nan, "holds 1 NaN or infinite samples"),
        (_infinite, "NaN or infinite samples"),
        (_int16_range, r"reaches 16384; float audio must lie within \[-1, 1\]"),
        (_cut_off, "cannot be decoded"),
    ],
)
def test_useless_files_are_named_with_the_reason(tmp_path, make, message):
    path = tmp_path / "word.wav"
    if make:
        make(path)
    with pytest.raises(AudioError, match=message) as error:
        read_segment(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("start", "stop", "message"),
    [
        (1.0, 1.2, "starts at 1 s, but the file ends at 1 s"),
        (5.0, None, "starts at 5 s, but the file ends at 1 s"),
        (0.5, 1.5, "stops at 1.5 s, but the file ends at 1 s"),
        (0.6, 0.5, "from 0.6 s to 0.5 s: start must be at least 0 and below stop"),
        (-0.1, 0.5, "from -0.1 s to 0.5 s"),
        (0.5, 0.52, "20.0 ms long"),
        (0.99, 1.05, "10.0 ms long"),
    ],
)
def test_useless_stretches_are_named(tmp_path, start, stop, message):
    path = write(tmp_path / "a.wav", tone(16_000), 16_000)
    with pytest.raises(AudioError, match=message):
        read_segment(path, start, stop)


def test_a_stretch_may_overhang_the_end_a_little(tmp_path):
    path = write(tmp_path / "a.wav", tone(16_000), 16_000)
    assert len(read_segment(path, 0.5, 1.05)) == 8000


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_many_stretches_of_a_file_equal_each_by_itself(tmp_path, rate):
    noise = np.random.default_rng(0).standard_normal(8 * rate) * 0.1
    path = write(tmp_path / "a.flac", noise, rate)
    # Out of order, overlapping, far apart, and one that is no good.
    starts, stops = [3.0, 0.1, 0.3, 7.9, 7.0, 9.0], [3.5, 0.6, 0.5, 8.0, 7.5, 9.5]
    found, audio_format = read_segments(path, starts, stops)
    assert audio_format == AudioFormat(rate, 1)
    assert isinstance(found.pop(), AudioError)
    for segment, start, stop in zip(found, starts, stops, strict=False):
        alone = read_segment(path, start, stop)
        assert len(segment) == len(alone) == round(stop * 16_000) - round(start * 16_000)
        assert np.abs(segment.astype(int) - alone).max() <= 1


def test_a_bad_stretch_spoils_no_other(tmp_path):
    samples = tone(16_000)
    samples[100] = np.nan
    path = write(tmp_path / "a.wav", samples, 16_000, "FLOAT")
    found, _ = read_segments(path, [0.0, 0.2], [0.1, 0.4])
    assert isinstance(found[0], AudioError)
    assert np.abs(found[1] - tone(16_000)[3200:6400] * 32768).max() <= 1


def test_probe_reads_the_header(tmp_path):
    path = write(tmp_path / "a.flac", np.zeros((4000, 2)), 8000)
    assert probe(path) == (AudioFormat(8000, 2), 0.5)
