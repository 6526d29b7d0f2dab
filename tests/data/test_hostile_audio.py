"""Files that mean no good, or were damaged on their way."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwskit.data.audio import AudioError, probe, read_blocks, read_segment, read_segments

ROUNDS = int(os.environ.get("KWSKIT_FUZZ", "1"))
NOISE = np.random.default_rng(0).integers(-9000, 9000, 32_000).astype(np.int16)


def test_damaged_files_are_read_right_or_refused_with_little_memory_and_soon(tmp_path):
    for seed in range(ROUNDS):
        command = [sys.executable, Path(__file__).with_name("fuzzed_audio.py"), tmp_path, str(seed), "300"]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=600)
        assert done.returncode == 0, done.stderr[-3000:]
        read, refused, count = map(int, done.stdout.splitlines()[-1].split())
        assert read + refused == count  # each refusal names the file, in one line
        assert min(read, refused) > 30


def _pipe(path):
    os.mkfifo(path)


def _circle(path):
    path.symlink_to(path)


def _nowhere(path):
    path.symlink_to(path / "not there")


def _device(path):
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [_pipe, _circle, _nowhere, _device, Path.mkdir])
def test_what_is_no_regular_file_is_not_opened(tmp_path, make):
    path = tmp_path / "a.wav"
    make(path)
    for read in (probe, read_segment, lambda p: read_segments(p, [0], [1]), lambda p: next(read_blocks(p))):
        with pytest.raises(AudioError, match="no such audio file"):
            read(path)


@pytest.mark.parametrize("name", ["", ".", "a\0b.wav", "x" * 300, "\ud800.wav", "/dev/null", "a/" * 3000])
def test_names_that_no_file_can_have_are_refused(name):
    with pytest.raises(AudioError, match=r"no such audio file|cannot be read"):
        read_segment(name)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse names that are not UTF-8")
@pytest.mark.parametrize("name", [b"\xff\xfe.wav", "語 🎤\u202e\n.wav".encode(), b"-.wav", b"%s.wav"])
def test_names_that_are_no_utf_8_are_read(tmp_path, name):
    path = tmp_path / os.fsdecode(name)
    with path.open("wb") as file:
        soundfile.write(file, NOISE, 16_000, format="WAV")
    assert np.array_equal(read_segment(path), NOISE)


def test_a_file_called_raw_that_has_a_header_is_not_guessed_at(tmp_path):
    soundfile.write(tmp_path / "a.wav", NOISE, 16_000)
    (tmp_path / "a.wav").rename(tmp_path / "a.raw")
    with pytest.raises(AudioError, match=r"a\.raw: a file of this name has no header"):
        read_segment(tmp_path / "a.raw")


def wav(path, rate=16_000, channels=1, size=None):
    """A WAV of NOISE, byte by byte."""
    data, block = NOISE.tobytes(), 2 * channels
    size = len(data) if size is None else size
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * block % 2**32, block, 16)
    riff = struct.pack("<4sI4s4sI", b"RIFF", min(size + 36, 2**32 - 1), b"WAVE", b"fmt ", 16)
    path.write_bytes(riff + form + struct.pack("<4sI", b"data", size) + data)


@pytest.mark.parametrize("rate", [3, 10_000_000, 2**31 - 1, 767_999])
def test_rates_that_make_no_sense_are_refused(tmp_path, rate):
    wav(tmp_path / "a.wav", rate)
    with pytest.raises(AudioError, match=rf"a\.wav: .*rate of {rate:,} Hz"):
        probe(tmp_path / "a.wav")


@pytest.mark.parametrize(("channels", "rate"), [(0, 16_000), (2000, 16_000), (1, 0)])
def test_formats_that_make_no_sense_are_refused(tmp_path, channels, rate):
    wav(tmp_path / "a.wav", rate, channels)
    with pytest.raises(AudioError, match=r"a\.wav"):
        probe(tmp_path / "a.wav")


def test_a_thousand_channels_are_averaged(tmp_path):
    wav(tmp_path / "a.wav", 1000, 8)
    whole = read_segment(tmp_path / "a.wav")
    assert len(whole) == 16 * len(NOISE) // 8
    wide = np.repeat(NOISE[:800, None], 1000, axis=1)
    soundfile.write(tmp_path / "b.wav", wide, 16_000)
    assert np.array_equal(read_segment(tmp_path / "b.wav"), NOISE[:800])


@pytest.mark.parametrize("size", [2**31 - 1, 2**32 - 1, 0x7FFFF000, 0x80000000])
def test_a_header_that_could_not_be_mended_promises_nothing(tmp_path, size):
    wav(tmp_path / "a.wav", size=size)
    assert np.array_equal(read_segment(tmp_path / "a.wav"), NOISE)


def test_a_header_that_promises_more_than_there_is_is_refused(tmp_path):
    wav(tmp_path / "a.wav", size=2 * len(NOISE) + 2)
    with pytest.raises(AudioError, match=r"a\.wav: cut short: the header promises 64002 bytes, there are 64000"):
        probe(tmp_path / "a.wav")


def promising(path, samples):
    """A FLAC that says to have so many ``samples`` (36 bits, in bytes 21 to 25)."""
    soundfile.write(path, NOISE, 16_000, format="FLAC")
    data = bytearray(path.read_bytes())
    data[21] = data[21] & 0xF0 | samples >> 32
    data[22:26] = struct.pack(">I", samples & 0xFFFFFFFF)
    path.write_bytes(data)


def test_a_header_does_not_decide_how_much_memory_is_taken(tmp_path):
    path = tmp_path / "a.flac"
    promising(path, 2**36 - 1)
    with pytest.raises(
        AudioError, match=r"a\.flac: the segment at 0 s lasts 1,193\.0 hours; at most 2 are read at once"
    ):
        read_segment(path)
    assert np.array_equal(read_segment(path, 0.5, 1.5), NOISE[8000:24_000])
    blocks = read_blocks(path, block=1.0)
    assert np.array_equal(next(blocks), NOISE[:16_000])
    with pytest.raises(AudioError, match=r"a\.flac: cannot be decoded"):
        next(blocks)


def test_an_mp3_without_a_table_of_contents_is_counted(tmp_path):
    path = tmp_path / "a.mp3"
    varied = np.concatenate([np.zeros(160_000), np.random.default_rng(0).uniform(-0.5, 0.5, 160_000)])
    soundfile.write(path, varied, 16_000, format="MP3", bitrate_mode="VARIABLE", compression_level=0.5)
    whole = path.read_bytes()
    assert probe(path)[1] == 20.0
    path.write_bytes(b"ID3\x04\0\0\0\0\x10\0" + bytes(2048) + whole)
    assert probe(path)[1] == 20.0
    path.write_bytes(whole[whole.index(whole[:2], 4) :])
    # The encoder's padding is no longer known.
    assert 20.0 < probe(path)[1] < 20.1
    assert len(read_segment(path)) == sum(map(len, read_blocks(path, block=3.0))) == round(probe(path)[1] * 16_000)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AudioError, match=r"a\.mp3: cannot be decoded: the header promises 320000 samples"):
        read_segment(path)
