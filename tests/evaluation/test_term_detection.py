"""Term detection against stated values and loops over thresholds."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import average_precision_score

from kwskit.evaluation.bootstrap import resample_counts
from kwskit.evaluation.occurrence_matching import matched_occurrences
from kwskit.evaluation.term_detection import BETA, TermDetection, precision_at, ranked_average_precision


@pytest.fixture
def stated():
    """A: two occurrences, found at .9 and .4, a false alarm at .6. B: one, at .8, a false alarm at .45. One hour."""
    hit = np.array([1, 1, 0, 1, 0], bool)
    return TermDetection(
        np.array([0, 0, 0, 1, 1]), np.array([0.9, 0.4, 0.6, 0.8, 0.45]), hit, np.array([2, 1]), seconds=3600.0
    )


def test_stated_term_weighted_values(stated):
    assert pytest.approx(0.1 * (1e4 - 1)) == BETA
    np.testing.assert_allclose(stated.twv(0.5), [0.2220956086714842, 1.0], rtol=1e-12)
    assert stated.twv(0.5).mean() == pytest.approx(0.6110478043357421)
    assert stated.mtwv() == (pytest.approx(0.75), 0.8)
    assert stated.otwv().mean() == pytest.approx(0.8610478043357421)
    assert stated.stwv().mean() == 1.0


def test_stated_ranked_list():
    hit, score = [1, 0, 1, 1, 0, 0, 1], -np.arange(7.0)
    assert precision_at(hit, score, 4) == 0.75
    assert precision_at(hit, score, 3) == pytest.approx(2 / 3)
    assert ranked_average_precision(hit, score, 4) == pytest.approx(0.7470238095238095)
    assert precision_at([1, 0], [2.0, 1.0], 4) == 0.25
    assert precision_at([1, 0, 1], [2.0, 1.0, 1.0], 2) == pytest.approx(0.75)
    assert ranked_average_precision([], [], 3) == 0
    assert precision_at([], [], 3) == 0


def test_stated_misses_at_false_alarms_an_hour():
    score = np.array([0.9, 0.7, 0.6, 0.3, 0.95, 0.8, 0.65, 0.2])
    hit = np.arange(8) >= 4
    found = TermDetection(np.zeros(8, int), score, hit, np.array([4]), 7200.0)
    assert [float(found.misses_at(rate, hours=2.0)[0]) for rate in (0, 0.5, 1)] == [0.75, 0.5, 0.25]
    assert float(found.misses_at(9, hours=2.0)[0]) == 0.0


def random_search(seed, tied):
    rng = np.random.default_rng(seed)
    query = rng.integers(0, 6, 200)
    score = rng.normal(size=200)
    score = np.round(score) if tied else score
    true = np.array([0, 30, 25, 40, 30, 60])  # the first does not occur, of the others some are not detected
    hit = (rng.random(200) < 0.3) & (query > 0)
    return TermDetection(query, score, hit, true, 900.0)


@pytest.mark.parametrize("tied", [False, True])
def test_by_loops_over_thresholds(tied):
    found = random_search(1, tied)
    thresholds = [*np.unique(found.score)[::-1], np.inf]

    def value(query, threshold, weights=None):
        own = (found.query == query) & (found.score >= threshold)
        right, wrong = (own & found.hit).sum(), (own & ~found.hit).sum()
        return 1 - (1 - right / found.true[query]) - BETA * wrong / (900 - found.true[query])

    queries = range(1, 6)
    means = {threshold: np.mean([value(q, threshold) for q in queries]) for threshold in thresholds}
    best, at = found.mtwv()
    assert best == pytest.approx(max(means.values()))
    assert means[at] == pytest.approx(best)
    np.testing.assert_allclose(found.otwv(), [max(value(q, t) for t in thresholds) for q in queries], atol=1e-12)
    for q, ap, patn, stwv in zip(queries, found.average_precision(), found.precision_at_n(), found.stwv(), strict=True):
        own = found.query == q
        undetected = found.true[q] - found.hit[own].sum()
        truth = np.append(found.hit[own], np.ones(undetected))
        # What is not detected ranks last, behind any number of false alarms.
        scores = np.append(found.score[own], np.full(undetected, -1e9))
        truth, scores = np.append(truth, np.zeros(10**6)), np.append(scores, np.full(10**6, -1e8))
        assert ap == pytest.approx(average_precision_score(truth, scores), abs=1e-4)
        assert stwv == found.hit[own].sum() / found.true[q]
        if not tied:
            top = np.argsort(-found.score[own])[: found.true[q]]
            assert patn == pytest.approx(found.hit[own][top].sum() / found.true[q])


@pytest.mark.parametrize("tied", [False, True])
def test_misses_by_a_loop(tied):
    found = random_search(2, tied)
    rates = found.misses([0, 1, 3, 1000])
    for q, row in zip(range(1, 6), rates, strict=True):
        negative = sorted(found.score[(found.query == q) & ~found.hit], reverse=True)
        positive = found.score[(found.query == q) & found.hit]
        for allowed, rate in zip([0, 1, 3, 1000], row, strict=True):
            threshold = negative[allowed] if allowed < len(negative) else -np.inf
            assert rate == pytest.approx(1 - sum(s > threshold for s in positive) / found.true[q])


@pytest.mark.parametrize("tied", [False, True])
def test_resamples_are_those_of_copied_queries(tied):
    found = random_search(3, tied)
    counts = resample_counts(5, 7, seed=0)
    drawn = found.resampled(counts)
    for b in range(7):
        parts = [(q, copies) for q, copies in zip(range(1, 6), counts[:, b].tolist(), strict=True) if copies]
        query, score, hit, true = [], [], [], []
        for q, copies in parts:
            for _ in range(copies):
                own = found.query == q
                query += [len(true)] * own.sum()
                score += found.score[own].tolist()
                hit += found.hit[own].tolist()
                true.append(found.true[q])
        copied = TermDetection(np.array(query), np.array(score), np.array(hit), np.array(true), 900.0)
        assert drawn["mtwv"][b] == pytest.approx(copied.mtwv()[0])
        assert drawn["pooled_ap"][b] == pytest.approx(copied.pooled_average_precision())


def test_nothing_to_detect_and_nothing_detected():
    none = np.zeros(0)
    with pytest.raises(ValueError, match="none of the 2 queries occurs"):
        TermDetection(none.astype(int), none, none.astype(bool), np.array([0, 0]), 60.0)
    with pytest.raises(ValueError, match="detection 1: its score is not finite"):
        TermDetection(np.array([0]), np.array([np.nan]), np.array([True]), np.array([1]), 60.0)
    found = TermDetection(none.astype(int), none, none.astype(bool), np.array([2]), 60.0)
    assert found.mtwv() == (0.0, np.inf)
    assert found.otwv().tolist() == found.stwv().tolist() == found.average_precision().tolist() == [0.0]
    assert found.misses([0, 5]).tolist() == [[1.0, 1.0]]
    assert found.resampled(np.ones((1, 3), np.int32))["mtwv"].tolist() == [0, 0, 0]


def table(*rows):
    names = ("query", "recording", "start", "stop")
    return pa.table({name: [row[k] for row in rows] for k, name in enumerate(names)})


def test_matching_one_to_one_by_best_overlap():
    occurrences = table(("q", "a", 1.0, 2.0), ("q", "a", 1.8, 2.4), ("q", "b", 1.0, 2.0), ("p", "a", 1.0, 2.0))
    detections = table(
        ("q", "a", 1.1, 1.9),  # the first: 0.8 of it
        ("q", "a", 1.0, 2.0),  # the first, better
        ("q", "a", 1.7, 2.3),  # the second
        ("q", "b", 1.9, 2.1),  # 0.5 from the centre
        ("q", "c", 1.0, 2.0),  # another recording
        ("p", "a", 2.0, 2.02),  # 0.51 from the centre
    )
    assert matched_occurrences(occurrences, detections).tolist() == [-1, 0, 1, 2, -1, -1]
    assert matched_occurrences(occurrences, detections.slice(0, 0)).tolist() == []
    assert matched_occurrences(occurrences.slice(0, 0), detections).tolist() == [-1] * 6


@pytest.mark.parametrize("seed", range(5))
def test_matching_by_a_loop(seed):
    rng = np.random.default_rng(seed)

    def some(count):
        start = rng.uniform(0, 8, count)
        names = rng.integers(2, size=(2, count))
        rows = zip(names[0], names[1], start, start + rng.uniform(0.1, 1, count), strict=True)
        return table(*((f"q{q}", f"r{r}", a, b) for q, r, a, b in rows))

    occurrences, detections = some(30), some(40)
    pairs = []
    for r, ref in enumerate(occurrences.to_pylist()):
        for d, det in enumerate(detections.to_pylist()):
            distance = abs((ref["start"] + ref["stop"]) - (det["start"] + det["stop"])) / 2
            if (ref["query"], ref["recording"]) == (det["query"], det["recording"]) and distance <= 0.5:
                both = max(0, min(ref["stop"], det["stop"]) - max(ref["start"], det["start"]))
                either = max(ref["stop"], det["stop"]) - min(ref["start"], det["start"])
                pairs.append((-both / either, distance, d, r))
    expected, taken = [-1] * 40, set()
    for _, _, d, r in sorted(pairs):
        if expected[d] < 0 and r not in taken:
            expected[d] = r
            taken.add(r)
    assert matched_occurrences(occurrences, detections).tolist() == expected
