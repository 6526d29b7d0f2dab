"""SPHERE files: what libsndfile reads of them, what the header tells, and how compressed ones are converted."""

import shutil
import sys
import zlib

import numpy as np
import pyarrow as pa
import pytest
import soundfile

from kwskit.corpora.findings import Findings
from kwskit.corpora.sphere.conversion import converted, with_readable_paths
from kwskit.corpora.sphere.read import read_sphere_header
from kwskit.data.audio import AudioError
from kwskit.errors import CorpusError

SHORTEN = "pcm,embedded-shorten-v2.00"
# Stands in for sph2pipe: the tests "compress" by zlib.
FAKE = f"""#!{sys.executable}
import struct, sys, zlib
packed, flag, kind, source, target = sys.argv[1:]
assert (packed, flag, kind) == ("-p", "-f", "wav"), sys.argv
try:
    pcm = zlib.decompress(open(source, "rb").read()[1024:])
except zlib.error as error:
    sys.exit(f"sph2pipe: {{error}}")
head = b"RIFF" + struct.pack("<I", 36 + len(pcm)) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
open(target, "wb").write(head + b"data" + struct.pack("<I", len(pcm)) + pcm)
"""


@pytest.fixture
def pcm():
    return (9000 * np.sin(np.arange(4001) / 20)).astype(np.int16)


@pytest.fixture
def fake_sph2pipe(tmp_path, monkeypatch):
    """A folder on PATH with nothing in it but sph2pipe."""
    program = tmp_path / "bin/sph2pipe"
    program.parent.mkdir()
    program.write_text(FAKE)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))


def shortened(pcm: np.ndarray) -> bytes:
    """``pcm`` compressed as shorten 2 does (Robinson 1994): first differences of blocks, in Rice codes."""

    def rice(value: int, bits: int) -> str:
        return "0" * (value >> bits) + "1" + (f"{value & ((1 << bits) - 1):0{bits}b}" if bits else "")

    def number(value: int) -> str:
        bits = value.bit_length()
        return rice(bits, 2) + rice(value, bits)

    little_endian, block = 5, 256
    parts, before = [number(value) for value in (little_endian, 1, block, 0, 0, 0)], 0
    for at in range(0, len(pcm), block):
        samples = pcm[at : at + block].astype(int)
        if len(samples) < block:
            parts.append(rice(5, 2) + number(len(samples)))
        steps = np.diff(samples, prepend=before)
        before = int(samples[-1])
        bits = int(np.clip(np.log2(np.abs(steps).mean() + 1), 1, 12))
        parts.append(rice(1, 2) + rice(bits, 3))
        parts += [rice(step << 1 if step >= 0 else ~step << 1 | 1, bits + 1) for step in steps.tolist()]
    code = "".join([*parts, rice(4, 2)])
    code += "0" * (-len(code) % 32)
    return b"ajkg\x02" + int(code, 2).to_bytes(len(code) // 8, "big")


@pytest.mark.parametrize("order", ["01", "10"])
def test_uncompressed_files_are_read_as_they_are(tmp_path, write_sphere, pcm, order):
    write_sphere(tmp_path / "a.wv1", pcm, order)
    header = read_sphere_header(tmp_path / "a.wv1")
    assert (header.samples, header.rate, header.channels, header.coding) == (4001, 16000, 1, "pcm")
    assert not header.is_compressed
    np.testing.assert_array_equal(soundfile.read(tmp_path / "a.wv1", dtype="int16")[0], pcm)
    files = converted({"a": tmp_path / "a.wv1"}, tmp_path / "cache", Findings())
    assert files == {"a": tmp_path / "a.wv1"}


def test_libsndfile_reads_mu_law_but_refuses_shorten(tmp_path, write_sphere, pcm):
    """What the conversion rests on."""
    soundfile.write(tmp_path / "u.sph", pcm, 8000, format="NIST", subtype="ULAW")
    assert read_sphere_header(tmp_path / "u.sph").coding == "ulaw"
    assert np.abs(soundfile.read(tmp_path / "u.sph", dtype="int16")[0].astype(int) - pcm).max() < 600
    write_sphere(tmp_path / "s.wv1", pcm, coding=SHORTEN, data=shortened(pcm))
    with pytest.raises(soundfile.LibsndfileError):
        soundfile.read(tmp_path / "s.wv1")
    assert read_sphere_header(tmp_path / "s.wv1").is_compressed


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_ffmpeg_decompresses_shorten(tmp_path, write_sphere, pcm, monkeypatch):
    ffmpeg = tmp_path / "bin/ffmpeg"
    ffmpeg.parent.mkdir()
    ffmpeg.symlink_to(str(shutil.which("ffmpeg")))
    monkeypatch.setenv("PATH", str(ffmpeg.parent))
    write_sphere(tmp_path / "s.wv1", pcm, coding=SHORTEN, data=shortened(pcm))
    files = converted({"s": tmp_path / "s.wv1"}, tmp_path / "cache", Findings())
    np.testing.assert_array_equal(soundfile.read(files["s"], dtype="int16")[0], pcm)


def test_compressed_files_are_converted_once(tmp_path, write_sphere, pcm, fake_sph2pipe):
    write_sphere(tmp_path / "a.wv1", pcm, coding=SHORTEN, data=zlib.compress(pcm.tobytes()))
    write_sphere(tmp_path / "cut.wv1", pcm, coding=SHORTEN, data=zlib.compress(pcm[:2000].tobytes()))
    write_sphere(tmp_path / "bad.wv1", pcm, coding=SHORTEN, data=b"ajkg")
    findings = Findings()
    table = pa.table({"path": [str(tmp_path / f"{name}.wv1") for name in ("a", "cut", "a", "bad")], "n": [0, 1, 2, 3]})
    for _ in range(2):
        result = with_readable_paths(table, tmp_path / "cache", findings, jobs=2)
        assert result.to_pydict() == {"path": [str(tmp_path / "cache/a.wav")] * 2, "n": [0, 2]}
    np.testing.assert_array_equal(soundfile.read(tmp_path / "cache/a.wav", dtype="int16")[0], pcm)
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == ["a.wav"]
    found = findings.summary(examples=4)
    assert "cut.wv1: truncated: 0.12 s of the 0.25 s" in found
    assert "bad.wv1: sph2pipe failed" in found


def test_without_a_program_the_message_says_which(tmp_path, write_sphere, pcm, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    write_sphere(tmp_path / "a.wv1", pcm, coding=SHORTEN, data=shortened(pcm))
    with pytest.raises(CorpusError, match=r"1 audio files are compressed by shorten.*sph2pipe.*ffmpeg.*sox cannot"):
        converted({"a": tmp_path / "a.wv1"}, tmp_path / "cache", Findings())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", r"empty \(0 bytes\)"),
        (b"RIFF" + bytes(2000), "no SPHERE file"),
        (b"NIST_1A\n   1024\nsample_count -i 5\n", "cut off"),
        (b"NIST_1A\n   lots\nsample_count -i 5\n", "length"),
        (b"NIST_1A\n   1024\nsample_rate -i 16000\nend_head\n".ljust(1024), "no field 'sample_count'"),
        (b"NIST_1A\n   1024\nsample_rate -i 16k\nsample_count -i 5\nend_head\n".ljust(1024), "no number"),
        (b"NIST_1A\n   1024\nsample_rate -i 16000\nsample_count -i 0\nend_head\n".ljust(1024), "promises 0 samples"),
        (
            b"NIST_1A\n   1024\nsample_rate -i 16000\nsample_count -i 100\nend_head\n".ljust(1024) + bytes(50),
            r"truncated: the header promises 200 bytes of samples, 50 are there \(25 %\)",
        ),
    ],
)
def test_bad_headers_are_refused(tmp_path, content, reason):
    (tmp_path / "a.wv1").write_bytes(content)
    with pytest.raises(AudioError, match=reason) as refused:
        read_sphere_header(tmp_path / "a.wv1")
    assert "a.wv1" in str(refused.value)
