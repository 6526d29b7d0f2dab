"""Streams that go on for days: memory does not grow, and times stay exact."""

import gc
import math

import numpy as np
import pytest

from kwskit.spotting.spotter import Spotter

RATE, CHUNK = 16_000, 1280
WEEK = 7 * 24 * 3600 * RATE  # samples


@pytest.fixture(params=["sung_model", "streaming_sung_model"])
def spotter(request):
    spotter = Spotter(request.getfixturevalue(request.param))
    for text in ("tiger", "button", "hey nova"):
        spotter.enrol(text, threshold=3.0)
    return spotter


def minute(spotter):
    """(samples,) int16 with keywords and other words."""
    texts = ["tiger", "meadow", "button", "copper", "hey", "nova", "lemon", "tiger", "castle"]
    pcm, _ = spotter.model.stream_of(*texts * 6, pause=0.35)
    return pcm[: 60 * RATE]


def chunks(pcm):
    return (pcm[at : at + CHUNK] for at in range(0, len(pcm), CHUNK))


def reachable(thing, without):
    """Bytes of arrays, and number of other objects, that ``thing`` keeps alive and ``without`` does not need."""
    seen, waiting, size = {id(one) for one in without}, [thing], 0
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type) or callable(one):
            continue
        seen.add(id(one))
        if isinstance(one, np.ndarray):
            size += one.nbytes if one.base is None else 0
            waiting.append(one.base)
        waiting += gc.get_referents(one)
    return size, len(seen)


def test_memory_does_not_grow(spotter):
    sound, stream, sizes = minute(spotter), spotter.listen(), []
    hits = 0
    for _ in range(10):
        for chunk in chunks(sound):
            hits += len(stream.push(chunk.copy()))
        sizes.append(reachable(stream, [spotter.model, spotter.cohort, stream.queries]))
    assert hits > 100
    sizes = np.array(sizes[1:])  # the first minute fills what is kept
    assert np.ptp(sizes[:, 0]) < 400_000  # bytes: a second of the longest window more or less
    assert np.ptp(sizes[:, 1]) < 100


def test_times_are_exact_after_a_week(spotter):
    sound, early, late = minute(spotter)[: 20 * RATE], spotter.listen(), spotter.listen()
    cutter = late._scores._listener.cutter
    # A time at which all windows begin anew, and at which a frame does.
    unit = math.lcm(*cutter.hops)
    frame = RATE / cutter.rate
    ahead = math.ceil(WEEK / (unit * frame)) * unit
    cutter.received = ahead
    cutter._next = [ahead] * len(cutter.hops)
    samples = round(ahead * frame)
    late._received = late._scores._received = samples
    if spotter.streaming:
        late._scores._listener._received = samples
    shift = samples / RATE
    assert shift >= 7 * 24 * 3600
    hits, later = [], []
    for chunk in chunks(sound):
        hits += early.push(chunk)
        later += late.push(chunk)
    assert len(hits) > 5
    assert [one.keyword for one in hits] == [one.keyword for one in later]
    for one, other in zip(hits, later, strict=True):
        found = (other.start - shift, other.stop - shift, other.score)
        assert found == pytest.approx((one.start, one.stop, one.score), abs=1e-6)
