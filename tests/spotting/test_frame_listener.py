import numpy as np
import pytest

from kwskit.speech_model.frame_stream import FrameStream
from kwskit.spotting.windows import frame_listener
from kwskit.spotting.windows.frame_listener import FrameListener

FRAME = 0.002  # s: two frames of 64 samples


def heard(listener, pcm, block):
    parts = [list(listener.push(pcm[at : at + block])) for at in range(0, len(pcm), block)] + [list(listener.finish())]
    return [
        (start, stop, kept)
        for part in parts
        for found in part
        for start, stop, kept in zip(found.start, found.stop, found.kept, strict=True)
    ]


@pytest.mark.parametrize("block", [100, 3000, 99_999])
@pytest.mark.parametrize("total", [0, 30, 500, 6000, 10_123])
def test_windows_are_slices_of_frames(total, block, monkeypatch, counting_model):
    monkeypatch.setattr(frame_listener, "WINDOWS_AT_ONCE", 7)
    model = counting_model()
    pcm = np.random.default_rng(total).integers(-3000, 3000, total).astype(np.int16)
    stream = FrameStream(model)
    frames = np.concatenate([stream.push(pcm), stream.finish()])
    expected = {}
    for size, hop in ((50, 12), (10, 2)):  # 0.1009 s and 0.02 s, three quarters in common
        last = max(0, len(frames) - size)
        for begin in [*range(0, last, hop), last] if total else []:
            window = frames[begin : begin + size]
            kept = sum((k + 1) * frame for k, frame in enumerate(window))
            expected[begin, len(window)] = begin * FRAME, min((begin + len(window)) * FRAME, total / 16_000), kept
    found = heard(FrameListener(model, [0.1009, 0.02], 0.75), pcm, block)
    order = sorted(found, key=lambda window: (window[0], window[1]))
    assert len(found) == len(expected)
    for window, other in zip(order, sorted(expected.values(), key=lambda window: window[:2]), strict=True):
        assert window[:2] == pytest.approx(other[:2])
        np.testing.assert_allclose(window[2], other[2], rtol=1e-3, atol=1e-2)


def test_windows_of_frames_finer_than_what_one_stands_for(counting_model):
    """Frames of 1 ms, each of 4 ms: windows of 20 ms take five of them, and start 3 ms apart."""
    model = counting_model(stride=1, per_step=1, span=4)
    pcm = np.random.default_rng(3).integers(-3000, 3000, 2_000).astype(np.int16)
    stream = FrameStream(model)
    frames = np.concatenate([stream.push(pcm), stream.finish()])
    found = heard(FrameListener(model, [0.0208], hop=0.003), pcm, 333)
    starts = [round(1000 * start) for start, _, _ in found]
    assert starts == [*range(0, len(frames) - 20, 3), len(frames) - 20]
    for begin, (start, stop, kept) in zip(starts, found, strict=True):
        assert stop - start == pytest.approx(0.02)
        expected = sum((k + 1) * frames[begin + 4 * k] for k in range(5))
        np.testing.assert_allclose(kept, expected, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("block", [100, 3000, 99_999])
def test_frames_are_handed_over_before_the_windows_that_they_complete(block, counting_model):
    model, parts, begun = counting_model(), [np.zeros((0, 3))], []
    pcm = np.random.default_rng(4).integers(-3000, 3000, 6_000).astype(np.int16)
    listener = FrameListener(model, [0.02], 0.5, hear=parts.append)
    for at in range(0, len(pcm), block):
        for found in listener.push(pcm[at : at + block]):
            begun += [(round(start / FRAME), sum(map(len, parts))) for start in found.start]
    list(listener.finish())
    stream = FrameStream(model)
    np.testing.assert_array_equal(np.concatenate(parts), np.concatenate([stream.push(pcm), stream.finish()]))
    assert len(begun) > 30
    assert all(first + 10 <= there for first, there in begun)


def test_what_is_seen_has_all_its_windows(counting_model):
    listener = FrameListener(counting_model(), [0.02, 0.1], 0.5)
    result = []
    for _ in range(30):
        result += [(h.start + h.stop) / 2 for h in listener.push(np.zeros(333, np.int16))]
        seen = listener.seen
        later = [(h.start + h.stop) / 2 for h in listener.push(np.zeros(777, np.int16))]
        assert all((centres > seen).all() for centres in later)
        result += later
    assert seen == pytest.approx(30 * 1110 / 16_000 - 0.05, abs=0.06)


def test_memory_stays_that_of_the_longest_window(counting_model):
    listener = FrameListener(counting_model(), [0.02, 0.1], 0.5)
    for _ in range(50):
        list(listener.push(np.zeros(4000, np.int16)))
    assert len(listener.cutter._kept) <= 50 + 25
