"""Files that libsndfile reads from start to end: joined, never closed, of unknown length, or unable to go back."""

import struct

import numpy as np
import pytest
import soundfile

from kwskit.data.audio import AudioError, probe, read_blocks, read_segment, read_segments

NOISE = np.random.default_rng(0).integers(-9000, 9000, 32_000).astype(np.int16)
TONE = np.sin(np.arange(32_000) * 0.05) * np.linspace(0.1, 0.9, 32_000)


def decoded(path):
    """What libsndfile gives without going back, (samples,) int16."""

    class Forward(soundfile.SoundFile):
        def seekable(self):
            return False

    parts = []
    with Forward(path) as file:
        while len(part := file.read(1000, dtype="float32")):
            parts.append(part)
    return np.clip(np.rint(np.concatenate(parts) * 32768), -32768, 32767).astype(np.int16)


def in_blocks(path, seconds):
    return np.concatenate(list(read_blocks(path, block=seconds)))


@pytest.mark.parametrize(
    ("container", "subtype"),
    [
        *(("WAV", subtype) for subtype in ("GSM610", "G721_32", "NMS_ADPCM_16", "NMS_ADPCM_24", "NMS_ADPCM_32")),
        *(("AU", "G723_24"), ("AU", "G723_40"), ("AIFF", "GSM610"), ("AIFF", "DWVW_16"), ("XI", "DPCM_16")),
    ],
)
def test_what_cannot_go_back_is_read_anywhere(tmp_path, container, subtype):
    path = tmp_path / "a.bin"
    rate = 44_100 if container == "XI" else 16_000
    soundfile.write(path, NOISE, rate, format=container, subtype=subtype)
    if container == "XI":  # which has no rate but this one
        assert abs(len(in_blocks(path, 0.3)) - len(NOISE) * 16_000 / 44_100) <= 1
        return
    whole = decoded(path)
    assert len(whole) >= len(NOISE)
    assert np.array_equal(read_segment(path), whole)
    assert np.array_equal(in_blocks(path, 0.3), whole)
    times = [(1.5, 1.9), (0.0, 0.2), (1.4, 1.6), (0.7, 0.8)]
    parts, _ = read_segments(path, *map(list, zip(*times, strict=True)))
    for part, (start, stop) in zip(parts, times, strict=True):
        assert np.array_equal(part, whole[round(start * 16_000) : round(stop * 16_000)])


def test_what_cannot_go_back_is_resampled_as_in_one_piece(tmp_path):
    soundfile.write(tmp_path / "a.wav", NOISE, 8000, subtype="GSM610")
    soundfile.write(tmp_path / "b.wav", decoded(tmp_path / "a.wav"), 8000)
    blocks = in_blocks(tmp_path / "a.wav", 0.5)
    assert len(blocks) == 2 * len(NOISE)
    assert np.abs(blocks.astype(int) - in_blocks(tmp_path / "b.wav", 0.5)).max() <= 1


def test_a_flac_of_unknown_length_is_counted(tmp_path):
    path = tmp_path / "a.flac"
    soundfile.write(path, NOISE, 16_000)
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0  # 36 bits of the number of samples
    data[22:26] = bytes(4)
    path.write_bytes(data)
    assert probe(path)[1] == 2.0
    assert np.array_equal(read_segment(path), NOISE)
    assert np.array_equal(in_blocks(path, 0.7), NOISE)
    path.write_bytes(data[:30_000])
    with pytest.raises(AudioError, match=r"a\.flac: cannot be decoded"):
        probe(path)


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        ("wav", {}),
        ("aiff", {}),
        ("ogg", {}),
        ("ogg", {"subtype": "OPUS"}),
        ("mp3", {}),
        ("mp3", {"bitrate_mode": "VARIABLE"}),
    ],
)
def test_joined_files_are_read_one_after_the_other(tmp_path, suffix, options):
    pieces = []
    for number, sound in enumerate((TONE, TONE[::-1], TONE[:16_000])):
        soundfile.write(tmp_path / f"{number}.{suffix}", sound, 16_000, **options)
        pieces.append(read_segment(tmp_path / f"{number}.{suffix}"))
    tag = b"ID3\x04\0\0\0\0\x10\0" + bytes(2048) if suffix == "mp3" else b""
    path = tmp_path / f"joined.{suffix}"
    path.write_bytes(tag.join((tmp_path / f"{number}.{suffix}").read_bytes() for number in range(3)))
    whole = np.concatenate(pieces)
    assert probe(path)[1] == 5.0
    assert np.array_equal(read_segment(path), whole)
    blocks = in_blocks(path, 0.75)
    parts, _ = read_segments(path, [1.5, 4.2], [2.5, 4.9])
    if suffix != "ogg":
        assert np.array_equal(blocks, whole)
        assert np.array_equal(parts[0], whole[24_000:40_000])
        assert np.array_equal(parts[1], whole[67_200:78_400])
    assert len(blocks) == len(whole)
    assert np.abs(blocks.astype(int) - whole).mean() < 20  # Vorbis and Opus begin anew at a seek
    assert np.abs(parts[0][8000:].astype(int) - pieces[1][:8000]).mean() < 20
    # Both the same, byte by byte.
    path.write_bytes((tmp_path / f"0.{suffix}").read_bytes() * 2)
    assert np.array_equal(read_segment(path), np.concatenate([pieces[0]] * 2))


def test_tags_behind_an_mp3_are_no_sound(tmp_path):
    path = tmp_path / "a.mp3"
    soundfile.write(path, TONE, 16_000)
    before = read_segment(path)
    path.write_bytes(path.read_bytes() + b"APETAGEX" + bytes(4000) + b"TAG" + bytes(125))
    assert np.array_equal(read_segment(path), before)


def test_joined_files_of_several_rates_are_refused(tmp_path):
    for number, rate in enumerate((16_000, 8000)):
        soundfile.write(tmp_path / f"{number}.ogg", TONE, rate)
    (tmp_path / "a.ogg").write_bytes((tmp_path / "0.ogg").read_bytes() + (tmp_path / "1.ogg").read_bytes())
    with pytest.raises(AudioError, match=r"a\.ogg: joined of recordings at 16,000 Hz in 1 channels and at 8,000 Hz"):
        probe(tmp_path / "a.ogg")


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_an_ogg_without_its_end_is_refused_or_told_of(tmp_path, caplog, subtype):
    rng = np.random.default_rng(1)
    soundfile.write(tmp_path / "a.ogg", rng.normal(0, 0.1, 160_000), 16_000, format="OGG", subtype=subtype)
    data = (tmp_path / "a.ogg").read_bytes()
    assert data.count(b"OggS") > 4
    for size in (data.rindex(b"OggS") - 100, len(data) - 1, data.rindex(b"OggS") + 5):
        (tmp_path / "cut.ogg").write_bytes(data[:size])
        with pytest.raises(AudioError, match=r"cut\.ogg: cut short: its last page lacks \d+ bytes"):
            probe(tmp_path / "cut.ogg")
    assert not caplog.messages
    (tmp_path / "pages.ogg").write_bytes(data[: data.rindex(b"OggS")])
    assert 2 < probe(tmp_path / "pages.ogg")[1] < 10
    probe(tmp_path / "pages.ogg")
    (message,) = caplog.messages
    assert message.startswith(f"{tmp_path / 'pages.ogg'}: has no end: the recording may be cut short")


@pytest.mark.parametrize("riff", [0, 36])
def test_a_wav_that_was_never_closed_is_read_to_its_end(tmp_path, riff):
    path = tmp_path / "a.wav"
    soundfile.write(path, NOISE, 16_000)
    data = bytearray(path.read_bytes())
    data[4:8], data[40:44] = struct.pack("<I", riff), bytes(4)
    path.write_bytes(data)
    assert np.array_equal(read_segment(path), NOISE)
    assert np.array_equal(read_segment(path, 0.5, 1.0), NOISE[8000:16_000])


def test_a_wav_without_samples_is_not_taken_for_an_unclosed_one(tmp_path):
    soundfile.write(tmp_path / "a.wav", NOISE[:0], 16_000)
    note = b"LIST" + struct.pack("<I", 400) + bytes(400)
    data = bytearray((tmp_path / "a.wav").read_bytes() + note)
    data[4:8] = struct.pack("<I", len(data) - 8)
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(AudioError, match=r"a\.wav: holds no samples"):
        probe(tmp_path / "a.wav")
