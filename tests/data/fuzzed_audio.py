"""Audio files with damaged headers and data, read one after the other: ``fuzzed_audio.py FOLDER SEED COUNT``.

Memory and time are bounded, so that a header that is believed is noticed. Prints how many files were read and refused.
"""

import random
import resource
import signal
import struct
import sys
from pathlib import Path

import numpy as np
import soundfile

from kwskit.data.audio import AudioError, probe, read_blocks, read_segment, read_segments

FORMATS = (
    *(("WAV", subtype) for subtype in ("PCM_16", "PCM_24", "FLOAT", "ULAW", "IMA_ADPCM", "GSM610")),
    *((name, "PCM_16") for name in ("WAVEX", "AIFF", "AU", "W64", "RF64", "CAF", "FLAC", "NIST", "VOC", "IRCAM")),
    *(("AIFF", "DWVW_16"), ("CAF", "ALAC_16"), ("CAF", "DOUBLE"), ("OGG", "VORBIS"), ("MAT4", "DOUBLE")),
    *(("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")),
    *(("WAV", "G721_32"), ("WAV", "NMS_ADPCM_24"), ("AU", "G723_40"), ("W64", "GSM610")),
)
# Two of them in one file are read one after the other.
JOINED = ("WAV", "AIFF", "OGG", "MP3")
# Their headers say how long they are.
PROMISING = ("WAV", "WAVEX", "AIFF", "AU", "W64", "RF64", "CAF", "FLAC")
WORDS = [struct.pack(order + "I", n) for order in "<>" for n in (0, 1, 3, 1000, 10_000_019, 2**31 - 1, 2**32 - 1)]
LONG_WORDS = [struct.pack(order + "q", n) for order in "<>" for n in (-1, 1 << 36, 1 << 62)]
GIGABYTES, SECONDS = 3, 20


def main(folder: Path, seed: int, count: int) -> None:
    rng = random.Random(seed)
    pcm = np.random.default_rng(seed).integers(-9000, 9000, (4000, 2)).astype(np.int16)
    sources = list(_sources(folder, pcm))
    resource.setrlimit(resource.RLIMIT_AS, (GIGABYTES << 30, GIGABYTES << 30))
    signal.signal(signal.SIGALRM, _too_slow)
    read = refused = 0
    for number in range(count):
        name, channels, data = rng.choice(sources)
        cut = rng.random() < 0.25
        damaged = data[: rng.randrange(len(data))] if cut else _damaged(data, rng)
        path = folder / f"case{rng.choice(('.wav', '.flac', '', '.raw', 'é.mp3'))}"
        path.write_bytes(damaged)
        signal.alarm(SECONDS)
        try:
            found = _read(path)
        except AudioError as error:
            result = str(error)
            refused += str(path) in result and "\n" not in result
        except BaseException:
            kept = folder / f"failed_{seed}_{number}"
            kept.write_bytes(damaged)
            print(f"{name}, {channels} channels: {kept}", file=sys.stderr)
            raise
        else:
            read += 1
            if cut and channels == 1 and name[1] == "PCM_16":
                # libsndfile does not mind the last few bytes of a CAF.
                result = name[0] in PROMISING and not (name[0] == "CAF" and len(data) - len(damaged) < 12)
                assert not result, f"{name} cut at {len(damaged)} of {len(data)} was taken for whole"
                assert np.array_equal(found, pcm[: len(found), 0]), name
        finally:
            signal.alarm(0)
            path.unlink()
    print(read, refused, count)


def _sources(folder, pcm):
    for name in FORMATS:
        for channels, rate in ((1, 16_000), (2, 8000), (1, 44_100)):
            path = folder / "source"
            try:
                soundfile.write(path, pcm[:, :channels], rate, format=name[0], subtype=name[1])
            except soundfile.SoundFileError:
                continue  # this format has no such rate
            yield name, channels if rate == 16_000 else 0, path.read_bytes()
            if name[0] in JOINED:
                yield (f"two {name[0]}", name[1]), 0, path.read_bytes() * 2


def _damaged(data: bytes, rng: random.Random) -> bytes:
    found = bytearray(data)
    if rng.random() < 0.05:
        return rng.randbytes(rng.randrange(5000))
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(min(len(found), rng.choice((64, 200, len(found)))))
        new = rng.choice((rng.randbytes(1), bytes([found[at] ^ 1 << rng.randrange(8)]), *WORDS, *LONG_WORDS))
        found[at : at + len(new)] = new
    return bytes(found)


def _read(path: Path) -> np.ndarray:
    """The samples, having asked for them in every way."""
    seconds = probe(path)[1]
    whole = read_segment(path)
    blocks = np.concatenate(list(read_blocks(path, block=0.1)))
    assert len(blocks) == len(whole) == round(seconds * 16_000), (len(blocks), len(whole), seconds)
    parts, _ = read_segments(path, [0.0, seconds / 2], [seconds / 2, float("inf")])
    for part in parts:
        if isinstance(part, AudioError):
            raise part
    return whole


def _too_slow(*_):
    raise TimeoutError(f"more than {SECONDS} s")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
