"""Adapted keywords in a stream and in a background, by the formula and by hand."""

import dataclasses

import numpy as np
import pytest

from kwskit.spotting import background as background_module
from kwskit.spotting.adapted.head import AdaptedHead
from kwskit.spotting.cohort import cohort_words
from kwskit.spotting.spotter import Spotter

WORDS = cohort_words(330)[300:]


@pytest.fixture(scope="module")
def head(sung_model):
    rng = np.random.default_rng(0)
    found = AdaptedHead.unmoved(sung_model.dim)
    return dataclasses.replace(
        found, bias=rng.normal(size=48).astype(np.float32), out=rng.normal(0, 0.5, 48).astype(np.float32)
    )


@pytest.fixture(scope="module")
def background(sung_model):
    recorder = Spotter(sung_model).recorder()
    recorder.record([sung_model.stream_of(*np.random.default_rng(0).choice(WORDS, 60).tolist(), pause=0.3)[0]])
    return recorder.background()


def test_a_head_is_its_formula():
    rng = np.random.default_rng(0)
    hidden, bias, out = (rng.normal(size=size).astype(np.float32) for size in ((4, 5), 5, 5))
    rows, score = rng.normal(size=(7, 3)).astype(np.float32), rng.normal(size=7).astype(np.float32)
    found = AdaptedHead(hidden, bias, out)(rows, score)
    for x, s, one in zip(rows, score, found, strict=True):
        inner = [sum(v * w for v, w in zip([*x, s], hidden[:, u], strict=True)) + bias[u] for u in range(5)]
        total = sum(max(0.0, value) * weight for value, weight in zip(inner, out, strict=True))
        assert one == pytest.approx(s + 4 * np.tanh(total / 4), abs=1e-4)
        assert abs(one - s) <= 4.0001


def test_other_keywords_do_not_move_by_a_bit(sung_model, head):
    pcm, _ = sung_model.stream_of("banana", "hey nova", "tiger")
    found = []
    for own in (None, head):
        spotter = Spotter(sung_model)
        for text in ("tiger", "hey nova", "banana"):
            spotter.enrol(text, threshold=3)
        spotter._keywords["hey nova"] = dataclasses.replace(spotter._keywords["hey nova"], head=own)
        stream = spotter.listen()
        stream.push(pcm)
        found.append(stream.scores[1])
    typed, adapted = found
    np.testing.assert_array_equal(typed[:, [0, 2]], adapted[:, [0, 2]])
    assert not np.array_equal(typed[:, 1], adapted[:, 1])


def test_windows_are_judged_before_they_are_averaged(sung_model, head):
    spotter = Spotter(sung_model)
    keyword = dataclasses.replace(spotter.enrol("hey nova", threshold=3), head=head)
    pcm, ((_, start, stop),) = sung_model.stream_of("hey nova")
    windows = [*(listener := spotter.listener(keyword.windows)).push(pcm), *listener.finish()]
    means = []
    for length in keyword.windows:
        own = []
        for part in windows:
            for a, b, row in zip(part.start, part.stop, part.kept, strict=True):
                if abs(b - a - length) < 0.01 and abs((a + b) / 2 - (start + stop) / 2) < 0.4:
                    cosine = max(float(one @ row) for one in keyword.embeddings)
                    others = spotter.cohort.scores(row[None])[0].astype(np.float64)
                    own.append(((a + b) / 2, (cosine - others.mean()) / others.std(), row))
        judged = head(np.stack([row for *_, row in own]), np.array([score for _, score, _ in own]))
        means.append([(centre, score) for (centre, *_), score in zip(own, judged, strict=True)])
    spotter._keywords["hey nova"] = keyword
    stream = spotter.listen()
    stream.push(pcm)
    first = stream.scores
    stream.finish()
    centres, scores = (np.concatenate(both) for both in zip(first, stream.scores, strict=True))
    inside = np.flatnonzero(abs(centres - (start + stop) / 2) < 0.15)
    for k in inside:
        expected = np.mean([np.mean([s for c, s in own if abs(c - centres[k]) <= 0.08 + 1e-6]) for own in means])
        assert scores[k, 0] == pytest.approx(expected, abs=1e-3)
    assert len(inside)


def test_thresholds_are_set_by_the_half_that_it_was_not_trained_with(sung_model, background, head, monkeypatch):
    monkeypatch.setattr(background_module, "BLOCK", 10.0)
    keyword = dataclasses.replace(Spotter(sung_model).enrol("tiger", threshold=3), head=head)
    own = dataclasses.replace(keyword, head=dataclasses.replace(head, background=background.identity))
    every, _ = background.peaks(keyword, -np.inf)
    half, hours = background.peaks(own, -np.inf)
    assert hours == pytest.approx((20 + background.seconds % 10) / 3600, rel=0.05)
    assert len(half) == pytest.approx(len(every) * 3600 * hours / background.seconds, rel=0.3)
    # Windows of the other half may be anything: the peaks are the same.
    centre = (background.start + background.stop) / 2
    trained = (centre // 10) % 2 == 0
    edge = np.minimum(centre % 10, 10 - centre % 10) < 0.2
    mean = np.where(trained & ~edge, np.float16(-30), background.mean)
    spoilt = dataclasses.replace(background, mean=mean.astype(np.float16))
    assert spoilt.identity == background.identity
    np.testing.assert_array_equal(spoilt.peaks(own, -np.inf)[0], half)
    assert spoilt.peaks(keyword, -np.inf)[0][0] > every[0] + 1
    # And what is trained with is the other half.
    rows, score = background.for_adapting(own)
    fitting = np.isin(np.round(background.stop - background.start, 2), keyword.windows)
    np.testing.assert_array_equal(rows, background.codes.vectors(np.flatnonzero(trained & fitting)))
    cosines = np.stack([rows @ one for one in keyword.embeddings]).max(0)
    picked = np.flatnonzero(trained & fitting)
    expected = (cosines - background.mean[picked]) / background.deviation[picked]
    np.testing.assert_allclose(score, expected, atol=1e-2)


def test_a_spotter_sets_its_threshold_by_its_own_peaks(sung_model, background, head):
    spotter = Spotter(sung_model, background)
    typed = spotter.enrol("tiger", fa_per_hour=100)
    adapted = dataclasses.replace(typed, head=head)
    spotter._keywords["tiger"] = adapted
    spotter._take(background)
    found = spotter.keywords["tiger"]
    assert found.threshold == background.threshold(adapted, 100) != typed.threshold


def test_vectors_coded_as_a_backgrounds_are(background):
    rows = np.arange(0, len(background.start), 50)
    decoded = background.codes.vectors(rows)
    np.testing.assert_allclose(background.codes.nearest(decoded), decoded, atol=2e-2)
    some = np.random.default_rng(0).normal(size=(5, background.codes.size)).astype(np.float32)
    found = background.codes.nearest(some)
    codes = background.codes
    turned = (some - codes.origin) @ codes.axes.T.astype(np.float32)
    size = codes.centres.shape[2]
    for row, own in zip(turned, found, strict=True):
        parts = []
        for p in range(codes.codes.shape[1]):
            centres = codes.centres[p].astype(np.float32)
            apart = [float(np.square(one - row[p * size : (p + 1) * size]).sum()) for one in centres]
            parts.append(centres[int(np.argmin(apart))])
        np.testing.assert_allclose(own, np.concatenate(parts) @ codes.axes.astype(np.float32) + codes.origin, atol=1e-4)
