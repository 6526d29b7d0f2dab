"""Windows with their scores, in order."""

import numpy as np

from kwskit.spotting.scored_windows import ScoredWindows
from kwskit.spotting.verifier import Verified


def test_places_are_in_the_order_of_their_end_each_with_its_own():
    rng = np.random.default_rng(0)
    start, length = rng.integers(0, 5, 30) / 4, rng.integers(1, 4, 30) / 4
    query, embedding, phonemes = rng.integers(0, 3, 30), *rng.normal(size=(2, 30)).astype(np.float32)
    halves = []
    for rows in (slice(0, 12), slice(12, 30), slice(30, 30)):
        judged = Verified(embedding[rows] + phonemes[rows], embedding[rows], phonemes[rows])
        places = start[rows], (start + length)[rows], query[rows]
        halves.append(ScoredWindows.of_places(*places, judged, 3, seen=float(rows.stop)))
    expected = sorted(zip(start + length, start, query, embedding, phonemes, strict=True), key=lambda row: row[:2])
    whole = ScoredWindows.join(halves)
    assert whole.seen == 30
    assert (np.diff(whole.stop) >= 0).all()
    rows = list(zip(whole.stop, whole.start, whole.score.argmax(1), *whole.parts.T, strict=True))
    assert sorted(rows) == sorted(expected)
    assert [row[:2] for row in rows] == [row[:2] for row in expected]
    np.testing.assert_allclose(whole.score.max(1), whole.parts.sum(1), rtol=1e-6)
    assert ((whole.score > -np.inf).sum(1) == 1).all()


def test_windows_without_parts():
    nothing = ScoredWindows.none(2)
    joined = ScoredWindows.join([nothing, nothing])
    assert (joined.score.shape, joined.parts, joined.seen) == ((0, 2), None, 0.0)
