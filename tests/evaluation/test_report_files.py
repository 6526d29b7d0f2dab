"""Reports of runs that lack files, or have damaged ones."""

import json
import re
import shutil

import pytest

from kwskit.evaluation.report import write_report
from kwskit.evaluation.report.run_folder import ReportError
from tests.evaluation.report_page import Page


@pytest.fixture
def own_run(run, tmp_path):
    """A copy that a test may change, without anything to draw: pictures are what takes time."""
    exp, data = (shutil.copytree(folder, tmp_path / folder.name) for folder in run)
    for folder in ("report", "train"):
        shutil.rmtree(exp / folder, ignore_errors=True)
    (exp / "embeddings.npz").unlink()
    change_results(exp, lambda results: [drop(result, "det", "histogram") for result in results])
    return exp, data


def drop(result, *fields):
    return {name: value for name, value in result.items() if name not in fields}


def change_results(exp, change):
    found = json.loads((exp / "results.json").read_text())
    (exp / "results.json").write_text(json.dumps(found | {"results": change(found["results"])}))


def test_absent_files_are_told(own_run):
    exp, data = own_run
    shutil.rmtree(data / "store")
    assert Page(write_report(exp, data)).text.count("No recording: not in the store") == 16
    for folder in (exp / "scores", data / "manifests"):
        shutil.rmtree(folder)
    for name in ("config.yaml", "plugins.json"):
        (exp / name).unlink()
    text = Page(write_report(exp, data)).text
    for message in (
        "No learning curves: train/epochs.tsv and train/steps.tsv are not in the run folder",
        "No DET curves: results.json holds no field det",
        "No score histograms: results.json holds no field histogram",
        "No affinity matrices: embeddings.npz is not in the run folder",
        "No map: embeddings.npz is not in the run folder",
        "No list of errors: scores/trained/test_wsj.tsv",
        "No manifests in the data folder",
        "None: every part is kwskit's own",
        "No config.yaml in the run folder",
    ):
        assert message in text


@pytest.mark.parametrize("kept", ["steps.tsv", "epochs.tsv"])
def test_either_training_log_is_enough_for_curves(run, own_run, kept):
    exp, data = own_run
    (exp / "train").mkdir()
    shutil.copy(run[0] / "train" / kept, exp / "train")
    labels = " ".join(a["aria-label"] for a in Page(write_report(exp, data)).all("svg"))
    assert all(f"the loss {name}:" in labels for name in ("total", "utt", "phn", "key", "adv"))


@pytest.mark.parametrize("field", ["prevalence", "words", "auc", "top1", "frr_at_0.01"])
def test_results_without_a_field_still_make_a_report(own_run, field):
    exp, data = own_run
    change_results(exp, lambda results: [drop(result, field) for result in results])
    assert "Average precision" in Page(write_report(exp, data)).text


def test_a_single_model_without_intervals_makes_a_report(own_run):
    exp, data = own_run
    without = {"model": "mine", "ap": {"value": 0.5, "low": None, "high": None}, "eer": {"value": None}}
    change_results(exp, lambda results: [results[0] | without])
    page = Page(write_report(exp, data))
    assert "Mine model 50.0 %" in page.text
    assert "Untrained model" not in page.text


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("results.json", None, "stage 4"),
        ("results.json", "{", "is not JSON"),
        ("results.json", "[]", "field 'results'"),
        ("results.json", '{"results": []}', "at least one"),
        ("results.json", '{"results": [{"model": "trained"}]}', "results[0] lacks the field 'protocol'"),
        ("embeddings.npz", "not an archive", "NumPy archive"),
        ("train/epochs.tsv", "epoch\tstep\n1\tmany\n", "table of numbers"),
        ("train/steps.tsv", "total\n1\n", "needs the column step"),
        ("plugins.json", "nonsense", "is not JSON"),
    ],
)
def test_broken_files_are_named_and_the_report_before_stays(own_run, name, content, message):
    exp, data = own_run
    (exp / "report").mkdir()
    (exp / "report" / "index.html").write_text("before")
    (exp / "train").mkdir()
    if content is None:
        (exp / name).unlink()
    else:
        (exp / name).write_text(content)
    with pytest.raises(ReportError, match=re.escape(message)) as raised:
        write_report(exp, data)
    assert str(exp / name) in str(raised.value)
    assert [path.name for path in (exp / "report").iterdir()] == ["index.html"]
    assert (exp / "report" / "index.html").read_text() == "before"


def test_report_is_the_same_when_made_again(report):
    exp, data, path, _ = report
    before = path.read_bytes()
    assert write_report(exp, data).read_bytes() == before
