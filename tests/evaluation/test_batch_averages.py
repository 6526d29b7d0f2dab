import itertools

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from kwskit.data.records import write_records
from kwskit.evaluation.batch_averages import auc_of_thresholds, mean_batch_eer
from kwskit.evaluation.results_table import format_table
from kwskit.evaluation.scorer import score_file_results


@pytest.fixture(scope="module")
def trials():
    rng = np.random.default_rng(3)
    targets = (rng.random(1000) < 0.5).astype(np.int8)
    return targets, rng.normal(size=1000) + 1.5 * targets


def eer_of_papers(targets, scores):
    """Corners of the ROC staircase, counted one threshold at a time; the first where the two rates are nearest."""
    points = [(0, 0)]
    for threshold in sorted(set(scores), reverse=True):
        accepted = targets[scores >= threshold]
        points.append((int(np.sum(accepted == 0)), int(np.sum(accepted == 1))))
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(points)]
    corners = [points[0], *(p for p, a, b in zip(points[1:], steps, steps[1:], strict=False) if a != b), points[-1]]
    positives = int(targets.sum())
    rates = [(alarms / (len(targets) - positives), 1 - hits / positives) for alarms, hits in corners]
    alarms, misses = min(rates, key=lambda pair: round(abs(pair[0] - pair[1]), 12))
    return (alarms + misses) / 2


@pytest.mark.parametrize("batch", [64, 300, 1000, 2048])
def test_batches_are_averaged_in_their_order(trials, batch):
    targets, scores = trials
    rates = [eer_of_papers(targets[at : at + batch], scores[at : at + batch]) for at in range(0, 1000, batch)]
    assert mean_batch_eer(targets, scores, batch) == pytest.approx(np.mean(rates), abs=1e-12)


def test_the_order_matters_which_is_why_it_is_no_metric(trials):
    targets, scores = trials
    order = np.argsort(scores)
    assert abs(mean_batch_eer(targets[order], scores[order], 50) - mean_batch_eer(targets, scores, 50)) > 0.01


def test_a_batch_of_one_class_is_left_out(trials):
    targets, scores = np.append(trials[0], [1, 1, 1]), np.append(trials[1], [9, 9, 9])
    assert mean_batch_eer(targets, scores, 100) == mean_batch_eer(*trials, 100)
    with pytest.raises(ValueError, match="no batch of 2 trials"):
        mean_batch_eer([0, 0, 1, 1], [1, 2, 3, 4], 2)


def keras_auc(targets, probabilities, thresholds):
    edges = [-1e-7, *((i + 1) / (thresholds - 1) for i in range(thresholds - 2)), 1 + 1e-7]
    hits, false_alarms = [], []
    for edge in edges:
        accepted = [p > edge for p in probabilities]
        hits.append(sum(a and t == 1 for a, t in zip(accepted, targets, strict=True)) / sum(targets))
        false_alarms.append(
            sum(a and t == 0 for a, t in zip(accepted, targets, strict=True)) / (len(targets) - sum(targets))
        )
    pairs = zip(hits, hits[1:], false_alarms, false_alarms[1:], strict=False)
    return sum((above - below) * (high + low) / 2 for high, low, above, below in pairs)


@pytest.mark.parametrize("thresholds", [3, 20, 200])
def test_the_area_is_that_of_a_loop_over_the_thresholds(trials, thresholds):
    targets, logits = trials
    probabilities = 1 / (1 + np.exp(-logits))
    expected = keras_auc(targets.tolist(), probabilities.tolist(), thresholds)
    assert auc_of_thresholds(targets, probabilities, thresholds) == pytest.approx(expected, abs=1e-12)
    assert auc_of_thresholds(targets, logits, thresholds) == pytest.approx(expected, abs=1e-12)  # logits


def test_many_thresholds_give_the_exact_area(trials):
    targets, logits = trials
    assert auc_of_thresholds(targets, logits, 100_000) == pytest.approx(roc_auc_score(targets, logits), abs=1e-5)
    with pytest.raises(ValueError, match="at least 3"):
        auc_of_thresholds(targets, logits, 2)


def test_results_have_them_only_where_the_list_asks(trials, tmp_path):
    targets, scores = trials
    table = pa.table(
        {
            "enrol_text": [f"w{i % 7}" for i in range(1000)],
            "utt_id": [f"u{i}" for i in range(1000)],
            "target": targets,
            "score": scores,
        }
    )
    found = []
    for facts in ({"protocol": "a"}, {"protocol": "b", "compat": "phonmatchnet"}):
        write_records(tmp_path / "m" / "t.tsv", "scores", table, facts)
        found.append(score_file_results(tmp_path / "m" / "t.tsv", resamples=5))
    assert not {"eer_compat", "auc_compat"} & set(found[0])
    assert found[1]["eer_compat"]["value"] == mean_batch_eer(targets, scores)
    assert found[1]["auc_compat"]["value"] == auc_of_thresholds(targets, scores)
    assert found[1]["eer"] == found[0]["eer"]
    lines = format_table(found).splitlines()
    assert [line.split()[0] for line in lines if "compat" in line] == ["b", "b"]
