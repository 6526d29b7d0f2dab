"""The two stages of spotting against loops over a whole stream, with a model that hears tones."""

import numpy as np
import pytest
from scipy.spatial.distance import cosine

from kwskit.speech_model.frame_stream import FrameStream
from kwskit.spotting.cohort import cohort_words
from kwskit.spotting.keyword_paths import KeywordPaths
from kwskit.spotting.keyword_queries import KeywordQueries
from kwskit.spotting.located_scores import NEAR, LocatedScores, best_pronunciations, most_frames, peaks
from kwskit.spotting.spotter import Spotter
from kwskit.spotting.verifier import WEIGHT

RATE, FRAME = 16_000, 0.04
OWN = cohort_words(300)[5]
KEYWORDS = ("tiger", "either", OWN, "hey nova", "banana")


@pytest.fixture
def queries(phoneme_sung_model):
    spotter = Spotter(phoneme_sung_model)
    for text in KEYWORDS:
        spotter.enrol(text, threshold=0)
    return KeywordQueries(list(spotter.keywords.values()), spotter.cohort)


@pytest.fixture(scope="module")
def pcm(phoneme_sung_model):
    """(samples,) int16: it begins and ends with a keyword, two are drawn out, others are said meanwhile."""
    say, rng = phoneme_sung_model.say, np.random.default_rng(0)

    def drawn(text, pause):
        return [np.append(part, np.zeros(pause)) for part in np.split(say(text), range(1440, len(say(text)), 1440))]

    words = [say(text) for text in ("tiger", "either", OWN, "meadow", "hey", "nova", "timer", "banana")]
    gaps = [rng.normal(0, 60, size) for size in rng.integers(0, 9_000, 8)]
    pieces = [piece for pair in zip(words, gaps, strict=True) for piece in pair]
    slow = [*drawn("tiger", 8_000), *drawn("banana", 3_200)]
    sound = np.concatenate([*pieces, say("hey nova")])
    babble, _ = phoneme_sung_model.stream_of(*cohort_words(20), pause=0.05)
    sound += 0.7 * np.resize(babble, len(sound))
    return (0.8 * np.concatenate([sound[:60_000], *slow, sound[60_000:]])).astype(np.int16)


def heard_in_blocks(model, queries, pcm, seed):
    """(start, stop, query, score, embedding, phonemes) of all places, in the order in which they are told."""
    rng = np.random.default_rng(seed)
    scores, parts, at = LocatedScores(model, queries), [], 0
    while at < len(pcm):
        size = int(rng.choice([rng.integers(0, 400), 1_000, 9_000])) if seed else len(pcm)
        parts.append(scores.push(pcm[at : at + size]))
        at += size
    parts.append(scores.finish())
    found = []
    for part in parts:
        assert ((part.score > -np.inf).sum(1) == 1).all()
        query = part.score.argmax(1)
        found += zip(part.start, part.stop, query, part.score.max(1, initial=-np.inf), *part.parts.T, strict=True)
    seen = [one.seen for one in parts]
    for k in range(len(parts) - 1):  # what is seen is never taken back
        assert seen[k] <= seen[k + 1]
        assert all(stop >= seen[k] for part in parts[k + 1 :] for stop in part.stop)
    assert [row[1] for row in found] == sorted(row[1] for row in found)
    return found


def cheapest_paths(log_probs, phonemes, blank):
    """[(score, begin)] of the best path that ends at each frame of log_probs (T, V), state by state."""
    states = [one for phoneme in phonemes for one in (phoneme, blank)][:-1]
    row, found = [(-np.inf, -1)] * len(states), []
    for t, frame in enumerate(log_probs):
        before, row = row, []
        for s, symbol in enumerate(states):
            options = [(np.float32(0), t)] if s == 0 else [before[s], before[s - 1]]
            if s > 1 and symbol not in (blank, states[s - 2]):
                options.append(before[s - 2])
            score, begin = max(options, key=lambda option: option[0])
            row.append((score + max(frame[symbol] - frame.max(), np.float32(-8)), begin))
        found.append((row[-1][0] / np.float32(len(phonemes)), row[-1][1]))
    return found


def by_loops(model, queries, pcm):
    """The same as ``heard_in_blocks``, from the frames of the whole stream; and what takes too long."""
    stream = FrameStream(model)
    frames = np.concatenate([stream.push(pcm), stream.finish()])
    log_probs = model.log_probs(frames)
    cohort = {word: model.embed_tokens(model.tokenizer.encode(word)) for word in cohort_words(300)}
    found, late = [], []
    for q, keyword in enumerate(queries.keywords):
        ways = [cheapest_paths(log_probs, phonemes, model.blank) for phonemes in keyword.phonemes]
        path = [max(options, key=lambda option: option[0]) for options in zip(*ways, strict=True)]
        for t, (score, begin) in enumerate(path):
            earlier = [path[k][0] for k in range(max(0, t - 3), t)]
            later = [path[k][0] for k in range(t + 1, min(len(path), t + 4))]
            if not (score >= -2.5 and all(score > one for one in earlier) and all(score >= one for one in later)):
                continue
            if t + 1 - begin > max(min(map(len, keyword.phonemes)), round(3 * keyword.seconds / FRAME)):
                late.append((keyword.name, score, begin, t))
                continue
            best = -np.inf
            for before, after in ((2, 1), (1, 3), (3, 3)):
                window = frames[max(0, begin - before) : t + after + 1]
                heard = model.embed_frames(window[None])[0]
                own = max(1 - cosine(heard, row) for row in keyword.embeddings)
                others = [(rows @ heard).max() for word, rows in cohort.items() if word != keyword.text]
                best = max(best, (own - np.mean(others)) / np.std(others))
            found.append((begin * FRAME, (t + 1) * FRAME, q, best + WEIGHT * score, best, score))
    return sorted(found, key=lambda row: (row[1], row[0])), late


def test_a_whole_stream_by_loops(phoneme_sung_model, queries, pcm):
    expected, late = by_loops(phoneme_sung_model, queries, pcm)
    end = np.ceil(len(pcm) / RATE / FRAME) * FRAME
    assert len(expected) > 20
    assert any(start < 0.1 for start, *_ in expected)  # margins reach beyond the stream on both sides
    assert any(stop > end - 0.1 for _, stop, *_ in expected)
    assert any(stop - start > 1.2 for start, stop, *_ in expected)
    assert any(name == "tiger" and score == 0 for name, score, _, _ in late)  # every phoneme, but drawn out
    assert {q for _, _, q, *_ in expected} == set(range(len(KEYWORDS)))
    for seed in range(4):
        found = heard_in_blocks(phoneme_sung_model, queries, pcm, seed)
        key = sorted((round(start / FRAME), round(stop / FRAME), q) for start, stop, q, *_ in found)
        assert key == sorted((round(start / FRAME), round(stop / FRAME), q) for start, stop, q, *_ in expected)
        by_place = {(round(row[0] / FRAME), round(row[1] / FRAME), row[2]): row for row in found}
        for row in expected:
            other = by_place[round(row[0] / FRAME), round(row[1] / FRAME), row[2]]
            np.testing.assert_allclose(np.array(other, float), np.array(row, float), atol=2e-3)


@pytest.mark.parametrize("seed", range(4))
def test_peaks_by_a_loop(seed):
    """Of scores with many ties, in any number of frames."""
    rng = np.random.default_rng(seed)
    for count in (0, 1, 2, 3, 4, 7, 60):
        score = rng.integers(-5, 3, (count, 6)).astype(np.float32)
        found = peaks(score, -2.0)
        for t, q in np.ndindex(count, 6):
            earlier, later = score[max(0, t - NEAR) : t, q], score[t + 1 : t + 1 + NEAR, q]
            expected = score[t, q] >= -2 and (score[t, q] > earlier).all() and (score[t, q] >= later).all()
            assert found[t, q] == expected
        assert found.shape == score.shape


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
        assert most_frames(keyword, 25.0) == round(75 * keyword.seconds)
        assert most_frames(keyword, 0.1) == min(map(len, keyword.phonemes))


def test_what_is_kept_is_bounded(phoneme_sung_model, queries, pcm):
    scores, kept = LocatedScores(phoneme_sung_model, queries), []
    for _ in range(6):
        for at in range(0, len(pcm), 4_000):
            scores.push(pcm[at : at + 4_000])
        kept.append((len(scores._heard), len(scores._score), len(scores._start)))
    most = max(most_frames(keyword, 25.0) for keyword in queries.keywords)
    assert kept == [(kept[0][0],) * 3] * 6
    assert kept[0][0] < most + 20 + 4_000 / 640


def test_times_are_exact_after_a_week(phoneme_sung_model, queries, pcm):
    early = heard_in_blocks(phoneme_sung_model, queries, pcm, 0)
    late, ahead = LocatedScores(phoneme_sung_model, queries), round(7 * 24 * 3600 / FRAME)
    late._paths.frames = late._from = late._next = ahead
    parts = [late.push(pcm[:50_000]), late.push(pcm[50_000:]), late.finish()]
    for column, k in (("start", 0), ("stop", 1)):
        found = np.concatenate([getattr(part, column) for part in parts]) - ahead * FRAME
        np.testing.assert_allclose(found, [row[k] for row in early], atol=1e-6)
    np.testing.assert_allclose(np.concatenate([part.parts for part in parts]), [row[4:] for row in early], atol=1e-4)


def test_a_path_has_no_memory_of_what_it_costs_to_wait():
    """However long a stream is, scores stay exact: nothing is summed over all of it."""
    rng = np.random.default_rng(0)
    log_probs = np.log(rng.dirichlet(np.ones(5), 60)).astype(np.float32)[:, None]
    fresh, old = (KeywordPaths([(0, 1, 1, 2)], 4) for _ in range(2))
    for _ in range(50):
        old.push(np.full((200, 1, 5), -1, np.float32) * np.arange(5, dtype=np.float32))
    np.testing.assert_allclose(old.push(log_probs)[0][30:], fresh.push(log_probs)[0][30:], atol=1e-6)
