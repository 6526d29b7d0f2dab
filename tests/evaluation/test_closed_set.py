"""Closed sets of keywords: their trial lists and confusion matrices, beside loops and scikit-learn."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import average_precision_score, confusion_matrix

from kwskit.data.records import write_records
from kwskit.evaluation.closed_set_trials import closed_set_trials
from kwskit.evaluation.confusion_matrix import MOST_WORDS
from kwskit.evaluation.scorer import score_file_results
from kwskit.evaluation.trials import wsj_trials

KEYWORDS = ["yes", "no", "up", "down", "left"]
FACTS = {"protocol": "closed"}


def scored(path, trials, scores, order=None):
    """Results of a score file with ``scores`` (N, W) in the order of the trials."""
    table = trials.append_column("score", pa.array(np.asarray(scores, float).ravel()))
    write_records(path, "scores", table if order is None else table.take(order), FACTS)
    return score_file_results(path, resamples=20)


def test_every_utterance_is_tried_with_every_keyword():
    trials = closed_set_trials(["a", "b", "c"], ["no", "_unknown_", "yes"], ["yes", "no"])
    assert trials.to_pylist() == [
        {"enrol_text": text, "utt_id": utt, "target": target, "group": text}
        for utt, text, target in [
            ("a", "yes", 0),
            ("a", "no", 1),
            ("b", "yes", 0),
            ("b", "no", 0),
            ("c", "yes", 1),
            ("c", "no", 0),
        ]
    ]


@pytest.mark.parametrize(
    ("utt_ids", "spoken", "typed", "message"),
    [
        (["a"], ["yes", "no"], ["yes", "no"], "1 utterance ids but 2 spoken words"),
        (["a", "a"], ["yes", "no"], ["yes", "no"], "utterance 'a' is there twice"),
        (["a", "b"], ["yes", "no"], ["yes", "yes"], "keyword 'yes' is there twice"),
        (["a", "b"], ["yes", "no"], ["yes"], "two keywords at least, not 1"),
        (["a", "b"], ["yes", "x"], ["yes", "no", "up"], r"no recording of the keyword 'no' \(2 such keywords of 3\)"),
    ],
)
def test_what_is_no_closed_set_is_refused(utt_ids, spoken, typed, message):
    with pytest.raises(ValueError, match=message):
        closed_set_trials(utt_ids, spoken, typed)


def test_the_matrix_is_that_of_scikit_learn(tmp_path):
    rng = np.random.default_rng(3)
    said = rng.integers(len(KEYWORDS), size=200)
    scores = rng.normal(size=(200, len(KEYWORDS))) + 1.5 * np.eye(len(KEYWORDS))[said]
    trials = closed_set_trials([f"u{i}" for i in range(200)], [KEYWORDS[w] for w in said], KEYWORDS)
    results = scored(tmp_path / "s.tsv", trials, scores)
    expected = confusion_matrix(said, scores.argmax(axis=1))
    assert results["confusion"] == {"words": KEYWORDS, "counts": expected.tolist()}
    assert np.trace(expected) / 200 == pytest.approx(results["top1"]["value"])
    # The order of the file changes the order of words, not what is counted.
    shuffled = scored(tmp_path / "t.tsv", trials, scores, rng.permutation(len(trials)))["confusion"]
    order = [KEYWORDS.index(word) for word in shuffled["words"]]
    assert shuffled["counts"] == expected[np.ix_(order, order)].tolist()


def test_groups_are_the_keywords_against_everything_else(tmp_path):
    rng = np.random.default_rng(4)
    said = np.tile(np.arange(6), 30)  # 5: none of the keywords
    names = [*KEYWORDS, "_silence_"]
    scores = rng.normal(size=(180, 5)) + 2 * np.eye(6)[said][:, :5]
    trials = closed_set_trials([f"u{i}" for i in range(180)], [names[w] for w in said], KEYWORDS)
    results = scored(tmp_path / "s.tsv", trials, scores)
    assert list(results["groups"]) == sorted(KEYWORDS)
    for column, word in enumerate(KEYWORDS):
        expected = average_precision_score(said == column, scores[:, column])
        assert results["groups"][word]["ap"] == {"value": pytest.approx(expected), "low": None, "high": None}
    best = scores.argmax(axis=1)
    assert results["confusion"]["other"] == np.bincount(best[said == 5], minlength=5).tolist()
    assert sum(map(sum, results["confusion"]["counts"])) == 150


def test_ties_are_shared_out_as_in_top1(tmp_path):
    trials = closed_set_trials(["a", "b", "c"], ["yes", "no", "up"], ["yes", "no", "up"])
    results = scored(tmp_path / "s.tsv", trials, [[2, 2, 1], [1, 1, 1], [3, 1, 4]])
    third = pytest.approx(1 / 3)
    assert results["confusion"]["counts"] == [[0.5, 0.5, 0], [third, third, third], [0, 0, 1]]
    assert results["top1"]["value"] == pytest.approx((0.5 + 1 / 3 + 1) / 3)


def test_other_lists_have_no_matrix(tmp_path):
    words = [f"w{i % 8}" for i in range(16)]
    sampled = wsj_trials([f"u{i}" for i in range(16)], words, negatives=3)
    assert "confusion" not in scored(tmp_path / "s.tsv", sampled, np.arange(64.0))
    typed = [f"w{i}" for i in range(MOST_WORDS + 1)]
    wide = closed_set_trials(typed, typed, typed)
    assert "confusion" not in scored(tmp_path / "t.tsv", wide, np.arange(len(wide), dtype=float))
