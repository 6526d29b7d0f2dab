"""Spotting against loops over windows, with a model that hears tones."""

import tracemalloc

import numpy as np
import pytest
import soundfile
from scipy.spatial.distance import cosine

from kwskit.spotting.cohort import cohort_words
from kwskit.spotting.expected_duration import expected_seconds, fitting_windows
from kwskit.spotting.hit_picker import PATIENCE
from kwskit.spotting.spotter import Spotter
from tests.spotting.random_blocks import hits_in_random_blocks

RATE = 16_000


SAID = ("computer", "banana", "tiger", "hey nova", "banana", "meadow", "tiger", "computer")


MODELS = ("sung_model", "streaming_sung_model")


@pytest.fixture(params=MODELS)
def model(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def spotter(model):
    found = Spotter(model)
    for text in ("computer", "tiger", "hey nova", "either"):
        found.enrol(text, threshold=4.0)
    return found


def rows_of(model, text):
    """One embedding a pronunciation."""
    return [model.embed_tokens([ids])[0] for ids in model.tokenizer.encode(text)]


def best(heard, rows):
    return max(1 - cosine(heard, row) for row in rows)


def test_scores_by_a_loop(sung_model):
    """Every window of every fitting length, cut by hand, T-normalised by all cohort words but the keyword itself, and
    averaged with those that are centred within 80 ms."""
    own = cohort_words(300)[5]
    texts = ["tiger", "either", own, "artificial intelligence"]
    assert len(sung_model.tokenizer.encode("either")) > 1
    pcm, _ = sung_model.stream_of("tiger", own, pause=0.3)
    spotter = Spotter(sung_model)
    for text in texts:
        spotter.enrol(text, threshold=4.0)
    stream, centres, scores = spotter.listen(), [], []
    for at in range(0, len(pcm) + 7000, 7000):
        stream.push(pcm[at : at + 7000])
        centres.append(stream.scores[0])
        scores.append(stream.scores[1])
    stream.finish()
    centres, scores = np.concatenate([*centres, stream.scores[0]]), np.concatenate([*scores, stream.scores[1]])
    cohort = {word: rows_of(sung_model, word) for word in cohort_words(300)}
    for number, text in enumerate(texts):
        lengths, keyword = [], spotter.keywords[text]
        assert keyword.windows == fitting_windows(expected_seconds(text))
        for seconds in keyword.windows:
            lengths.append([])
            size = round(seconds * RATE)
            last = len(pcm) - size
            for start in sorted({*range(0, last, 960), last}):
                heard = sung_model.embed_windows(pcm[None, start : start + size])[0]
                others = [best(heard, rows) for word, rows in cohort.items() if word != text]
                score = (best(heard, rows_of(sung_model, text)) - np.mean(others)) / np.std(others)
                lengths[-1].append(((start + size / 2) / RATE, score))
        expected = []
        for place, _ in lengths[0]:
            near = [[score for centre, score in own if abs(centre - place) < 0.0801] for own in lengths]
            expected.append((place, np.mean([np.mean(own) for own in near if own])))
        fits = scores[:, number] > -np.inf
        found = sorted(zip(centres[fits], scores[fits, number], strict=True))
        np.testing.assert_allclose(found, sorted(expected), atol=2e-3)


def test_what_is_said_is_spotted_where_it_is_said(spotter):
    pcm, said = spotter.model.stream_of(*SAID)
    hits = spotter.spot(pcm)
    wanted = [(text, start, stop) for text, start, stop in said if text in spotter.keywords]
    assert [hit.keyword for hit in hits] == [text for text, _, _ in wanted]
    for hit, (_, start, stop) in zip(hits, wanted, strict=True):
        # Told when nothing better has come for the picker's patience, which may be before the word is over.
        assert start - PATIENCE < (hit.start + hit.end) / 2 < stop
        assert hit.score >= hit.threshold == 4.0


@pytest.mark.parametrize("seed", range(3))
def test_hits_do_not_depend_on_how_a_stream_is_cut(spotter, seed):
    rng = np.random.default_rng(seed)
    pcm, _ = spotter.model.stream_of(*SAID, seed=seed)
    whole, stream = spotter.spot(pcm), spotter.listen()
    hits = hits_in_random_blocks(stream, pcm, rng)
    assert len(whole) == 5
    assert [(hit.keyword, hit.start, hit.end) for hit in hits] == [(hit.keyword, hit.start, hit.end) for hit in whole]
    assert [hit.score for hit in hits] == pytest.approx([hit.score for hit in whole], rel=1e-4)
    assert stream.seconds == len(pcm) / RATE


def test_a_hit_is_told_soon_after_its_end(spotter):
    pcm, said = spotter.model.stream_of("banana", "tiger", "banana")
    stream, message = spotter.listen(), []
    for at in range(0, len(pcm), 800):
        message += [(hit, stream.seconds) for hit in stream.push(pcm[at : at + 800])]
    ((hit, now),) = message
    assert said[1][2] - 0.2 < hit.end < now < hit.end + 0.65


@pytest.mark.parametrize("seconds", [0.03, 0.2, 0.4, 0.5, 0.61, 0.8, 1.3])
def test_a_clip_shorter_than_the_windows_is_one(model, seconds):
    """Every keyword has a score whatever the length, and the same one as a window of that length."""
    spotter = Spotter(model)
    pcm = model.stream_of("banana")[0][: round(seconds * RATE)]
    for text in ("banana", "artificial intelligence"):
        score = spotter.score(pcm, text)
        assert np.isfinite(score)
        shortest = min(fitting_windows(expected_seconds(text)))
        if seconds < shortest and model.stream is None:
            heard = model.embed_windows(pcm[None])[0]
            others = [best(heard, rows_of(model, word)) for word in cohort_words(300) if word != text]
            own = best(heard, rows_of(model, text))
            assert score == pytest.approx((own - np.mean(others)) / np.std(others), abs=2e-3)
    assert spotter.score(np.zeros(0, np.int16), "banana") == -np.inf
    assert len(spotter.keywords) == 0


def test_score_is_the_highest_of_the_stream(spotter, tmp_path):
    pcm, _ = spotter.model.stream_of("tiger", "banana")
    soundfile.write(tmp_path / "a.wav", pcm, RATE)
    stream = spotter.listen()
    stream.push(pcm)
    scores = stream.scores[1]
    stream.finish()
    highest = np.concatenate([scores, stream.scores[1]]).max(0)
    for number, text in enumerate(spotter.keywords):
        assert spotter.score(tmp_path / "a.wav", text) == pytest.approx(highest[number], abs=1e-3)
    assert spotter.score(pcm, "tiger") > 5 > spotter.score(pcm, "meadow")


def test_files_of_any_rate_and_streams_of_any_rate(spotter, tmp_path):
    pcm, _ = spotter.model.stream_of(*SAID)
    soundfile.write(tmp_path / "a.flac", np.stack([np.repeat(pcm, 3)] * 2, 1), 48_000)
    whole = [hit.keyword for hit in spotter.spot(pcm)]
    assert [hit.keyword for hit in spotter.spot(tmp_path / "a.flac")] == whole
    thrice = np.repeat(pcm, 3)
    blocks = (thrice[at : at + 3841] for at in range(0, len(thrice), 3841))
    assert [hit.keyword for hit in spotter.stream(blocks, 48_000)] == whole


def test_reset_begins_another_stream(spotter):
    pcm, _ = spotter.model.stream_of("tiger", "computer")
    stream = spotter.listen()
    first = stream.push(pcm[:12_000])
    stream.reset()
    assert (stream.seconds, first) == (0, [])
    once = stream.push(pcm) + stream.finish()
    assert stream.finish() == []
    with pytest.raises(ValueError, match="finished"):
        stream.push(pcm)
    stream.reset()
    assert stream.push(pcm) + stream.finish() == once
    assert len(once) == 2


def test_memory_is_bounded(spotter):
    block = np.random.default_rng(0).normal(0, 300, 1280).astype(np.int16)
    stream = spotter.listen()
    own = tracemalloc.Filter(True, "*/kwskit/spotting/*")  # threads of other tests may be alive
    tracemalloc.start()
    try:
        sizes = []
        for _ in range(5):
            for _ in range(60):
                stream.push(block)
            sizes.append(sum(trace.size for trace in tracemalloc.take_snapshot().filter_traces([own]).traces))
    finally:
        tracemalloc.stop()
    assert sizes[-1] < sizes[1] + 20_000


def test_no_keyword_no_hit(model):
    spotter = Spotter(model)
    stream = spotter.listen()
    assert stream.push(np.ones(50_000, np.int16)) + stream.finish() == []
    assert stream.scores[1].shape == (0, 0)


def test_one_threshold_for_all(spotter):
    pcm, _ = spotter.model.stream_of("tiger", "computer", "banana")
    high, low = spotter.listen(99.0), spotter.listen(-99.0)
    assert high.push(pcm) + high.finish() == []
    hits = low.push(pcm) + low.finish()
    assert {hit.keyword for hit in hits} == set(spotter.keywords)
    assert {hit.threshold for hit in hits} == {-99.0}
