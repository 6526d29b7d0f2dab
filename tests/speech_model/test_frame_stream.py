import numpy as np
import pytest

from kwskit.speech_model import frame_stream
from kwskit.speech_model.frame_stream import FrameStream

SHAPES = {
    "silent": {},
    "floored": {"floor": 8.0, "silence": None},
    "ahead": {"ahead": 5, "per_step": 1},
    "floored_ahead": {"floor": 3.0, "silence": None, "ahead": 3, "past": 0},
    "one_by_one": {"stride": 1, "per_step": 1, "past": 2},
    "averaged": {"stride": 1, "per_step": 1, "past": 2, "ahead": 3, "span": 4},
    "averaged_odd": {"stride": 2, "per_step": 1, "span": 3, "floor": 8.0, "silence": None},
}


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Floors of 11 features, and blocks that are cut."""
    monkeypatch.setattr(frame_stream, "FLOOR_SECONDS", 0.011)
    monkeypatch.setattr(frame_stream, "SAMPLES_AT_ONCE", 700)


def sound(total):
    rng = np.random.default_rng(total)
    return (rng.normal(size=total) * 3000 * np.abs(np.sin(np.arange(total) / 400))).astype(np.int16)


def by_a_loop(model, pcm):
    """Frames (m, size) of a whole stream, step by step."""
    shape = model.stream
    if not len(pcm):
        return np.zeros((0, 3))
    count = max(1, (len(pcm) - 40) // 16 + 1)
    pcm = np.pad(pcm, (0, max(0, 40 - len(pcm))))
    raw = model.features(pcm[: (count - 1) * 16 + 40])
    feats, first, last = raw.copy(), shape.silence, shape.silence
    if shape.floor is not None:
        for t in range(count):
            feats[t] = np.maximum(raw[t], raw[max(0, t - 10) : t + 1].max() - shape.floor)
        last = raw[max(0, count - 10) :].max() - shape.floor
        first = raw[: min(shape.stride * shape.span, shape.stride + shape.ahead)].max() - shape.floor
    frames = []
    for step in range(-(-count // shape.stride)):
        begin, end = shape.stride * step - shape.past, shape.stride * (step + 1) + shape.ahead
        rows = [np.full(2, first) if t < 0 else feats[t] if t < count else np.full(2, last) for t in range(begin, end)]
        frames.append(np.einsum("tf,tfd->d", np.stack(rows), model.weights).reshape(shape.per_step, 3))
    made = np.concatenate(frames)[: int(np.ceil(count * shape.per_step / shape.stride))]
    around = range(-(shape.span // 2), shape.span - shape.span // 2)
    return np.array([np.mean([made[min(max(t + k, 0), len(made) - 1)] for k in around], 0) for t in range(len(made))])


def streamed(model, pcm, block):
    stream = FrameStream(model)
    return np.concatenate([*(stream.push(pcm[at : at + block]) for at in range(0, len(pcm), block)), stream.finish()])


@pytest.mark.parametrize("block", [1, 37, 1000, 10_000])
@pytest.mark.parametrize("total", [0, 1, 40, 55, 100, 777, 5003])
@pytest.mark.parametrize("shape", SHAPES)
def test_frames_by_a_loop_however_sound_arrives(shape, total, block, counting_model):
    model, pcm = counting_model(**SHAPES[shape]), sound(total)
    expected = by_a_loop(model, pcm)
    found = streamed(model, pcm, block)
    assert found.shape == (len(expected), 3)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)


def test_frames_are_told_when_their_sound_has_arrived(counting_model):
    stream = FrameStream(counting_model(ahead=1))
    assert len(stream.push(sound(40 + 16 * 4 - 1))) == 0
    assert len(stream.push(sound(1))) == 2  # the fifth feature


def test_each_feature_is_computed_once(counting_model):
    model = counting_model()
    streamed(model, sound(5003), 100)
    assert model.heard == (5003 - 40) // 16 + 1


def test_memory_stays_that_of_a_step(counting_model):
    stream = FrameStream(counting_model(floor=8.0, silence=None))
    for _ in range(50):
        stream.push(sound(900))
    assert len(stream._pcm) < 40
    assert len(stream._features) < 6 + 4
    assert stream._features.base is None or len(stream._features.base) < 100
    assert len(stream._loudest) == 10


def test_a_model_that_needs_whole_windows(counting_model):
    model = counting_model()
    model.stream = None
    with pytest.raises(ValueError, match="counting cannot stream"):
        FrameStream(model)
