import json

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from kwskit.data.records import RecordError, write_records
from kwskit.evaluation.results_table import format_table
from kwskit.evaluation.scored_trials import ScoredTrials
from kwskit.evaluation.scorer import compare_score_files, score_file_results, write_results
from kwskit.evaluation.trials import wsj_trials

FACTS = {"protocol": "wsj", "seed": 3}
METRICS = ("ap", "auc", "eer", "eer_nearest", "frr_at_0.01", "frr_at_0.1", "top1")


def write_scores(path, trials, scores, facts=FACTS):
    write_records(path, "scores", trials.append_column("score", pa.array(np.asarray(scores, float))), facts)
    return path


@pytest.fixture(scope="module")
def trials():
    words = [f"word{chr(97 + i // 10)}{chr(97 + i % 10)}" for i in range(30) for _ in range(8)]
    return wsj_trials([f"u{i:03d}" for i in range(240)], words, negatives=15, seed=3)


@pytest.fixture(scope="module")
def folder(trials, tmp_path_factory):
    """scores/<model>/test_wsj.tsv of two models, the better one 'trained', and the trial list."""
    root = tmp_path_factory.mktemp("exp")
    write_records(root / "test_wsj.tsv", "trials", trials, FACTS)
    rng = np.random.default_rng(0)
    target = trials["target"].to_numpy()
    hardness = dict(zip(trials["enrol_text"].unique().to_pylist(), rng.random(30), strict=True))
    shift = np.array([hardness[word] for word in trials["enrol_text"].to_pylist()])
    write_scores(root / "scores/trained/test_wsj.tsv", trials, rng.normal(size=len(target)) + 4 * shift * target)
    write_scores(root / "scores/untrained/test_wsj.tsv", trials, rng.normal(size=len(target)))
    return root


@pytest.fixture(scope="module")
def results(folder):
    return score_file_results(
        folder / "scores/trained/test_wsj.tsv",
        trials=folder / "test_wsj.tsv",
        resamples=300,
        false_alarm_rates=(0.01, 0.1),
    )


def test_results_tell_what_was_scored(results):
    answer = {
        key: results[key] for key in ("model", "protocol", "trials_name", "facts", "trials", "positives", "words")
    }
    assert answer == {
        "model": "trained",
        "protocol": "wsj",
        "trials_name": "test_wsj",
        "facts": {"protocol": "wsj", "seed": "3"},
        "trials": 240 * 16,
        "positives": 240,
        "words": 30,
    }
    assert results["negatives"] == 240 * 15
    assert results["utterances"] == 240
    assert results["prevalence"] == 1 / 16
    assert "groups" not in results


def test_values_are_those_of_scikit_learn_within_their_intervals(folder, results):
    scored = ScoredTrials.read(folder / "scores/trained/test_wsj.tsv")
    assert results["ap"]["value"] == pytest.approx(average_precision_score(scored.targets, scored.scores), abs=1e-12)
    assert results["auc"]["value"] == pytest.approx(roc_auc_score(scored.targets, scored.scores), abs=1e-12)
    for name in METRICS:
        assert results[name]["low"] < results[name]["value"] < results[name]["high"]
    assert results["eer"]["value"] == pytest.approx(results["eer_nearest"]["value"], abs=0.005)


def test_top1_is_that_of_a_loop(folder, results):
    scored = ScoredTrials.read(folder / "scores/trained/test_wsj.tsv")
    right = 0
    for utterance in range(240):
        rows = np.flatnonzero(scored.utterances == utterance)
        right += int(scored.targets[rows[scored.scores[rows].argmax()]])
    assert results["top1"]["value"] == pytest.approx(right / 240)
    assert results["top1"]["choices"] == 16


def test_the_curves_are_those_of_the_trials(folder, results):
    scored = ScoredTrials.read(folder / "scores/trained/test_wsj.tsv")
    det, histogram = results["det"], results["histogram"]
    assert len(det["fa"]) == len(det["miss"]) == len(det["threshold"]) <= 200
    assert det["threshold"][0] is None
    for i in range(1, len(det["fa"])):
        accepted = scored.scores >= det["threshold"][i]
        assert det["fa"][i] == pytest.approx(accepted[scored.targets == 0].mean())
        assert det["miss"][i] == pytest.approx(1 - accepted[scored.targets == 1].mean())
    assert sum(histogram["target"]) == 240
    assert sum(histogram["nontarget"]) == 240 * 15
    assert len(histogram["edges"]) == len(histogram["target"]) + 1
    accepted = scored.scores >= results["eer_threshold"]
    rates = accepted[scored.targets == 0].mean(), 1 - accepted[scored.targets == 1].mean()
    assert np.mean(rates) == pytest.approx(results["eer_nearest"]["value"])


@pytest.mark.parametrize("whole", [False, True])
def test_results_survive_json(results, tmp_path, whole):
    content = {"results": [results, results], "run": {"seed": 3, "plugins": []}}
    path = tmp_path / "new" / "results.json"
    if whole:
        write_results(path, content)
    else:
        write_results(path, content["results"], content["run"])
    assert json.loads(path.read_text()) == content
    with pytest.raises(ValueError, match="JSON"):
        write_results(path, [{"ap": float("nan")}])
    assert json.loads(path.read_text()) == content
    assert list(path.parent.iterdir()) == [path]


def test_the_seed_decides_the_intervals(folder):
    path = folder / "scores/trained/test_wsj.tsv"
    one, same, other = (score_file_results(path, resamples=50, seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one["ap"]["low"] != other["ap"]["low"]
    assert one["ap"]["value"] == other["ap"]["value"]


def test_groups_are_scored_apart(trials, tmp_path):
    rng = np.random.default_rng(1)
    target = trials["target"].to_numpy()
    scores = rng.normal(size=len(target)) + 2 * target
    group = np.array(["loud", "soft", "other"])[np.arange(len(target)) // 16 % 2 + (np.arange(len(target)) == 1)]
    grouped = trials.append_column("group", pa.array(group))
    found = score_file_results(write_scores(tmp_path / "m" / "t.tsv", grouped, scores), resamples=20)["groups"]
    assert set(found) == {"loud", "soft", "other"} & set(group)
    for name in ("loud", "soft"):
        rows = group == name
        alone = write_scores(tmp_path / f"{name}.tsv", trials.filter(pa.array(rows)), scores[rows])
        expected = score_file_results(alone, resamples=20)
        assert found[name]["ap"]["value"] == expected["ap"]["value"]
        assert found[name]["top1"] == pytest.approx(expected["top1"], abs=0.1)
        assert {key: found[name][key] for key in ("trials", "words", "utterances")} == {
            key: expected[key] for key in ("trials", "words", "utterances")
        }


def test_a_group_of_one_class_has_counts_only(trials, tmp_path):
    group = pa.array(["yes" if target else "no" for target in trials["target"].to_pylist()])
    path = write_scores(tmp_path / "t.tsv", trials.append_column("group", group), np.arange(len(trials)))
    groups = score_file_results(path, resamples=10)["groups"]
    assert groups["yes"] == {"trials": 240, "positives": 240, "negatives": 0}
    assert groups["no"] == {"trials": 3600, "positives": 0, "negatives": 3600}


def test_one_typed_word_has_no_interval(tmp_path):
    table = pa.table({"enrol_text": ["yes"] * 4, "utt_id": list("abcd"), "target": [1, 1, 0, 0]})
    found = score_file_results(write_scores(tmp_path / "t.tsv", table, [4, 2, 3, 1]), resamples=10)
    assert found["ap"] == {"value": pytest.approx(5 / 6), "low": None, "high": None}
    assert "top1" not in found  # no utterance has a choice of words
    json.dumps(found, allow_nan=False)
    assert "83.3 " in format_table([found])


def replaced(column, row, value):
    def change(table):
        values = table[column].to_pylist()
        values[row] = value
        return table.set_column(table.column_names.index(column), column, pa.array(values, table[column].type))

    return change


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        (lambda t: t.slice(0, 0), "t.tsv: holds no trial"),
        (replaced("score", 4, float("nan")), r"line 7: column 'score' is nan.* utterance 'u000'; 1 such scores"),
        (replaced("score", 0, float("-inf")), "line 3: column 'score' is -inf"),
        (replaced("target", 5, 2), "line 8: column 'target' is 0 or 1, not 2"),
        (lambda t: pa.concat_tables([t, t.slice(7, 2)]), r"line 3843: the trial '.*' .* on line 10 \(2 repeated"),
        (lambda t: t.filter(pa.array(t["target"].to_numpy() == 1)), "t.tsv: all 240 trials are targets"),
        (lambda t: t.filter(pa.array(t["target"].to_numpy() == 0)), "t.tsv: none of the 3600 trials is a target"),
    ],
)
def test_a_broken_score_file_is_refused_with_its_line(trials, tmp_path, change, answer):
    table = change(trials.append_column("score", pa.array(np.arange(len(trials), dtype=float))))
    write_records(tmp_path / "t.tsv", "scores", table, FACTS)
    with pytest.raises(RecordError, match=answer):
        score_file_results(tmp_path / "t.tsv")


def test_a_protocol_must_be_named(trials, tmp_path):
    path = write_scores(tmp_path / "t.tsv", trials, np.arange(len(trials)), facts={"seed": 3})
    with pytest.raises(RecordError, match="line 1: no protocol=NAME"):
        score_file_results(path)


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        (
            lambda t: t.slice(0, 3000),
            r"no score of 'word\w\w' against utterance 'u187' \(.*line 3003\); 840 of 3840 trials",
        ),
        (lambda t: t.filter(pa.array(np.arange(3840) != 9)), r"no score of .* \(.*test_wsj.tsv: line 12\); 1 of 3840"),
        (replaced("utt_id", 2, "elsewhere"), r"no score of .* line 5\)"),
        (
            replaced("target", 0, 0),
            "line 3: the target of 'wordaa' against utterance 'u000' is 0; .*line 3 has the other",
        ),
        (
            lambda t: pa.concat_tables([t, t.slice(0, 1).set_column(0, "enrol_text", pa.array(["new"]))]),
            "line 3843: 'new' against utterance 'u000' is no trial of",
        ),
    ],
)
def test_every_trial_and_no_other_must_be_scored(folder, trials, tmp_path, change, answer):
    path = tmp_path / "t.tsv"
    table = change(trials)
    write_scores(path, table, np.arange(len(table)))
    with pytest.raises(RecordError, match=answer):
        score_file_results(path, trials=folder / "test_wsj.tsv")


def test_the_order_of_the_trials_does_not_matter(folder, trials, tmp_path, results):
    scored = ScoredTrials.read(folder / "scores/trained/test_wsj.tsv")
    shuffled = np.random.default_rng(5).permutation(len(trials))
    path = write_scores(tmp_path / "t.tsv", trials.take(pa.array(shuffled)), scored.scores[shuffled])
    found = score_file_results(path, trials=folder / "test_wsj.tsv", resamples=5, false_alarm_rates=(0.01, 0.1))
    for name in METRICS:
        assert found[name]["value"] == pytest.approx(results[name]["value"], abs=1e-14)


def test_differences_are_paired(folder, trials, tmp_path):
    good, bad = (folder / f"scores/{model}/test_wsj.tsv" for model in ("trained", "untrained"))
    found = compare_score_files(good, bad, resamples=200)
    apart = [score_file_results(path, resamples=200) for path in (good, bad)]
    for name in ("ap", "auc", "eer"):
        one, two = (result[name]["value"] for result in apart)
        assert found[name]["first"] == one
        assert found[name]["second"] == two
        assert found[name]["value"] == one - two
        assert found[name]["low"] < one - two < found[name]["high"]
    assert found["ap"]["low"] > 0 > found["eer"]["high"]
    # The same model with a little noise, its trials in another order: the pairing keeps the interval narrow.
    scored = ScoredTrials.read(good)
    noisy = scored.scores + np.random.default_rng(9).normal(size=len(scored)) * 0.02
    order = np.random.default_rng(1).permutation(len(scored))
    like = write_scores(tmp_path / "t.tsv", trials.take(pa.array(order)), noisy[order])
    near = compare_score_files(good, like, resamples=200)["ap"]
    assert near["high"] - near["low"] < (apart[0]["ap"]["high"] - apart[0]["ap"]["low"]) / 5
    same = compare_score_files(good, good, resamples=20)["ap"]
    assert (same["value"], same["low"], same["high"]) == (0, 0, 0)


def test_differences_need_the_same_trials(folder, trials, tmp_path):
    path = write_scores(tmp_path / "t.tsv", trials.slice(0, 320), np.arange(320))
    with pytest.raises(RecordError, match="no score of"):
        compare_score_files(folder / "scores/trained/test_wsj.tsv", path)


def test_the_table_has_the_models_side_by_side(folder, results):
    untrained = score_file_results(
        folder / "scores/untrained/test_wsj.tsv", resamples=20, false_alarm_rates=(0.01, 0.1)
    )
    lines = format_table([results, untrained]).splitlines()
    assert lines[0].split() == ["protocol", "trials", "metric", "trained", "untrained", "chance"]
    assert all(line.startswith("wsj") for line in lines[1:])
    assert lines[1].split()[:3] == ["wsj", "test_wsj", "AP"]
    ap = results["ap"]
    cell = f"{100 * ap['value']:.1f} [{100 * ap['low']:.1f}, {100 * ap['high']:.1f}]"
    assert cell in lines[1]
    assert lines[1].endswith(" 6.2")  # 1 of 16
    assert len({line.index("[") for line in lines[1:]}) == 1
    assert any("FRR at 10 % FA" in line for line in lines)
    assert any("top-1" in line for line in lines)


def test_the_table_leaves_room_for_what_was_not_scored(results):
    other = {**results, "model": "other", "protocol": "libriphrase_hard", "trials_name": "test_hard"}
    lines = format_table([results, other]).splitlines()
    assert lines[1].startswith("wsj")
    assert lines[-1].startswith("libriphrase_hard")
    assert "  -  " in lines[1]
