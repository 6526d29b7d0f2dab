"""Windows with their scores, in order."""

import numpy as np

from kwskit.spotting.scored_windows import ScoredWindows


def test_windows_are_in_the_order_in_which_they_are_known_each_with_its_own():
    rng = np.random.default_rng(0)
    start, length, later = rng.integers(0, 5, 30) / 4, rng.integers(1, 4, 30) / 4, rng.integers(0, 4, 30) / 8
    score, phonemes = rng.normal(size=(2, 30, 3)).astype(np.float32)
    known = start + length + later
    parts = [
        ScoredWindows(start[rows], (start + length)[rows], known[rows], score[rows], float(rows.stop), phonemes[rows])
        for rows in (slice(0, 12), slice(12, 30), slice(30, 30))
    ]
    whole = ScoredWindows.join([ScoredWindows.none(3), *parts])
    assert whole.seen == 30
    expected = sorted(range(30), key=lambda k: (known[k], start[k]))
    for name, column in (("start", start), ("stop", start + length), ("known", known)):
        np.testing.assert_array_equal(getattr(whole, name), column[expected])
    np.testing.assert_array_equal(whole.score, score[expected])
    np.testing.assert_array_equal(whole.phonemes, phonemes[expected])


def test_windows_without_phonemes():
    nothing = ScoredWindows.none(2)
    joined = ScoredWindows.join([nothing, nothing])
    assert (joined.score.shape, joined.phonemes, joined.seen) == ((0, 2), None, 0.0)
    one = ScoredWindows(np.zeros(1), np.ones(1), np.ones(1), np.ones((1, 2), np.float32))
    assert ScoredWindows.join([nothing, one]).phonemes is None
