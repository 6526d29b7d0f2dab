import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from kwskit.evaluation import metrics
from kwskit.evaluation.operating_points import OperatingPoints

FIRST = [1, 1, 0, 1, 0, 0, 1, 0], [0.9, 0.8, 0.8, 0.7, 0.6, 0.5, 0.4, 0.2]
SECOND = [1, 0, 1, 1, 0], [0.9, 0.8, 0.7, 0.6, 0.5]


@pytest.mark.parametrize(
    ("metric", "trials", "value"),
    [
        (metrics.average_precision, FIRST, 0.7470238095238095),
        (metrics.auc, FIRST, 0.71875),
        (metrics.eer, FIRST, 0.25),
        (metrics.eer_nearest, FIRST, 0.25),
        (metrics.average_precision, SECOND, 0.8055555555555556),
        (metrics.auc, SECOND, 0.6666666666666666),
        (metrics.eer_nearest, SECOND, 0.4166666666666667),
        (metrics.eer, SECOND, 0.5),
    ],
)
def test_stated_vectors(metric, trials, value):
    assert metric(*trials) == pytest.approx(value, abs=1e-15)


@pytest.mark.parametrize(("rate", "frr"), [(0, 0.75), (0.25, 0.5), (0.5, 0.25), (1, 0)])
def test_stated_false_rejections(rate, frr):
    # 0, 0.5, 1 and 2 false alarms an hour of 2 h with 4 negatives.
    targets = [0, 0, 0, 0, 1, 1, 1, 1]
    assert metrics.frr_at(targets, [0.9, 0.7, 0.6, 0.3, 0.95, 0.8, 0.65, 0.2], rate) == frr


def test_the_rate_of_false_alarms_is_not_lost_to_rounding():
    assert 0.1 * 3 * 10 > 3  # 3.0000000000000004; and 0.29 * 100 = 28.999999999999996
    targets = np.r_[np.zeros(100), np.ones(100)]
    scores = np.r_[np.arange(100), np.arange(100) + 0.5]
    assert metrics.frr_at(targets, scores, 0.29) == pytest.approx(0.7)


def drawn(seed):
    """Random trials, with ties at most seeds."""
    rng = np.random.default_rng(seed)
    size = rng.integers(2, 400)
    targets = np.r_[0, 1, rng.random(size - 2) < rng.random()].astype(int)
    return targets, np.round(rng.normal(size=size) + 2 * rng.random() * targets, rng.integers(0, 4))


def points_by_loop(targets, scores):
    """(threshold, FAR, FRR) one threshold after the other."""
    yes, no = scores[targets == 1], scores[targets == 0]
    return [(t, (no >= t).mean(), (yes < t).mean()) for t in [np.inf, *np.unique(scores)[::-1]]]


@pytest.mark.parametrize("seed", range(20))
def test_equal_to_scikit_learn_and_to_a_loop(seed):
    targets, scores = drawn(seed)
    assert metrics.average_precision(targets, scores) == pytest.approx(
        sklearn_metrics.average_precision_score(targets, scores), abs=1e-12
    )
    assert metrics.auc(targets, scores) == pytest.approx(sklearn_metrics.roc_auc_score(targets, scores), abs=1e-12)
    far, hit_rate, thresholds = sklearn_metrics.roc_curve(targets, scores, drop_intermediate=False)
    points = OperatingPoints.of(targets, scores)
    found = points.false_alarm_rate, points.hits / points.positives, points.thresholds
    for ours, theirs in zip(found, (far, hit_rate, thresholds), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-15)
    by_loop = points_by_loop(targets, scores)
    # Of points equally near (up to rounding) the lowest threshold.
    gap = min(abs(a - r) for _, a, r in by_loop)
    nearest = [(a + r) / 2 for _, a, r in by_loop if abs(a - r) < gap + 1e-12][-1]
    assert metrics.eer_nearest(targets, scores) == pytest.approx(nearest, abs=1e-12)
    crossing = np.interp(0, far - (1 - hit_rate), far)
    assert metrics.eer(targets, scores) == pytest.approx(crossing, abs=1e-12)
    for rate in (0, 0.01, 0.1, 0.5, 1):
        least = min(r for _, a, r in by_loop if a <= rate + 1e-12)
        assert metrics.frr_at(targets, scores, rate) == pytest.approx(least, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("change", [np.exp, np.arctan, lambda s: 7 * s - 3, lambda s: s**3])
def test_only_the_order_of_the_scores_counts(seed, change):
    targets, scores = drawn(seed)
    shuffled = np.random.default_rng(0).permutation(len(scores))
    for metric in (metrics.average_precision, metrics.auc, metrics.eer, metrics.eer_nearest):
        assert metric(targets[shuffled], change(scores)[shuffled]) == metric(targets, scores)


def test_perfect_reversed_and_constant_scores():
    targets = np.array([1, 1, 0, 0, 0, 0])
    for scores, auc, eer in ((targets, 1, 0), (-targets, 0, 1), (np.zeros(6), 0.5, 0.5)):
        assert metrics.auc(targets, scores) == auc
        assert metrics.eer(targets, scores) == metrics.eer_nearest(targets, scores) == eer
    assert metrics.average_precision(targets, targets) == 1
    assert metrics.average_precision(targets, np.zeros(6)) == pytest.approx(1 / 3)


def test_a_random_score_has_the_prevalence_as_ap():
    rng = np.random.default_rng(3)
    targets = np.arange(51 * 4000) % 51 == 0
    assert metrics.average_precision(targets, rng.random(len(targets))) == pytest.approx(1 / 51, rel=0.05)


def test_large_counts_stay_exact():
    """Products of counts beyond 32 bits and beyond what float32 holds."""
    targets = np.r_[np.ones(60_000), np.zeros(200_000)].astype(np.int8)
    scores = np.arange(260_000) % 1009
    yes, no = scores[:60_000], scores[60_000:]
    below = np.cumsum(np.bincount(no, minlength=1009)) - np.bincount(no, minlength=1009) / 2
    assert metrics.auc(targets, scores) == pytest.approx(below[yes].sum() / (60_000 * 200_000), abs=1e-15)


@pytest.mark.parametrize(
    ("targets", "scores", "message"),
    [
        ([1, 0, 1], [1.0, np.nan, 2.0], "trial 2: the score is nan"),
        ([1, 0, 1], [1.0, 2.0, np.inf], "trial 3: the score is inf"),
        ([1, 1], [1.0, 2.0], "all 2 trials are targets"),
        ([0, 0], [1.0, 2.0], "none of the 2 trials is a target"),
        ([], [], "none of the 0 trials"),
        ([1, 2], [1.0, 2.0], "trial 2: a target is 0 or 1, not 2"),
        ([1, np.nan], [1.0, 2.0], "trial 2: a target is 0 or 1, not nan"),
        ([1, 0], [1.0], "of one length"),
        ([[1, 0]], [[1.0, 2.0]], "of one length"),
    ],
)
def test_what_has_no_metric_is_refused(targets, scores, message):
    for metric in (metrics.average_precision, metrics.auc, metrics.eer, OperatingPoints.of):
        with pytest.raises(ValueError, match=message):
            metric(targets, scores)


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_false_alarm_rate_is_a_fraction(rate):
    with pytest.raises(ValueError, match="between 0 and 1"):
        metrics.frr_at([1, 0], [1, 0], rate)


def test_the_det_curve_is_thinned_but_not_bent():
    rng = np.random.default_rng(0)
    targets = rng.random(20_000) < 0.1
    scores = rng.normal(size=20_000) + 2 * targets
    curve = OperatingPoints.of(targets, scores).thinned(200)
    far, frr, thresholds = curve.false_alarm_rate, curve.miss_rate, curve.thresholds
    assert 50 < len(far) <= 200
    assert (far[0], frr[0], far[-1], frr[-1]) == (0, 1, 1, 0)
    assert (np.diff(far) >= 0).all()
    assert (np.diff(frr) <= 0).all()
    for i in (1, len(far) // 2, -2):
        assert far[i] == (scores[~targets] >= thresholds[i]).mean()
        assert frr[i] == (scores[targets] < thresholds[i]).mean()
    whole = OperatingPoints.of(targets, scores)
    steps = np.interp(whole.false_alarm_rate, far, frr) - whole.miss_rate
    assert np.abs(steps[whole.false_alarms > 10]).max() < 0.015
    corners = whole.corners()
    assert len(corners.hits) < len(whole.hits)
    assert corners.auc == pytest.approx(whole.auc, abs=1e-12)


def test_top1_of_trials_counts_a_tie_as_a_drawn_lot():
    rng = np.random.default_rng(0)
    scores, words = rng.integers(0, 6, size=(40, 9)).astype(float), rng.integers(9, size=40)
    order = rng.permutation(scores.size)
    utterances = np.repeat(np.arange(40), 9)[order]
    targets = (np.arange(9) == words[:, None]).ravel()[order]
    judged, credit = metrics.top1_of_trials(utterances, targets, scores.ravel()[order])
    assert judged.tolist() == list(range(40))
    lots = [float(row[word] == row.max()) / (row == row.max()).sum() for row, word in zip(scores, words, strict=True)]
    assert np.count_nonzero(np.array(lots) % 1) > 0  # there are ties
    assert credit.tolist() == pytest.approx(lots)


def test_top1_of_trials_judges_utterances_with_a_choice_only():
    #            own word best; only its own word; only other words; two own words, one of them tied with another
    utterances = [4, 4, 0, 2, 2, 1, 1, 1]
    targets = [1, 0, 1, 0, 0, 1, 1, 0]
    scores = [0.2, 0.1, 0.5, 0.6, 0.7, 0.3, 0.1, 0.3]
    judged, credit = metrics.top1_of_trials(utterances, targets, scores)
    assert dict(zip(judged.tolist(), credit.tolist(), strict=True)) == {4: 1.0, 1: 0.5}
