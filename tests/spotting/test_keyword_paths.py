"""The search for keywords in streams of posteriors, against a recursion over all paths."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from kwskit.spotting.keyword_paths import DOUBT, KeywordPaths

BLANK, FRAMES, STREAMS = 4, 13, 3
# One phoneme; one twice; three; one three times; one twice at the end; and two of one keyword that begin alike.
PRONUNCIATIONS = [(0,), (1, 1), (0, 1, 2), (2, 2, 2), (3, 0, 0), (0, 1), (0, 1, 3, 1)]


@pytest.fixture(params=range(4))
def log_probs(request):
    """(T, B, V) of which some are so low that a cost ends at ``DOUBT``."""
    logits = np.random.default_rng(request.param).normal(0, 5, (FRAMES, STREAMS, BLANK + 1))
    return (logits - np.logaddexp.reduce(logits, 2, keepdims=True)).astype(np.float32)


def costs_by_recursion(log_probs, phonemes):
    """{(begin, end): least cost} of the paths of one stream (T, V) that end in the last phoneme."""

    def frame_cost(t, symbol):
        return min(float(log_probs[t].max() - log_probs[t, symbol]), DOUBT)

    @cache
    def least(begin, t, k, blank):
        """Of the paths from ``begin`` to ``t`` that are in phoneme k there, or in the blank behind it."""
        if t < begin:
            return np.inf
        here = frame_cost(t, BLANK if blank else phonemes[k])
        before = [least(begin, t - 1, k, blank)]
        if blank:
            before.append(least(begin, t - 1, k, False))
        elif k == 0:
            before.append(0.0 if t == begin else np.inf)
        else:
            before.append(least(begin, t - 1, k - 1, True))
            if phonemes[k] != phonemes[k - 1]:
                before.append(least(begin, t - 1, k - 1, False))
        return here + min(before)

    ends = range(len(log_probs))
    return {(begin, end): least(begin, end, len(phonemes) - 1, False) for end in ends for begin in range(end + 1)}


def test_by_recursion(log_probs):
    score, start = KeywordPaths(PRONUNCIATIONS, BLANK, STREAMS).push(log_probs)
    assert score.shape == start.shape == (FRAMES, STREAMS, len(PRONUNCIATIONS))
    doubted = 0
    for p, phonemes in enumerate(PRONUNCIATIONS):
        for b in range(STREAMS):
            costs = costs_by_recursion(log_probs[:, b], phonemes)
            for end in range(FRAMES):
                least = min(costs[begin, end] for begin in range(end + 1))
                if least == np.inf:  # too few frames for the phonemes, and for blanks between those that are alike
                    repeated = sum(one == other for one, other in pairwise(phonemes))
                    assert end + 1 < len(phonemes) + repeated
                    assert score[end, b, p] < -1e6
                    continue
                assert score[end, b, p] == pytest.approx(-least / len(phonemes), abs=1e-4)
                assert costs[int(start[end, b, p]), end] == pytest.approx(least, abs=1e-4)
                doubted += least > DOUBT
    assert doubted


def test_a_repeated_phoneme_needs_a_blank_between():
    sure = np.full((4, 1, 3), -9.0, np.float32)
    for heard, alike in (((0, 0, 0, 0), -8 / 2), ((0, 2, 0, 0), 0), ((2, 2, 2, 0), -8 / 2)):
        log_probs = sure.copy()
        log_probs[range(4), 0, heard] = 0
        score, _ = KeywordPaths([(0, 0), (0,)], 2).push(log_probs)
        assert score[-1, 0].tolist() == [alike, 0]


def test_a_path_of_one_phoneme_is_its_frame(log_probs):
    score, start = KeywordPaths([(2,)], BLANK, STREAMS).push(log_probs)
    expected = np.maximum(log_probs[:, :, 2] - log_probs.max(2), -DOUBT)
    np.testing.assert_array_equal(score[:, :, 0], expected)
    assert (start[:, :, 0] == np.arange(FRAMES)[:, None]).all()


def test_a_stream_that_begins_anew_forgets_what_was_before(log_probs):
    paths = KeywordPaths(PRONUNCIATIONS, BLANK, STREAMS)
    paths.push(log_probs[:5])
    paths.restart(1)
    score, start = paths.push(log_probs[5:])
    fresh = KeywordPaths(PRONUNCIATIONS, BLANK).push(log_probs[5:, 1:2])
    whole = KeywordPaths(PRONUNCIATIONS, BLANK, STREAMS).push(log_probs)
    for found, alone, together in zip((score, start - 5), fresh, (whole[0][5:], whole[1][5:] - 5), strict=True):
        known = score[:, 1] > -1e6
        np.testing.assert_array_equal(found[:, 1][known], alone[:, 0][known])
        np.testing.assert_array_equal(found[:, 0::2], together[:, 0::2])


@pytest.mark.parametrize("seed", range(3))
def test_neither_the_pushes_nor_other_streams_change_anything(seed):
    rng = np.random.default_rng(seed)
    log_probs = np.log(rng.dirichlet(np.ones(BLANK + 1), (200, STREAMS))).astype(np.float32)
    whole = KeywordPaths(PRONUNCIATIONS, BLANK, STREAMS)
    score, start = whole.push(log_probs)
    assert whole.frames == 200
    for b in range(STREAMS):
        alone, found, at = KeywordPaths(PRONUNCIATIONS, BLANK), [], 0
        while at < 200:
            size = int(rng.choice([0, 1, 2, 30]))
            found.append(alone.push(log_probs[at : at + size, b : b + 1]))
            at += size
        np.testing.assert_array_equal(np.concatenate([one for one, _ in found])[:, 0], score[:, b])
        np.testing.assert_array_equal(np.concatenate([one for _, one in found])[:, 0], start[:, b])
