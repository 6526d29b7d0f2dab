"""Recordings of words, and front ends whose frames show the samples they are made of."""

import numpy as np
import pyarrow as pa
import soundfile
from torch import nn

from kwskit.data.records import write_records
from kwskit.stream_shape import FeatureSteps, FrameSteps

RATE, HOP, STRIDE, PAST, AHEAD = 16_000, 40, 2, 3, 1


STEP = STRIDE * HOP


class Samples(nn.Module):
    """Features are 40 samples each, and a frame is the two of its step, whatever comes before and after them."""

    stream, frames = FeatureSteps(HOP, HOP, 1e9), FrameSteps(STRIDE, PAST, 1, STEP, AHEAD)

    def stream_features(self, wav):
        return wav[:, : wav.shape[1] // HOP * HOP].unflatten(1, (-1, HOP))

    def stream_frames(self, features):
        own = features[:, PAST : features.shape[1] - AHEAD]
        assert own.shape[1] % STRIDE == 0
        return own.unflatten(1, (-1, STRIDE)).flatten(2)

    def forward(self, wav, lens):
        whole = nn.functional.pad(wav, (0, -wav.shape[1] % STEP))
        return whole.unflatten(1, (-1, STEP)), -(-lens // STEP)


def sound(seconds, seed):
    """(samples,) int16 noise whose float is a number of few bits, so that a frame of 16-bit floats keeps it."""
    return (np.random.default_rng(seed).integers(-128, 128, round(seconds * RATE)) * 256).astype(np.int16)


WORDS = ("amber", "brisk", "cedar", "delta", "ember")
RECORDINGS = {"audio/one.wav": 10.0, "audio/two.wav": 2.0, "audio/three.wav": 0.7}


def segments(path, seconds, seed):
    """(path, start, stop, word) of words of 0.1 to 0.6 s with pauses, and a phrase of the first two."""
    rng = np.random.default_rng(seed)
    found, at = [], 0.0
    while at + 0.6 < seconds:
        stop = at + rng.uniform(0.1, 0.6)
        found.append((path, round(at, 2), round(stop, 2), WORDS[len(found) % len(WORDS)]))  # whole samples
        at = stop + rng.choice([0.0, 0.2])
    if len(found) > 2:
        found.append((path, found[0][1], found[1][2], " ".join(WORDS[:2])))
    return found


def write_manifest(data, recordings=RECORDINGS):
    """Write recordings and a manifest of them; returns its path."""
    rows = []
    for number, (path, seconds) in enumerate(recordings.items()):
        (data / "audio").mkdir(exist_ok=True, parents=True)
        soundfile.write(data / path, sound(seconds, number), RATE)
        rows += segments(path, seconds, number)
    columns = dict(zip(("path", "start", "stop", "word"), zip(*rows, strict=True), strict=True))
    names = [f"{path.partition('/')[2]}-{k}" for k, path in enumerate(columns["path"])]
    table = pa.table({"utt_id": names, **columns, "speaker": ["s"] * len(rows), "split": ["train"] * len(rows)})
    write_records(data / "manifests/train.tsv", "manifest", table)
    return data / "manifests/train.tsv"


def read_rows(manifest):
    names, *rows = (line.split("\t") for line in manifest.read_text().splitlines()[1:])
    return {row[0]: dict(zip(names, row, strict=True)) for row in rows}


def same(one, other):
    assert list(one) == list(other)
    for name in one:
        assert np.array_equal(one[name], other[name]), name


STILL = {"views": 1, "alone": 0.0, "jitter": 0.0}


def place(frames, recording):
    """Where ``frames`` (n, 80) begin in ``recording`` (samples,), a stretch of which they are, maybe with zeros."""
    wanted = (frames.flatten() * 32768).astype(np.int16)
    middle = len(wanted) // 3
    few = wanted[middle : middle + 24]  # the chance of finding it elsewhere is none
    assert few.any()
    at, odd = divmod(recording.tobytes().find(few.tobytes()), 2)
    assert not odd
    own = recording[at - middle : at - middle + len(wanted)]
    assert ((own == wanted) | (wanted == 0)).all()  # outside of the stretch there is no sound
    assert (own == wanted).mean() > 0.5
    return at - middle


def frame_errors(found, manifest, scale=1):
    """How far each word's first frame begins from the word, and its last one ends, in samples (n, 2), by utterance."""
    errors, rows, around = {}, read_rows(manifest), 9999
    recordings = {
        path: np.pad(np.repeat(soundfile.read(manifest.parent.parent / path, dtype="int16")[0], scale), around)
        for path in {row["path"] for row in rows.values()}
    }
    for name, frames in found.items():
        row = rows[name.partition("~")[0]]
        at = place(frames, recordings[row["path"]]) - around
        begin, end = (scale * round(float(row[key]) * RATE) for key in ("start", "stop"))
        errors[name] = at - begin, at + frames.size - end
    return errors
