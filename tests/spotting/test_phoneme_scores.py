"""The phonemes of keywords near places of a stream, against loops over the whole of it, with a model of tones."""

import numpy as np
import pytest

from kwskit.spotting.cohort import cohort_words
from kwskit.spotting.keyword_paths import KeywordPaths
from kwskit.spotting.keyword_queries import KeywordQueries
from kwskit.spotting.phoneme_scores import LEAST, WEIGHT, PhonemeScores, best_near, best_pronunciations, most_frames
from kwskit.spotting.score_smoothing import NEAR
from kwskit.spotting.scored_windows import ScoredWindows
from kwskit.spotting.spotter import Spotter
from kwskit.spotting.window_scores import WindowScores
from kwskit.stream_shape import StreamShape
from tests.spotting.paths_by_loops import cheapest_paths, keyword_paths, near
from tests.sung_models import PhonemeSungModel

RATE, FRAME = 16_000, 0.04
OWN = cohort_words(300)[5]
KEYWORDS = ("tiger", "either", OWN, "hey nova", "banana")


@pytest.fixture
def spotter(phoneme_sung_model):
    found = Spotter(phoneme_sung_model)
    for text in KEYWORDS:
        found.enrol(text, threshold=0)
    return found


@pytest.fixture
def queries(spotter):
    return KeywordQueries(list(spotter.keywords.values()), spotter.cohort)


@pytest.fixture(scope="module")
def pcm(phoneme_sung_model):
    """(samples,) int16: it begins and ends with a keyword, two are drawn out, others are said meanwhile."""
    say, rng = phoneme_sung_model.say, np.random.default_rng(0)

    def drawn(text, pause):
        return [
            np.append(part, rng.normal(0, 60, pause)) for part in np.split(say(text), range(1440, len(say(text)), 1440))
        ]

    words = [say(text) for text in ("tiger", "either", OWN, "meadow", "hey", "nova", "timer", "banana")]
    gaps = [rng.normal(0, 60, size) for size in rng.integers(0, 9_000, 8)]
    pieces = [piece for pair in zip(words, gaps, strict=True) for piece in pair]
    slow = [*drawn("tiger", 8_000), *drawn("banana", 3_200)]
    sound = np.concatenate([*pieces, say("hey nova")])
    babble, _ = phoneme_sung_model.stream_of(*cohort_words(20), pause=0.05)
    sound += 0.7 * np.resize(babble, len(sound))
    return (0.8 * np.concatenate([sound[:60_000], *slow, sound[60_000:]])).astype(np.int16)


@pytest.fixture
def paths(phoneme_sung_model, queries, pcm):
    """Those of each keyword, by loops over the whole stream."""
    log_probs = phoneme_sung_model.log_probs(phoneme_sung_model.features(pcm))
    return [keyword_paths(log_probs, one, phoneme_sung_model.blank, FRAME) for one in queries.keywords]


def in_blocks(pcm, seed):
    """Blocks of sound of many sizes; seed 0 is all at once."""
    rng, at = np.random.default_rng(seed), 0
    while at < len(pcm):
        size = int(rng.choice([rng.integers(0, 400), 1_000, 9_000])) if seed else len(pcm)
        yield pcm[at : at + size]
        at += size


def heard(scores, blocks):
    """All windows of a stream, joined."""
    return ScoredWindows.join([*[scores.push(block) for block in blocks], scores.finish()])


@pytest.mark.parametrize("reach", [0.0, NEAR, 0.5, np.inf])
@pytest.mark.parametrize("seed", range(3))
def test_the_best_near_by_two_loops(seed, reach):
    """Frames and places are so that many middles are just as far away as counts, and many ends as late."""
    rng = np.random.default_rng(seed)
    for count, queries, places in ((40, 3, 30), (1, 1, 5), (0, 2, 4), (9, 2, 0), (200, 1, 60)):
        score = rng.choice([-np.inf, -5, -4, -3.5, -2, -1, 0], (count, queries)).astype(np.float32)
        end = np.arange(1, count + 1)[:, None] + np.zeros((1, queries), int)
        start = np.maximum(0, end - rng.integers(1, 30, end.shape))
        centre = np.sort(rng.integers(0, 2 * count + 3, places)) * 0.02
        known = np.sort(rng.integers(0, count + 3, places)) * 0.04
        found = best_near(score, start * 0.04, end * 0.04, centre, known, reach)
        assert found.shape == (places, queries)
        for n, q in np.ndindex(places, queries):
            best = -4.0
            for t in range(count):
                middle = (start[t, q] + end[t, q]) * 0.02
                if abs(middle - centre[n]) < reach + 1e-5 and end[t, q] * 0.04 < known[n] + 1e-5:
                    best = max(best, float(score[t, q]))
            assert found[n, q] == best


def test_the_best_pronunciation_of_each_keyword_by_a_loop():
    rng = np.random.default_rng(0)
    score, start = rng.integers(0, 4, (50, 6)).astype(np.float32), rng.integers(0, 99, (50, 6)).astype(np.int32)
    found = best_pronunciations(score, start, np.array([0, 2, 3]))
    for t in range(50):
        for q, rows in enumerate(((0, 1), (2,), (3, 4, 5))):
            best = max(rows, key=lambda p: score[t, p])  # of equals the first
            assert (found[0][t, q], found[1][t, q]) == (score[t, best], start[t, best])


def test_frames_that_a_keyword_may_take(queries):
    for keyword in queries.keywords:
        assert most_frames(keyword, 0.04) == round(75 * keyword.seconds)
        assert most_frames(keyword, 10.0) == min(map(len, keyword.phonemes))


@pytest.mark.parametrize("seed", range(4))
def test_however_frames_arrive_and_whatever_is_forgotten(phoneme_sung_model, queries, pcm, paths, seed):
    rng = np.random.default_rng(seed)
    frames, at, asked, late = phoneme_sung_model.features(pcm), 0, 0.0, 0
    scores = PhonemeScores(phoneme_sung_model, queries.keywords)
    while at < len(frames):
        size = int(rng.choice([0, 1, 7, 100, len(frames)], p=[0.2, 0.3, 0.2, 0.2, 0.1]))
        scores.push(frames[at : at + size])
        at = min(at + size, len(frames))
        if rng.random() < 0.3:
            scores.forget(asked - NEAR)
        centre = np.sort(rng.uniform(asked, at * FRAME + 0.2, 20)) if rng.random() < 0.7 else np.arange(asked, 0)
        known = np.minimum(centre + rng.uniform(0, 0.6), at * FRAME)
        own = np.sort(rng.choice(len(KEYWORDS), rng.integers(1, 6), replace=False)).tolist()
        found = scores.near(centre, known, own)
        expected = np.stack([near(paths[q], centre, known, NEAR) for q in own], 1)
        np.testing.assert_allclose(found, expected, atol=1e-5)
        asked, late = rng.uniform(asked, at * FRAME), late + (found > LEAST).sum()
    assert late > 20
    kept = [one[-len(scores._score) :] for one in paths]
    np.testing.assert_allclose(scores.best(), [max(LEAST, one[:, 0].max()) for one in kept], atol=1e-5)


def test_windows_have_their_score_and_that_of_the_phonemes_near_them(phoneme_sung_model, spotter, queries, pcm, paths):
    """Places, known when the longest window is there that fits, and the best path that is whole by then."""
    plain = heard(WindowScores(spotter.listener, queries), [pcm])
    assert plain.phonemes is None
    fits = plain.score > -np.inf
    expected = np.zeros(plain.score.shape)
    for q, keyword in enumerate(queries.keywords):
        centre = ((plain.start + plain.stop) / 2)[fits[:, q]]
        known = centre + 0.08 + max(keyword.windows) / 2
        np.testing.assert_allclose(plain.known[fits[:, q]], known, atol=1e-9)
        expected[fits[:, q], q] = near(paths[q], centre, known, 0.08)
        assert expected[:, q].min() == LEAST
        assert (expected[fits[:, q], q] > -1).any()
    for seed in range(4):
        found = heard(spotter.scores(queries), in_blocks(pcm, seed))
        for name in ("start", "stop", "known"):
            np.testing.assert_allclose(getattr(found, name), getattr(plain, name), atol=1e-9)
        np.testing.assert_allclose(found.phonemes, expected, atol=1e-5)
        np.testing.assert_allclose(found.score, plain.score + WEIGHT * expected, atol=2e-4)


def test_what_is_drawn_out_too_long_does_not_count(phoneme_sung_model, queries, pcm, paths):
    """Though all of its phonemes are heard."""
    (phonemes,) = queries.keywords[0].phonemes
    log_probs = phoneme_sung_model.log_probs(phoneme_sung_model.features(pcm))
    score, start = np.array(cheapest_paths(log_probs, phonemes, phoneme_sung_model.blank)).T
    late = np.flatnonzero((score == 0) & (paths[0][:, 0] == -np.inf))
    assert len(late)
    scores = PhonemeScores(phoneme_sung_model, queries.keywords)
    scores.push(phoneme_sung_model.features(pcm))
    middle, known = (start[late] + late + 1) / 2 * FRAME, (late + 1) * FRAME
    assert (scores.near(middle, known, [0], reach=FRAME / 4) < -1).all()


@pytest.mark.parametrize("frames", [1, 5, 9])
def test_a_stream_shorter_than_the_windows_is_one(phoneme_sung_model, spotter, frames):
    """The best path is anywhere in it."""
    pcm = phoneme_sung_model.say("tiger")[: frames * 640]
    log_probs = phoneme_sung_model.log_probs(phoneme_sung_model.features(pcm))
    for text in KEYWORDS:
        keyword = spotter.keywords[text]
        queries = KeywordQueries([keyword], spotter.cohort)
        assert len(pcm) / RATE < max(keyword.windows)
        plain, found = (
            heard(scores, in_blocks(pcm, 1))
            for scores in (WindowScores(spotter.listener, queries), spotter.scores(queries))
        )
        best = keyword_paths(log_probs, keyword, phoneme_sung_model.blank, FRAME)[:, 0].max()
        assert (best == 0) == (text == "tiger" and frames == 9)
        whole = np.isclose(found.stop - found.start, len(pcm) / RATE) & (found.known == found.stop)
        assert whole.sum() == 1
        np.testing.assert_allclose(found.phonemes[whole, 0], max(LEAST, best), atol=1e-5)
        np.testing.assert_allclose(found.score, plain.score + WEIGHT * found.phonemes, atol=1e-4)


class Slower(PhonemeSungModel):
    """One with frames of 80 ms, a phoneme each, of which the last may be of sound that ends within it."""

    seconds_a_phoneme = 0.08

    def __init__(self):
        super().__init__()
        self.stream = StreamShape(640, 640, None, 2, 0, 1, self.dim, silence=0.0)

    def frames(self, features):
        return features.reshape(-1, 2, self.dim).mean(1)


@pytest.mark.parametrize("lost", [0, 640])
def test_a_short_stream_may_end_within_a_frame(lost):
    spotter = Spotter(Slower())
    queries = KeywordQueries([spotter.enrol("tiger", threshold=0)], spotter.cohort)
    pcm = spotter.model.say("tiger")
    found = heard(spotter.scores(queries), [pcm[: len(pcm) - lost]])
    whole = found.known == found.stop
    assert whole.any()
    assert found.phonemes[whole, 0].tolist() == [0]


def test_what_is_kept_is_bounded(phoneme_sung_model, spotter, queries, pcm):
    scores, kept = spotter.scores(queries), []
    for _ in range(6):
        for at in range(0, len(pcm), 4_000):
            scores.push(pcm[at : at + 4_000])
        assert len(scores._phonemes._score) == len(scores._phonemes._start)
        kept.append(len(scores._phonemes._score))
    longest = max(length for keyword in queries.keywords for length in keyword.windows)
    assert max(kept) <= (longest / 2 + 3 * NEAR + 4_000 / RATE) / FRAME + 2


def test_times_are_exact_after_a_week(phoneme_sung_model, queries, pcm, paths):
    late, ahead = PhonemeScores(phoneme_sung_model, queries.keywords), round(7 * 24 * 3600 / FRAME)
    late._paths.frames = late._from = ahead
    late.push(phoneme_sung_model.features(pcm))
    centre = np.arange(0, len(pcm) / RATE, 0.02)
    found = late.near(centre + ahead * FRAME, centre + ahead * FRAME + 0.3, range(len(KEYWORDS)))
    expected = [near(one, centre, centre + 0.3, NEAR) for one in paths]
    np.testing.assert_allclose(found, np.stack(expected, 1), atol=1e-5)


def test_a_path_has_no_memory_of_what_it_costs_to_wait():
    """However long a stream is, scores stay exact: nothing is summed over all of it."""
    rng = np.random.default_rng(0)
    log_probs = np.log(rng.dirichlet(np.ones(5), 60)).astype(np.float32)[:, None]
    fresh, old = (KeywordPaths([(0, 1, 1, 2)], 4) for _ in range(2))
    for _ in range(50):
        old.push(np.full((200, 1, 5), -1, np.float32) * np.arange(5, dtype=np.float32))
    np.testing.assert_allclose(old.push(log_probs)[0][30:], fresh.push(log_probs)[0][30:], atol=1e-6)
