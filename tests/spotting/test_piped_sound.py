"""What comes out of a pipe: WAV at its own rate, other files, raw samples; and what is none of these."""

import io
import os
import threading

import numpy as np
import pytest
import soundfile

from kwskit.data.audio import AudioError, read_segment
from kwskit.spotting.piped_sound import named_pipe, piped_sound

PCM = np.random.default_rng(0).integers(-9000, 9000, 16_001).astype(np.int16)


class Trickle(io.BytesIO):
    """Gives what it has in small pieces."""

    def read1(self, size=-1):
        return self.read(min(size, 777))


def heard(data, rate=16_000):
    blocks, found = piped_sound(Trickle(data), "stdin", rate)
    return np.concatenate([np.zeros(0, np.int16), *blocks]), found


def written(path, sound=PCM, rate=16_000, **options):
    soundfile.write(path, sound, rate, **options)
    return path.read_bytes()


def test_raw_samples_are_at_the_rate_that_is_given():
    sound, rate = heard(PCM.astype("<i2").tobytes() + b"\1", 8000)
    assert (rate, sound.tolist()) == (8000, PCM.tolist())
    assert len(heard(b"")[0]) == 0


@pytest.mark.parametrize("form", ["WAV", "WAVEX"])
def test_a_wav_has_a_rate_and_channels(tmp_path, form):
    stereo = np.stack([PCM, PCM[::-1]], 1)
    sound, rate = heard(written(tmp_path / "a.wav", stereo, 48_000, format=form))
    assert rate == 48_000
    assert np.array_equal(sound, np.rint((PCM.astype(float) + PCM[::-1]) / 2))


def test_a_wav_is_read_as_it_arrives(tmp_path):
    data = written(tmp_path / "a.wav")
    pipe = Trickle(data[:2044])
    blocks, _ = piped_sound(pipe, "stdin", 16_000)
    first = next(blocks)  # while the rest has not been read
    assert 0 < len(first) < 1000
    assert np.array_equal(first, PCM[: len(first)])
    with pytest.raises(AudioError, match="stdin: cut short: the header promises 32002 bytes, there are 2000"):
        list(blocks)


def test_sizes_that_a_writer_could_not_know_end_with_the_pipe(tmp_path):
    data = bytearray(written(tmp_path / "a.wav"))
    for size in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\xf0\xff\x7f"):
        data[40:44] = size
        assert np.array_equal(heard(bytes(data))[0], PCM)
    behind = bytes(written(tmp_path / "a.wav")) + b"LIST" + bytes(9)
    assert np.array_equal(heard(behind)[0], PCM)


@pytest.mark.parametrize(
    ("suffix", "options"),
    [("wav", {"subtype": "PCM_24"}), ("flac", {}), ("ogg", {}), ("mp3", {}), ("aiff", {}), ("au", {}), ("w64", {})],
)
def test_other_files_are_read_when_the_pipe_has_ended(tmp_path, suffix, options):
    data = written(tmp_path / f"a.{suffix}", PCM / 32768, 8000, **options)
    sound, rate = heard(data)
    assert rate == 16_000
    assert np.array_equal(sound, read_segment(tmp_path / f"a.{suffix}"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\0\0\0\x20ftypM4A " + bytes(99), "stdin: is MP4 or M4A"),
        (b"\x1a\x45\xdf\xa3" + bytes(99), "stdin: is Matroska"),
        (b"\x30\x26\xb2\x75" + bytes(99), "stdin: is Windows Media"),
        (b"fLaC" + bytes(99), "stdin: not readable as audio"),
        (b"RIFF\0\0\0\0WAVEfmt " + bytes(99), "stdin: "),
    ],
)
def test_what_cannot_be_read_is_told(data, message):
    with pytest.raises(AudioError, match=f"^{message}"):
        heard(data)


def test_a_pipe_by_its_name(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with (
        pytest.raises(AudioError, match="pipe: an empty pipe, or one that nobody writes into"),
        named_pipe(str(tmp_path / "pipe"), 16_000),
    ):
        pass
    read, write = os.pipe()
    data = written(tmp_path / "a.wav", rate=8000)
    writer = threading.Thread(target=lambda: (os.write(write, data), os.close(write)))
    writer.start()
    with named_pipe(f"/dev/fd/{read}", 16_000) as (blocks, rate):
        assert rate == 8000
        assert np.array_equal(np.concatenate(list(blocks)), PCM)
    writer.join()
    os.close(read)
