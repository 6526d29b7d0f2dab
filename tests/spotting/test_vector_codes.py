"""Vectors in a few bytes each, against a loop over centres."""

import numpy as np
import pytest

from kwskit.spotting.vector_codes import CENTRES, VectorCodes


@pytest.fixture(autouse=True)
def eight(monkeypatch):
    """Eight numbers a byte, as of many vectors."""
    monkeypatch.setattr("kwskit.spotting.vector_codes.MOST", 0)


def made(count, size, seed=0):
    """Frames (count, size) of a few clusters, as those of speech are."""
    rng = np.random.default_rng(seed)
    means = rng.normal(0, 2, (40, size))
    return (means[rng.integers(0, 40, count)] + rng.normal(0, 0.3, (count, size))).astype(np.float16)


@pytest.mark.parametrize(("count", "size"), [(1, 3), (50, 8), (700, 20), (600, 24)])
def test_every_part_has_its_nearest_centre(count, size):
    vectors = made(count, size)
    codes = VectorCodes.of([vectors])
    parts = -(-size // 8)
    assert (len(codes), codes.size) == (count, size)
    assert codes.codes.shape == (count, parts)
    assert codes.fit_together()
    turned = (vectors.astype(np.float64) - codes.origin) @ codes.axes.T.astype(np.float64)
    restored = codes.vectors(slice(None))
    assert (restored.shape, restored.dtype) == ((count, size), np.float32)
    for row in range(0, count, 7):
        wanted = codes.origin.astype(np.float64)
        for part in range(parts):
            mine = turned[row, part * 8 : part * 8 + 8]
            away = [float(((centre - mine) ** 2).sum()) for centre in codes.centres[part].astype(np.float64)]
            chosen = codes.codes[row, part]
            assert away[chosen] == pytest.approx(min(away), abs=2e-2)
            wanted = wanted + codes.centres[part, chosen].astype(np.float64) @ codes.axes[part * 8 : part * 8 + 8]
        np.testing.assert_allclose(restored[row], wanted, atol=1e-4)


def test_axes_are_principal_and_dealt_out_evenly():
    rng = np.random.default_rng(3)
    spread = np.geomspace(10, 0.01, 16)
    turn, _ = np.linalg.qr(rng.normal(size=(16, 16)))
    vectors = (rng.normal(size=(8_000, 16)) * spread) @ turn
    codes = VectorCodes.of([vectors])
    axes = codes.axes.astype(np.float64)
    np.testing.assert_allclose(axes @ axes.T, np.eye(16), atol=2e-3)
    found = np.log(((vectors - vectors.mean(0)) @ axes.T).std(0))
    np.testing.assert_allclose(np.sort(found), np.sort(np.log(spread)), atol=0.1)
    assert abs(found[:8].sum() - found[8:].sum()) < 1.5, "in the order of their size it would be 30"


def test_rows_are_those_of_all_and_may_be_none():
    codes = VectorCodes.of([made(300, 20)])
    whole = codes.vectors(slice(None))
    for first, last in ((0, 1), (17, 60), (299, 300), (250, 400)):
        np.testing.assert_allclose(codes.vectors(slice(first, last)), whole[first:last], atol=1e-5)
    np.testing.assert_allclose(codes.vectors(np.array([7, 3, 7])), whole[[7, 3, 7]], atol=1e-5)
    for first in (0, 5, 300, 301):
        assert codes.vectors(slice(first, first)).shape == (0, 20)


def test_products_are_those_of_the_vectors():
    codes = VectorCodes.of([made(700, 20)])
    others = np.random.default_rng(5).normal(size=(3, 20))
    rows = np.array([699, 0, 0, 31])
    np.testing.assert_allclose(codes.products(rows, others), codes.vectors(rows) @ others.T, rtol=1e-3, atol=5e-2)
    assert codes.products(rows[:0], others).shape == (0, 3)


def test_parts_of_a_sequence_are_one_after_the_other():
    whole = made(900, 12)
    one = VectorCodes.of([whole], seed=2)
    other = VectorCodes.of([whole[:1], whole[1:1], whole[1:400], whole[400:]], seed=2)
    np.testing.assert_array_equal(one.codes, other.codes)
    np.testing.assert_array_equal(one.centres, other.centres)


def test_little_is_lost():
    vectors = made(3_000, 16).astype(np.float32)
    away = np.square(VectorCodes.of([vectors]).vectors(slice(None)) - vectors).sum()
    assert away < 0.02 * np.square(vectors - vectors.mean(0)).sum()
    few = made(CENTRES, 8)  # no more than there are centres: what is lost is rounding
    np.testing.assert_allclose(VectorCodes.of([few]).vectors(slice(None)), few, atol=0.02)


def test_centres_are_the_means_of_what_is_nearest():
    """Of many vectors: k-means has moved them there, as far as rounds and rounding go."""
    vectors = made(4_000, 8).astype(np.float32)
    codes = VectorCodes.of([vectors])
    own = codes.codes[:, 0]
    drawn = np.random.default_rng(1).permutation(vectors)[:CENTRES]
    lost = np.square(codes.vectors(slice(None)) - vectors).sum()
    assert lost < 0.8 * sum(np.square(drawn - vector).sum(1).min() for vector in vectors)
    turned = (vectors - codes.origin) @ codes.axes.T.astype(np.float32)
    off = [np.abs(turned[own == k].mean(0) - codes.centres[0, k]).max() for k in np.unique(own)]
    assert np.mean(off) < 0.05


def test_the_same_for_a_seed():
    vectors = [made(500, 20)]
    one, other, third = (VectorCodes.of(vectors, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.codes, other.codes)
    np.testing.assert_array_equal(one.centres, other.centres)
    assert (one.centres != third.centres).any()


@pytest.mark.parametrize(("most", "parts"), [(300 * 12, 12), (300 * 12 - 1, 6), (300 * 6, 6), (300 * 6 - 1, 3), (9, 3)])
def test_few_vectors_are_known_better(monkeypatch, most, parts):
    monkeypatch.setattr("kwskit.spotting.vector_codes.MOST", most)
    vectors = made(300, 24)
    codes = VectorCodes.of([vectors])
    assert codes.codes.shape == (300, parts)
    assert codes.fit_together()
    lost = np.square(codes.vectors(slice(None)) - vectors).sum() / np.square(vectors - vectors.mean(0)).sum()
    assert lost < {12: 1e-3, 6: 4e-3, 3: 1e-2}[parts]
    others = made(2, 24, seed=4)
    rows = np.arange(0, 300, 9)
    np.testing.assert_allclose(codes.products(rows, others), codes.vectors(rows) @ others.T, rtol=1e-2, atol=0.3)


def whole():
    return {
        "codes": np.zeros((5, 3), np.uint8),
        "centres": np.zeros((3, CENTRES, 8), np.float16),
        "axes": np.zeros((24, 20), np.float16),
        "origin": np.zeros(20, np.float32),
    }


@pytest.mark.parametrize(
    "change",
    [
        {"codes": np.zeros((5, 2), np.uint8)},
        {"codes": np.zeros((5, 3), np.int8)},
        {"codes": np.zeros(5, np.uint8)},
        {"centres": np.zeros((3, CENTRES, 7), np.float16)},
        {"centres": np.zeros((3, CENTRES), np.float16)},
        {"centres": np.zeros((3, 255, 8), np.float16)},
        {"centres": np.zeros((3, CENTRES, 8), np.float32)},
        {"centres": np.full((3, CENTRES, 8), np.nan, np.float16)},
        {"axes": np.zeros((24, 19), np.float16)},
        {"axes": np.zeros((16, 20), np.float16)},
        {"axes": np.zeros((24, 20), np.float32)},
        {"axes": np.full((24, 20), np.inf, np.float16)},
        {"axes": np.zeros((24, 25), np.float16), "origin": np.zeros(25, np.float32)},
        {"axes": np.zeros((24, 16), np.float16), "origin": np.zeros(16, np.float32)},
        {"origin": np.zeros((20, 1), np.float32)},
        {"origin": np.zeros(20)},
        {"origin": np.full(20, np.nan, np.float32)},
    ],
    ids=str,
)
def test_arrays_that_do_not_fit_together(change):
    assert VectorCodes.of_arrays(whole()).fit_together()
    assert not VectorCodes(**whole() | change).fit_together()
    with pytest.raises(ValueError, match="its codes do not fit together"):
        VectorCodes.of_arrays(whole() | change)


@pytest.mark.parametrize("name", whole())
def test_arrays_that_lack_one(name):
    with pytest.raises(KeyError):
        VectorCodes.of_arrays({other: array for other, array in whole().items() if other != name})
