"""Trial lists in which a trial may stand several times, as LibriPhrase's protocols have them."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from kwskit.data.records import RecordError, write_records
from kwskit.evaluation.bootstrap import resample_counts
from kwskit.evaluation.confusions import confusions
from kwskit.evaluation.scored_trials import ScoredTrials
from kwskit.evaluation.scorer import compare_score_files, score_file_results

FACTS = {"protocol": "phonmatchnet", "repeats": "kept"}


def table(rows):
    words, utterances, targets = zip(*rows, strict=True)
    return pa.table({"enrol_text": list(words), "utt_id": list(utterances), "target": pa.array(targets, pa.int8())})


@pytest.fixture(scope="module")
def trials():
    """Every utterance with its own word one to three times and with three others, in a drawn order."""
    rng = np.random.default_rng(5)
    rows = []
    for i in range(60):
        own = i % 12
        rows += [(f"w{chr(97 + own)}", f"u{i}", 1)] * int(rng.integers(1, 4))
        rows += [(f"w{chr(97 + (own + k) % 12)}", f"u{i}", 0) for k in (1, 2, 5)]
    return table([rows[i] for i in rng.permutation(len(rows))])


def write(path, trials, scores, facts=FACTS):
    write_records(path, "scores", trials.append_column("score", pa.array(np.asarray(scores, float))), facts)
    return path


def scores_of(trials, seed=0):
    """Each pair of word and utterance has one score, however often it is listed."""
    rng = np.random.default_rng(seed)
    pairs = list(zip(trials["enrol_text"].to_pylist(), trials["utt_id"].to_pylist(), strict=True))
    known = {pair: rng.normal() for pair in dict.fromkeys(pairs)}
    return np.array([known[pair] for pair in pairs]) + 1.5 * trials["target"].to_numpy()


def test_repeats_are_refused_unless_the_header_keeps_them(trials, tmp_path):
    with pytest.raises(RecordError, match=r"already on line .* repeated trials"):
        ScoredTrials.read(write(tmp_path / "a.tsv", trials, scores_of(trials), {"protocol": "x"}))
    assert len(ScoredTrials.read(write(tmp_path / "a.tsv", trials, scores_of(trials)))) == len(trials)


def test_a_repeated_trial_has_one_target(tmp_path):
    wrong = table([("a", "u1", 1), ("b", "u1", 0), ("a", "u1", 0)])
    with pytest.raises(RecordError, match=r"line 5: the target of 'a' against utterance 'u1' is 0; line 3 has"):
        ScoredTrials.read(write(tmp_path / "a.tsv", wrong, [1, 2, 3]))


def test_a_repeated_trial_counts_each_time(trials, tmp_path):
    scores, targets = scores_of(trials), trials["target"].to_numpy()
    results = score_file_results(write(tmp_path / "m/t.tsv", trials, scores), resamples=20)
    assert results["trials"] == len(trials)
    assert results["ap"]["value"] == pytest.approx(average_precision_score(targets, scores))
    assert results["auc"]["value"] == pytest.approx(roc_auc_score(targets, scores))
    words = np.array(trials["enrol_text"].combine_chunks().dictionary_encode().indices)
    values = []
    for drawn in resample_counts(12, 20, 0).T:
        rows = np.repeat(np.arange(len(words)), drawn[words])
        values.append(roc_auc_score(targets[rows], scores[rows]))
    low, high = np.quantile(values, [0.025, 0.975])
    assert (results["auc"]["low"], results["auc"]["high"]) == (pytest.approx(low), pytest.approx(high))


def test_a_choice_among_words_has_each_word_once(trials, tmp_path):
    scores = np.round(scores_of(trials))  # many ties
    results = score_file_results(write(tmp_path / "m/t.tsv", trials, scores), resamples=5)
    best: dict[str, dict[str, tuple[float, int]]] = {}
    columns = (trials[name].to_pylist() for name in ("enrol_text", "utt_id", "target"))
    for word, utterance, target, score in zip(*columns, scores, strict=True):
        best.setdefault(utterance, {})[word] = (score, target)
    credit = []
    for choices in best.values():
        top = max(score for score, _ in choices.values())
        tied = [target for score, target in choices.values() if score == top]
        credit.append(sum(tied) / len(tied))
    assert results["top1"]["value"] == pytest.approx(np.mean(credit))
    assert results["top1"]["choices"] == 4


def test_scores_are_paired_with_their_list_one_by_one(trials, tmp_path):
    write_records(tmp_path / "list.tsv", "trials", trials, FACTS)
    order = np.random.default_rng(1).permutation(len(trials))
    scores = scores_of(trials)
    shuffled = write(tmp_path / "b.tsv", trials.take(pa.array(order)), scores[order])
    scored = ScoredTrials.read(shuffled, tmp_path / "list.tsv")
    rows = scored.rows_of(trials, tmp_path / "list.tsv")
    assert sorted(rows) == list(range(len(trials)))  # each row once
    assert scored.scores[rows].tolist() == scores.tolist()
    whole = write(tmp_path / "a.tsv", trials, scores)
    assert compare_score_files(whole, shuffled, resamples=5)["ap"]["value"] == 0


def test_a_trial_scored_too_seldom_or_too_often_is_told(trials, tmp_path):
    write_records(tmp_path / "list.tsv", "trials", trials, FACTS)
    counts = trials.group_by(["enrol_text", "utt_id"]).aggregate([([], "count_all")])
    word, utterance, _ = next(tuple(row.values()) for row in counts.to_pylist() if row["count_all"] > 1)
    pairs = list(zip(trials["enrol_text"].to_pylist(), trials["utt_id"].to_pylist(), strict=True))
    row = pairs.index((word, utterance))
    fewer = pa.concat_tables([trials.slice(0, row), trials.slice(row + 1)])
    with pytest.raises(RecordError, match=f"no score of '{word}' against utterance '{utterance}'.*1 of {len(trials)}"):
        ScoredTrials.read(write(tmp_path / "a.tsv", fewer, scores_of(fewer)), tmp_path / "list.tsv")
    more = pa.concat_tables([trials, trials.slice(row, 1)])
    with pytest.raises(RecordError, match=f"'{word}' against utterance '{utterance}' is no trial of"):
        ScoredTrials.read(write(tmp_path / "b.tsv", more, scores_of(more)), tmp_path / "list.tsv")


def test_the_worst_errors_are_listed_once(trials, tmp_path):
    spoken = {f"u{i}": f"w{chr(97 + i % 12)}" for i in range(60)}
    found = confusions(write(tmp_path / "a.tsv", trials, scores_of(trials)), spoken, count=60)
    assert len({miss["utt_id"] for miss in found["misses"]}) == len(found["misses"]) == 60
