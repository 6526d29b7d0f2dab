"""Words heard in their recordings, by a front end whose frames are the samples that they stand for."""

import json
import re

import numpy as np
import pyarrow as pa
import pytest
import soundfile
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch import nn

from kwskit.arguments import built_from
from kwskit.data.audio import AudioError
from kwskit.data.records import read_records, write_records
from kwskit.data.stream_features.settings import StreamFeatureSettings
from kwskit.data.stream_features.stretches import stretches
from kwskit.stream_shape import FeatureSteps, FrameSteps
from tests.data.stream_recordings import (
    AHEAD,
    HOP,
    PAST,
    RATE,
    RECORDINGS,
    STEP,
    STILL,
    STRIDE,
    Samples,
    frame_errors,
    read_rows,
    sound,
    write_manifest,
)


class Loudness(nn.Module):
    """Features are the logarithms of the energies of two halves of a window, and frames sums of all that they see."""

    stream, frames = FeatureSteps(56, HOP, 1.5), FrameSteps(STRIDE, PAST, 1, 4, AHEAD)

    def __init__(self):
        super().__init__()
        weights = np.random.default_rng(0).normal(size=(PAST + STRIDE + AHEAD, 2, 4))
        self.register_buffer("weights", torch.tensor(weights, dtype=torch.float32))

    def stream_features(self, wav):
        halves = wav.unfold(1, 56, HOP).unflatten(2, (2, 28))
        return (halves.square().mean(3) + 1e-6).log10()

    def stream_frames(self, features):
        seen = features.unfold(1, PAST + STRIDE + AHEAD, STRIDE)
        return torch.einsum("nkfs,sfd->nkd", seen, self.weights)

    def forward(self, wav, lens):
        raise AssertionError("no word is heard alone")


def test_frames_are_those_of_the_stream_nearest_to_the_word(heard, manifest):
    found, words = heard(**STILL)
    assert sorted(found) == sorted(read_rows(manifest))
    errors = np.array(list(frame_errors(found, manifest).values()))
    assert np.abs(errors).max() <= STEP // 2
    assert len(set(errors[:, 0] % STEP)) == 5  # each stretch is heard at a phase of its own
    rows = read_rows(manifest)
    for name, samples in zip(words.utt_ids.to_pylist(), words.num_samples, strict=True):
        row = rows[name]
        assert samples == round((float(row["stop"]) - float(row["start"])) * RATE)
        assert len(found[name]) == pytest.approx(samples / STEP, abs=1.01)


def naive_frames(pcm, phase, weights):
    """Frames (n, 4) of a stream of :class:`Loudness`."""
    wav = np.concatenate([np.zeros(phase), pcm / 32768, np.zeros(3 * STEP)])
    windows = sliding_window_view(wav, 56)[::HOP].reshape(-1, 2, 28)
    energies = np.log10((windows**2).mean(2) + 1e-6)
    two_seconds = 2 * RATE // HOP
    loudest = sliding_window_view(np.pad(energies.max(1), (two_seconds - 1, 0), constant_values=-99), two_seconds)
    floored = np.maximum(energies, loudest.max(1)[:, None] - 1.5)
    before = np.full((PAST, 2), floored[:STRIDE].max() - 1.5)
    seen = sliding_window_view(np.concatenate([before, floored]), PAST + STRIDE + AHEAD, axis=0)[::STRIDE]
    return np.einsum("kfs,sfd->kd", seen, weights)


def test_features_are_floored_and_surrounded_as_in_a_stream(heard, tmp_path):
    """The frames of words of two stretches are those of NumPy over the whole stretch, at one of its 80 phases."""
    data = tmp_path / "loud"
    manifest = write_manifest(data, {"audio/one.wav": 5.6})
    pcm, _ = soundfile.read(data / "audio/one.wav", dtype="int16")
    pcm = (pcm * np.where(np.arange(len(pcm)) % 40_000 < 38_000, 0.05, 1.0)).astype(
        np.int16
    )  # the floor is that of 2 s
    soundfile.write(data / "audio/one.wav", pcm, RATE)
    frontend = Loudness()
    found, _ = heard(frontend, manifest=manifest, **STILL)
    rows = list(read_rows(manifest).values())
    cut = list(stretches(read_records(manifest, "manifest")[0]))
    assert len(cut) == 2
    for stretch in cut:
        heard_there = pcm[round(stretch.start * RATE) : round(stretch.stop * RATE)]
        own = [rows[k] for k in stretch.rows]
        fits = 0
        for phase in range(STEP):
            frames = naive_frames(heard_there, phase, frontend.weights.numpy())
            firsts = [(phase + (float(row["start"]) - stretch.start) * RATE) / STEP for row in own]
            words = [found[row["utt_id"]] for row in own]
            fits += all(near(frames, first, word) for first, word in zip(firsts, words, strict=True))
        assert 0 < fits < 10


def near(frames, first, word):
    """Whether ``word`` is in ``frames`` from the nearest one to ``first`` on."""
    expected = frames[round(first) : round(first) + len(word)]
    return expected.shape == word.shape and np.allclose(expected, word, rtol=2e-3, atol=0.01)


def test_alone_a_word_is_cut_out_and_given_to_the_front_end(heard, manifest):
    found, _ = heard(**{**STILL, "alone": 1.0})
    for name, row in read_rows(manifest).items():
        frames, at = found[name], [round(float(row[key]) * RATE) for key in ("start", "stop")]
        cut, _ = soundfile.read(manifest.parent.parent / row["path"], start=at[0], stop=at[1], dtype="int16")
        expected, (count,) = Samples()(torch.from_numpy(cut / np.float32(32768))[None], torch.tensor([len(cut)]))
        assert len(frames) == count
        assert np.array_equal(frames, expected[0])


def test_a_share_of_the_words_is_heard_alone(heard, manifest):
    """Cut out, a word begins at its first sample; in a stream, rarely."""
    found, _ = heard(views=4, alone=0.4, jitter=0.0)
    exact = [begin == 0 for begin, _ in frame_errors(found, manifest).values()]
    assert np.mean(exact) == pytest.approx(0.4, abs=0.12)


@pytest.mark.parametrize("alone", [0.0, 1.0])
def test_windows_begin_before_words_and_end_after_them_or_cut_a_third_of_that_off(heard, manifest, alone):
    found, _ = heard(views=4, alone=alone, jitter=0.09)
    rows, slack = read_rows(manifest), (STEP // 2 if alone == 0 else 1)
    begins, ends = [], []
    for name, (begin, end) in frame_errors(found, manifest).items():
        row = rows[name.partition("~")[0]]
        if float(row["start"]) > 0.2 and float(row["stop"]) < RECORDINGS[row["path"]] - 0.2:
            begins.append(-begin)
            ends.append(end)
    within = STEP if alone == 1 else 0  # a word alone ends within its last frame
    for errors, more in ((np.array(begins), 0), (np.array(ends), within)):
        assert errors.max() <= 0.09 * RATE + slack + more
        assert errors.min() >= -0.03 * RATE - slack
        assert errors.max() > 0.07 * RATE
        assert errors.min() < -0.01 * RATE
        assert errors.mean() == pytest.approx(0.03 * RATE + more / 2, abs=0.01 * RATE)


@pytest.mark.parametrize("damage", ["missing", "no audio", "too short"])
def test_a_recording_that_cannot_be_read_is_named(heard, manifest, damage):
    path = manifest.parent.parent / "audio/two.wav"
    if damage == "missing":
        path.unlink()
    elif damage == "no audio":
        path.write_bytes(b"RIFF")
    else:
        soundfile.write(path, sound(0.05, 0), RATE)
    with pytest.raises(AudioError, match=re.escape(str(path))):
        heard()


def test_a_word_at_the_very_end_and_one_of_two_frames(heard, tmp_path):
    data = tmp_path / "edges"
    manifest = write_manifest(data, {"audio/one.wav": 1.0})
    rows = [("end", 0.9, 1.05), ("short", 0.5, 0.502), ("last", 0.99, 1.0), ("start", 0.0, 0.3)]
    names, starts, stops = zip(*rows, strict=True)
    table = {"utt_id": names, "path": ["audio/one.wav"] * 4, "start": starts, "stop": stops, "word": names}
    table = pa.table({**table, "speaker": ["s"] * 4, "split": ["train"] * 4})
    write_records(manifest, "manifest", table)
    for how in ({"alone": 0.0}, {"alone": 1.0}):
        found, _ = heard(manifest=manifest, views=8, jitter=0.12, folder=json.dumps(how), **how)
        assert len(found) == 32
        assert min(len(frames) for frames in found.values()) >= (2 if how["alone"] == 0 else 1)
        assert all(frames.any() for frames in found.values())


@pytest.mark.parametrize(
    "wrong", [{"views": 0}, {"views": 1.5}, {"alone": -0.1}, {"alone": 1.1}, {"jitter": -1.0}, {"phrases": 2.0}]
)
def test_numbers_out_of_range(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        built_from(StreamFeatureSettings, wrong, "training.heard")
