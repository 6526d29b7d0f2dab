"""Words heard in their recordings, by a front end whose frames are the samples that they stand for."""

import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import soundfile
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch import nn

from kwskit.arguments import built_from
from kwskit.data.audio import AudioError
from kwskit.data.stream_features import make as module
from kwskit.data.stream_features.make import make_stream_features
from kwskit.data.stream_features.settings import StreamFeatureSettings
from kwskit.data.stream_features.store import INDEX
from kwskit.data.stream_features.stretches import stretches
from kwskit.frontend.noise import Noise
from kwskit.frontend.speed import Speed
from kwskit.records import read_records, write_records
from kwskit.stream_shape import FeatureSteps, FrameSteps

RATE, HOP, STRIDE, PAST, AHEAD = 16_000, 40, 2, 3, 1
STEP = STRIDE * HOP
STILL = {"views": 1, "alone": 0.0, "jitter": 0.0}


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


def sound(seconds, seed):
    """(samples,) int16 noise whose float is a number of few bits, so that a frame of 16-bit floats keeps it."""
    return (np.random.default_rng(seed).integers(-128, 128, round(seconds * RATE)) * 256).astype(np.int16)


RECORDINGS = {"audio/one.wav": 10.0, "audio/two.wav": 2.0, "audio/three.wav": 0.7}


def segments(path, seconds, seed):
    """(path, start, stop, word) of words of 0.1 to 0.6 s with pauses, and a phrase of the first two."""
    rng = np.random.default_rng(seed)
    found, at = [], 0.0
    while at + 0.6 < seconds:
        stop = at + rng.uniform(0.1, 0.6)
        found.append((path, round(at, 2), round(stop, 2), f"word{len(found) % 5}"))  # whole samples
        at = stop + rng.choice([0.0, 0.2])
    if len(found) > 2:
        found.append((path, found[0][1], found[1][2], "word0 word1"))
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


@pytest.fixture
def manifest(tmp_path):
    return write_manifest(tmp_path / "data")


@pytest.fixture
def heard(manifest, tmp_path):
    """``heard(frontend, augment, folder, settings, **how)``: frames (n, F) by utterance, and the folder."""

    def run(frontend=None, augment=None, folder="heard", settings="", manifest=manifest, **how):
        found = make_stream_features(
            manifest, tmp_path / folder, frontend or Samples(), augment, StreamFeatureSettings(**how), settings, "cpu"
        )
        speech = found.speech(np.arange(len(found)))
        frames = {
            name: feats[:count].numpy()
            for name, feats, count in zip(
                found.utt_ids.to_pylist(), speech["feats"], speech["feat_lens"].tolist(), strict=True
            )
        }
        return frames, found

    return run


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


class Halved(nn.Module):
    """Every second utterance twice as slow."""

    def forward(self, wav, lens, generator):
        out = torch.zeros(len(wav), 2 * wav.shape[1])
        lens = lens.clone()
        for row in range(len(wav)):
            if row % 2 == 0:
                out[row, : wav.shape[1]] = wav[row]
            else:
                out[row], lens[row] = wav[row].repeat_interleave(2), 2 * lens[row]
        return out, lens


def test_a_change_of_speed_moves_the_times(heard, manifest):
    found, _ = heard(augment=Halved(), **STILL)
    rows, slow = read_rows(manifest), {}
    for name, frames in found.items():
        row = rows[name]
        factor = frames.size / ((float(row["stop"]) - float(row["start"])) * RATE)
        slow[name] = factor > 1.5
    assert 0 < sum(slow.values()) < len(slow)
    for scale, own in ((1, False), (2, True)):
        some = {name: frames for name, frames in found.items() if slow[name] == own}
        assert np.abs(list(frame_errors(some, manifest, scale).values())).max() <= STEP // 2


def test_a_real_change_of_speed_changes_how_many_frames_a_word_has(heard):
    still, _ = heard(**STILL)
    slower, _ = heard(augment=Speed(1.0, [0.8]), settings="slower", **STILL)
    for name, frames in still.items():
        assert len(slower[name]) == pytest.approx(len(frames) / 0.8, abs=2)


def test_draws_are_those_of_the_seed(heard):
    state = torch.get_rng_state()
    how = {"views": 2, "alone": 0.3, "jitter": 0.1}
    first, _ = heard(augment=Noise(1.0, seconds=1.0), folder="first", **how)
    again, _ = heard(augment=Noise(1.0, seconds=1.0), folder="again", **how)
    other, _ = heard(augment=Noise(1.0, seconds=1.0), folder="other", seed=2, **how)
    assert torch.equal(torch.get_rng_state(), state)
    assert list(first) == list(again) == list(other)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not any(np.array_equal(first[name], other[name]) for name in first)
    ones = [name for name in first if "~" not in name]
    assert sorted(first) == sorted([*ones, *(f"{name}~1" for name in ones)])
    assert not any(np.array_equal(first[name], first[f"{name}~1"]) for name in ones)


class Counting(Samples):
    """Tells how many batches of stretches it has heard, and refuses more than ``most``."""

    def __init__(self, most=10**9):
        super().__init__()
        self.heard, self.most = 0, most

    def stream_features(self, wav):
        self.heard += 1
        if self.heard > self.most:
            raise KeyboardInterrupt
        return super().stream_features(wav)


def same(one, other):
    assert list(one) == list(other)
    for name in one:
        assert np.array_equal(one[name], other[name]), name


def test_what_is_there_is_not_heard_again(heard):
    whole, words = heard(Counting())
    kept, _ = heard(Counting(0))
    same(kept, whole)
    (words.path / INDEX).unlink()
    kept, _ = heard(Counting(0))
    same(kept, whole)
    parts = sorted(words.path.parent.glob("*.npz"))
    assert len(parts) == 2 * len(RECORDINGS)
    parts[3].unlink()
    (words.path / INDEX).unlink()
    frontend = Counting()
    same(heard(frontend)[0], whole)
    assert frontend.heard == 1


def test_an_interrupted_run_goes_on(heard, tmp_path):
    whole, _ = heard(folder="whole")
    with pytest.raises(KeyboardInterrupt):
        heard(Counting(3))
    assert len(list((tmp_path / "heard").glob("*/*.npz"))) == 3
    assert not list((tmp_path / "heard").glob("*/.*"))
    frontend = Counting()
    same(heard(frontend)[0], whole)
    assert frontend.heard == 3


def test_a_recording_more_leaves_the_others_as_they_are(heard, manifest, tmp_path):
    before, _ = heard()
    write_manifest(manifest.parent.parent, {**RECORDINGS, "audio/four.wav": 3.0})
    frontend = Counting()
    after, words = heard(frontend)
    assert frontend.heard == 2  # views of the new one
    assert {name.partition("-")[0] for name in set(after) - set(before)} == {"four.wav"}
    same({name: after[name] for name in before}, before)
    assert len(words) == len(after)
    fewer, _ = heard(Counting(0), manifest=write_manifest(manifest.parent.parent, {"audio/one.wav": 10.0}))
    same(fewer, {name: frames for name, frames in before.items() if name.startswith("one")})


def test_a_recording_is_heard_alike_whatever_others_there_are(heard, manifest):
    before, _ = heard(folder="all")
    table, facts = read_records(manifest, "manifest")
    write_records(manifest, "manifest", table.filter(pc.not_equal(table["path"], "audio/one.wav")), facts)
    found, _ = heard()
    assert len(found) > 4
    same(found, {name: frames for name, frames in before.items() if not name.startswith("one")})


def test_more_or_fewer_views(heard):
    two, _ = heard(views=2)
    frontend = Counting()
    three, _ = heard(frontend, views=3)
    assert frontend.heard == len(RECORDINGS)
    assert len(three) * 2 == len(two) * 3
    same({name: three[name] for name in two}, two)
    one, _ = heard(Counting(0), views=1)
    assert list(one) == [name for name in two if "~" not in name]


def test_a_share_of_the_phrases(heard, manifest):
    whole, _ = heard(views=2)
    phrases = {name for name, row in read_rows(manifest).items() if " " in row["word"]}
    assert len(phrases) == 2
    without, words = heard(Counting(0), views=2, phrases=0.0)
    assert not any(" " in word for word in words.words)
    assert set(whole) - set(without) == {f"{name}{view}" for name in phrases for view in ("", "~1")}
    same(without, {name: frames for name, frames in whole.items() if name in without})


def test_shares_of_phrases_lie_in_each_other():
    rows = [{"utt_id": f"p{k}", "word": "hey nova"} for k in range(2000)]
    found = {share: {row["utt_id"] for row in rows if module._trained_on(row, share)} for share in (0.0, 0.2, 0.6, 1.0)}
    assert found[0.0] <= found[0.2] <= found[0.6] <= found[1.0]
    assert [len(found[share]) for share in found] == [0, pytest.approx(400, abs=60), pytest.approx(1200, abs=70), 2000]
    assert module._trained_on({"utt_id": "u", "word": "nova"}, 0.0)


@pytest.mark.parametrize("change", [{"settings": "another front end"}, {"seed": 5}, {"jitter": 0.01}, {"alone": 1.0}])
def test_what_would_sound_different_has_a_folder_of_its_own(heard, tmp_path, change):
    heard()
    heard(**change)
    assert len(list((tmp_path / "heard").iterdir())) == 2


class Kept(nn.Module):
    """An augmentation that remembers where it was sent."""

    def __init__(self):
        super().__init__()
        self.sent = []

    def to(self, device):
        self.sent.append(device)
        return super().to(device)

    def forward(self, wav, lens, generator):
        assert self.sent == ["cpu"]
        assert generator.device.type == "cpu"
        return wav, lens


def test_augmentation_goes_where_the_sound_is(heard):
    """Its noises and rooms are kept with it."""
    same(heard(augment=Kept(), **STILL)[0], heard(folder="without", **STILL)[0])


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
