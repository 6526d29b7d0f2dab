"""Frames in a few bytes each, against a loop over centres."""

import numpy as np
import pytest

from kwskit.spotting.frame_codes import CENTRES, FrameCodes


def made(count, size, seed=0):
    """Frames (count, size) of a few clusters, as those of speech are."""
    rng = np.random.default_rng(seed)
    means = rng.normal(0, 2, (40, size))
    return (means[rng.integers(0, 40, count)] + rng.normal(0, 0.3, (count, size))).astype(np.float16)


@pytest.mark.parametrize(("count", "size"), [(1, 3), (50, 8), (700, 20), (600, 24)])
def test_every_part_has_its_nearest_centre(count, size):
    frames = made(count, size)
    codes = FrameCodes.of(frames)
    parts = -(-size // 8)
    assert (len(codes), codes.size) == (count, size)
    assert codes.codes.shape == (count, parts)
    assert codes.centres.shape == (parts, CENTRES, 8)
    assert codes.fit_together()
    filled = np.pad(frames.astype(np.float64), ((0, 0), (0, parts * 8 - size)))
    restored = codes.frames(0, count)
    assert restored.shape == (count, size)
    assert restored.dtype == np.float32
    for row in range(0, count, 7):
        for part in range(parts):
            wanted = filled[row, part * 8 : part * 8 + 8]
            away = [float(((centre - wanted) ** 2).sum()) for centre in codes.centres[part].astype(np.float64)]
            assert away[codes.codes[row, part]] == pytest.approx(min(away), abs=1e-3)
            chosen = codes.centres[part, codes.codes[row, part]][: size - part * 8]
            np.testing.assert_array_equal(restored[row, part * 8 : part * 8 + 8], chosen)


def test_slices_are_those_of_all_and_may_be_empty():
    codes = FrameCodes.of(made(300, 20))
    whole = codes.frames(0, 300)
    for first, last in ((0, 1), (17, 60), (299, 300), (250, 400)):
        np.testing.assert_array_equal(codes.frames(first, last), whole[first:last])
    for first in (0, 5, 300, 301):
        assert codes.frames(first, first).shape == (0, 20)


def test_little_is_lost():
    frames = made(3_000, 16).astype(np.float32)
    away = np.square(FrameCodes.of(frames).frames(0, 3_000) - frames).sum()
    assert away < 0.02 * np.square(frames - frames.mean(0)).sum()
    few = made(CENTRES, 8)  # no more than there are centres: nothing is lost
    np.testing.assert_array_equal(FrameCodes.of(few).frames(0, CENTRES), few)


def test_centres_are_the_means_of_what_is_nearest():
    """Of many frames: k-means has moved them there, as far as rounds and rounding go."""
    frames = made(4_000, 8).astype(np.float32)
    codes = FrameCodes.of(frames)
    own = codes.codes[:, 0]
    drawn = np.random.default_rng(1).permutation(frames)[:CENTRES]
    lost = np.square(codes.frames(0, 4_000) - frames).sum()
    assert lost < 0.8 * sum(np.square(drawn - frame).sum(1).min() for frame in frames)
    off = [np.abs(frames[own == k].mean(0) - codes.centres[0, k]).max() for k in np.unique(own)]
    assert np.mean(off) < 0.05


def test_the_same_for_a_seed():
    frames = made(500, 20)
    one, other, third = (FrameCodes.of(frames, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.codes, other.codes)
    np.testing.assert_array_equal(one.centres, other.centres)
    assert (one.centres != third.centres).any()


@pytest.mark.parametrize(
    "change",
    [
        {"codes": np.zeros((5, 2), np.uint8)},
        {"codes": np.zeros((5, 3), np.int8)},
        {"codes": np.zeros(5, np.uint8)},
        {"centres": np.zeros((3, CENTRES, 7), np.float16)},
        {"centres": np.zeros((3, 255, 8), np.float16)},
        {"centres": np.zeros((3, CENTRES, 8), np.float32)},
        {"centres": np.full((3, CENTRES, 8), np.nan, np.float16)},
        {"size": 16},
        {"size": 25},
    ],
    ids=str,
)
def test_arrays_that_do_not_fit_together(change):
    whole = {"codes": np.zeros((5, 3), np.uint8), "centres": np.zeros((3, CENTRES, 8), np.float16), "size": 20}
    assert FrameCodes(**whole).fit_together()
    assert not FrameCodes(**whole | change).fit_together()
