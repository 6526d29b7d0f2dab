import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from kwskit.data.records import RecordError, write_records
from kwskit.evaluation.bootstrap import resample_counts
from kwskit.evaluation.table_numbers import TrialMetrics

WORDS = ["apple", "berry", "cherry", "grape"]


@pytest.fixture
def trials(tmp_path):
    """Every word against two utterances of each."""
    rows = [(typed, f"{word}-{k}", int(typed == word)) for word in WORDS for k in range(2) for typed in WORDS]
    table = pa.table([list(column) for column in zip(*rows, strict=True)], names=["enrol_text", "utt_id", "target"])
    write_records(tmp_path / "test_wsj.tsv", "trials", table, {"protocol": "wsj", "seed": 5})
    return tmp_path / "test_wsj.tsv", table


def scored(folder, table, seed, order=None):
    scores = table["target"].to_numpy() * 0.5 + np.random.default_rng(seed).random(len(table))
    found = table.append_column("score", pa.array(scores))
    path = folder / f"{seed}.tsv"
    write_records(path, "scores", found if order is None else found.take(order), {"protocol": "wsj"})
    return path, scores


@pytest.mark.parametrize("metric", ["ap", "auc"])
def test_by_a_loop_over_seeds_and_resamples(trials, tmp_path, metric):
    path, table = trials
    reverse = np.arange(len(table))[::-1]
    files = {1: scored(tmp_path, table, 1), 2: scored(tmp_path, table, 2, order=reverse)}
    found = TrialMetrics(path, resamples=30).samples(metric, {seed: file for seed, (file, _) in files.items()})
    sklearn = {"ap": average_precision_score, "auc": roc_auc_score}[metric]
    target, typed = table["target"].to_numpy(), table["enrol_text"].to_pylist()
    counts = resample_counts(4, 30, 0)
    for row, (_, scores) in enumerate(files.values()):
        assert found.values[row] == pytest.approx(sklearn(target, scores))
        for b in range(30):
            copies = [k for k in range(len(table)) for _ in range(counts[WORDS.index(typed[k]), b])]
            assert found.resamples[row, b] == pytest.approx(sklearn(target[copies], scores[copies]))


def test_the_same_scores_in_another_order_differ_by_nothing(trials, tmp_path):
    path, table = trials
    metrics = TrialMetrics(path)
    one = metrics.samples("eer", {1: scored(tmp_path, table, 1)[0]})
    (tmp_path / "other").mkdir()
    shuffled = np.random.default_rng(0).permutation(len(table))
    two = metrics.samples("eer", {1: scored(tmp_path / "other", table, 1, shuffled)[0]})
    message = one.minus(two)
    assert (message["value"], message["low"], message["high"], message["significant"]) == (0.0, 0.0, 0.0, False)


def test_other_trials_are_refused(trials, tmp_path):
    path, table = trials
    file, _ = scored(tmp_path, table.slice(1), 1)
    with pytest.raises(RecordError, match="no score of 'apple'"):
        TrialMetrics(path).samples("ap", {1: file})
    with pytest.raises(ValueError, match="no metric is called 'accuracy'; known: ap"):
        TrialMetrics(path).samples("accuracy", {1: file})


def test_what_is_told_of_a_list(trials):
    assert (
        TrialMetrics(trials[0]).description() == "test_wsj: protocol wsj, seed 5, 32 trials, 8 targets, 4 typed words"
    )
