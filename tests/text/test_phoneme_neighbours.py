import numpy as np
import pytest
from rapidfuzz.distance import Levenshtein

from kwskit.text.phoneme_neighbours import PhonemeNeighbours


@pytest.fixture(scope="module")
def sequences():
    """400 short sequences over few symbols, among them equal ones and some that nothing is near to."""
    rng = np.random.default_rng(0)
    said = [tuple(rng.choice(list("ABCDEF"), rng.integers(1, 9))) for _ in range(395)]
    return [*said, said[0], tuple("ABABABABABABAB"), tuple("FFFFFFFFFFFFFFFFFFFF"), ("A",), tuple("CDCDCDCDCDCDC")]


@pytest.mark.parametrize("window", [1, 2, 50])
def test_they_are_those_of_a_full_comparison(sequences, window):
    queries = np.arange(0, 400, 3)
    found = PhonemeNeighbours(sequences, window).nearest(queries, 4, np.random.default_rng(1))
    for query, own in zip(queries.tolist(), found.tolist(), strict=True):
        distances = [Levenshtein.distance(sequences[query], other) for other in sequences]
        expected = sorted(d for d in distances if d > 0)[:4]
        assert [distances[other] for other in own] == expected
        assert len(set(own)) == 4


@pytest.mark.parametrize("window", [1, 2, 50])
def test_refused_pairs_are_passed_over(sequences, window):
    queries = np.arange(0, 400, 7)

    def refused(query, other):
        return (query + other) % 2 == 0

    found = PhonemeNeighbours(sequences, window).nearest(queries, 2, np.random.default_rng(1), refused)
    for query, own in zip(queries.tolist(), found.tolist(), strict=True):
        allowed = [Levenshtein.distance(sequences[query], s) for i, s in enumerate(sequences) if (query + i) % 2]
        assert [Levenshtein.distance(sequences[query], sequences[other]) for other in own] == sorted(
            d for d in allowed if d > 0
        )[:2]


def test_equally_near_ones_are_drawn_with_the_seed():
    sequences = [tuple("ABCD"), *((*tuple("ABC"), end) for end in "EFGHIJKLMN")]
    draws = [
        PhonemeNeighbours(sequences, 1).nearest(np.array([0]), 3, np.random.default_rng(seed)).tolist()
        for seed in (1, 1, 2)
    ]
    assert draws[0] == draws[1] != draws[2]


def test_too_few_others_leave_places_empty():
    found = PhonemeNeighbours([("A",), ("B",), ("A",)], 1).nearest(np.array([0, 1]), 3, np.random.default_rng(0))
    assert found[0].tolist() == [1, -1, -1]
    assert sorted(found[1].tolist()) == [-1, 0, 2]
