"""The result in a few sentences and three bars."""

from typing import Any

from kwskit.evaluation.report.result_tables import shared_with_training
from kwskit.evaluation.report.run_folder import UNTRAINED, RunFolder
from kwskit.evaluation.report.tables import MISSING, count, interval, percent

HUMAN = "human"  # the trial list that stage 4 makes of a folder of recordings


def headline(run: RunFolder) -> dict[str, Any]:
    """The title's ``before`` and ``value``, sentences ``told``, and ``bars``: the model, the untrained one, chance.

    Bars have ``kind``, ``name``, ``value``, ``told`` and, in percent of the width, ``width``, ``low`` and ``high``.
    """
    main = run.main
    value, _, _ = interval(main["ap"])
    bars = [_bar(main["model"], f"{main['model'].capitalize()} model", main["ap"])]
    for result in run.results:
        if result["model"] == UNTRAINED != main["model"] and result["trials_name"] == main["trials_name"]:
            bars.append(_bar(UNTRAINED, "Untrained model", result["ap"]))
    if main.get("prevalence") is not None:
        bars.append(_bar("chance", "Chance", main["prevalence"]))
    shown = MISSING if value is None else f"{value * 100:.1f} %"
    return {"before": "Average precision", "value": shown, "told": _told(run), "bars": bars}


def _told(run: RunFolder) -> str:
    """What was measured, and on people's recordings where there are any."""
    main = run.main
    sentences = [
        f"Protocol {main['protocol']}: {count(main.get('trials'))} trials of a typed word against a recording, "
        f"{count(main.get('positives'))} of them of the same word; {count(main.get('words'))} typed words."
    ]
    shared = shared_with_training(run.splits or [])
    if shared:
        sentences.append(shared)
    for result in run.results:
        if result["trials_name"] == HUMAN and result["model"] == main["model"] and "top1" in result:
            right, choices = percent(result["top1"]), result["top1"].get("choices")
            among = f" of {choices:,.0f}" if choices else ""
            sentences.append(f"On recordings of people, the best{among} typed words is the spoken one in {right} %.")
    return " ".join(sentences)


def _bar(kind: str, name: str, metric: Any) -> dict[str, Any]:
    value, low, high = (None if x is None else round(x * 100, 2) for x in interval(metric))
    shown, _, bounds = percent(metric).partition(" ")
    return {
        "kind": kind,
        "name": name,
        "value": MISSING if value is None else f"{shown} %",
        "told": bounds,
        "width": value or 0,
        "low": None if high is None else low,
        "high": high,
    }
