"""A closed set in the report: the numbers of results.json in the page, the table and the picture."""

import json
import re

import pytest

from kwskit.data.records import write_records
from kwskit.evaluation.closed_set_trials import closed_set_trials
from kwskit.evaluation.report import write_report
from kwskit.evaluation.report.closed_set import closed_set_tables, confusion_pictures
from kwskit.evaluation.scorer import score_file_results, write_results

WORDS = ["yes", "no", "<up>"]


@pytest.fixture(scope="module")
def exp(tmp_path_factory):
    """A run folder: ten of each word, two of none; of the noes, three sound like yes."""
    exp = tmp_path_factory.mktemp("closed") / "exp"
    spoken = [word for word in WORDS for _ in range(10)] + ["_silence_"] * 2
    best = ["yes"] * 10 + ["no"] * 7 + ["yes"] * 3 + ["<up>"] * 10 + ["no"] * 2
    trials = closed_set_trials([f"u{i}" for i in range(32)], spoken, WORDS)
    scores = [
        float(text == best[int(utt[1:])])
        for text, utt in zip(trials["enrol_text"].to_pylist(), trials["utt_id"].to_pylist(), strict=True)
    ]
    results = []
    for model in ("trained", "untrained"):
        path = exp / "scores" / model / "test_commands.tsv"
        write_records(path, "scores", trials.append_column("score", [scores]), {"protocol": "commands"})
        results.append(score_file_results(path, resamples=20))
    for result in results:  # records drop such signs, but a report takes the file of results as it is
        words = result["confusion"]["words"]
        result["confusion"]["words"] = ["<up>" if word == "up" else word for word in words]
    write_results(exp / "results.json", results)
    return exp


def test_the_matrix_is_written_and_drawn(exp, tmp_path):
    page = write_report(exp, tmp_path).read_text()
    found = (exp / "report/RESULTS.md").read_text()
    rows = [line for line in found.splitlines() if re.match(r"\| (Spoken|yes|no|\\<up|\\\(other|\(other)", line)]
    assert rows[:5] == [
        r"| Spoken | yes | no | \<up\> |",
        "| yes | 10 | 0 | 0 |",
        "| no | 3 | 7 | 0 |",
        r"| \<up\> | 0 | 0 | 10 |",
        "| (other) | 0 | 2 | 0 |",
    ]
    # 9 of 30 noes' scores: recordings, accuracy, AP and EER of the keyword.
    assert [row for row in rows[5:] if row.startswith("| no | 10 | 70.0 | ")]
    assert "Confusion matrix of test_commands: trained model, top-1 90.0" in page
    assert "<up>" not in page


def test_a_wide_matrix_is_drawn_only():
    words = [f"w{i}" for i in range(20)]
    counts = [[int(i == j) for j in range(20)] for i in range(20)]
    entry = {"protocol": "p", "trials_name": "t", "model": "m", "confusion": {"words": words, "counts": counts}}
    assert [table.columns for table in closed_set_tables([entry])] == [
        ["Keyword", "Recordings", "Accuracy", "AP", "EER"]
    ]
    assert closed_set_tables([entry])[0].rows[3] == ["w3", "1", "100.0", "-", "-"]
    assert len(confusion_pictures([entry, entry])) == 1


def test_other_results_have_neither(exp):
    results = json.loads((exp / "results.json").read_text())["results"]
    for entry in results:
        del entry["confusion"]
    assert confusion_pictures(results) == []
    assert closed_set_tables(results) == []
