import math

import numpy as np
import pytest

from kwskit.evaluation.report.gradient_shares import gradient_shares
from kwskit.evaluation.report.pictures import learning_curves
from kwskit.evaluation.report.report import write_report
from kwskit.evaluation.report.run_folder import RunFolder
from tests.evaluation.report_page import Page

NAN = math.nan
STEPS = {
    "step": [1, 10, 201, 401],
    "total": [5.0, 4.0, 3.0, 2.0],
    "adv.cross_entropy_utt": [0.69, 0.5, 0.4, 0.3],
    "adv.chance": [0.693147] * 4,
    "utt.gradient_acoustic": [9.9, NAN, 6.0, np.inf],  # the last step was skipped, and counts nowhere
    "utt.gradient_text": [1.0, NAN, 1.0, 1.0],
    "phn.gradient_acoustic": [0.0, NAN, 0.04, NAN],
    "phn.gradient_text": [0.0, NAN, 0.0, 0.0],
    "key.gradient_acoustic": [0.1, NAN, 3.96, 1.0],
    "key.gradient_text": [0.0, NAN, 0.0, 0.0],
}


def test_shares_are_of_the_sum_at_the_same_step():
    table, sentence = gradient_shares({name: np.array(values) for name, values in STEPS.items()})
    sides, when = ("acoustic", "text"), ("at first", "on average")
    assert table.columns == ["Loss", *(f"{side} encoder, {time}" for side in sides for time in when)]
    assert table.rows == [
        ["utt", "99.00", f"{100 * (0.99 + 0.6) / 2:.2f}", "100.00", "100.00"],
        ["phn", "0.00", "0.20", "-", "-"],
        ["key", "1.00", f"{100 * (0.01 + 0.396) / 2:.2f}", "-", "-"],
    ]
    assert sentence.startswith("phn has less than 1% of the gradients")


@pytest.mark.parametrize("names", [["step", "total"], ["step", "phn.gradient_text"]])
def test_without_a_gradient_there_is_no_table(names):
    assert gradient_shares({name: np.array(STEPS[name]) for name in names}) is None
    assert gradient_shares(None) is None


def write_steps(exp):
    (exp / "train").mkdir(parents=True, exist_ok=True)
    rows = [list(STEPS), *zip(*STEPS.values(), strict=True)]
    (exp / "train" / "steps.tsv").write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))


def test_a_norm_is_no_curve_and_chance_is_a_line_in_that_of_the_cross_entropy(tmp_path):
    write_steps(tmp_path)
    total, classifier = learning_curves(RunFolder(tmp_path, tmp_path))
    assert [total["title"], classifier["title"]] == ["total", "adv.cross_entropy_utt"]
    assert "stroke-dasharray" in classifier["svg"]
    assert "stroke-dasharray" not in total["svg"]


def test_the_report_tells_who_does_nothing(make_run):
    exp, data = make_run()
    write_steps(exp)
    write_report(exp, data)
    assert "phn has less than 1% of the gradients" in Page(exp / "report" / "index.html").text
    assert "| phn | 0.00 | 0.20 | - | - |" in (exp / "report" / "RESULTS.md").read_text()
