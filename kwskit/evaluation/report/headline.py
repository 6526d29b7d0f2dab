"""The result in a few sentences and three bars."""

from collections.abc import Mapping
from typing import Any

from kwskit.evaluation.report.result_tables import counts_summary, shared_with_training
from kwskit.evaluation.report.run_folder import BEFORE, UNTRAINED, WAKE_WORD, RunFolder
from kwskit.evaluation.report.searches import PUBLISHED, PUBLISHED_RATE
from kwskit.evaluation.report.tables import MISSING, count, interval, percent
from kwskit.evaluation.results_table import chance_of, metric_label, metrics_of

RIVALS = {UNTRAINED: "Untrained model", BEFORE: "Before this training"}
HUMAN = "human"  # the trial list that stage 4 makes of a folder of recordings


def headline(run: RunFolder) -> dict[str, Any]:
    """The title's ``before`` and ``value``, ``summary``, and ``bars``: the model, the untrained one, chance.

    Bars have ``kind``, ``name``, ``value``, ``label`` and, in percent of the width, ``width``, ``low`` and ``high``.
    """
    main = run.main
    metric = main_metric(main)
    value, _, _ = interval(metrics_of(main)[metric])
    bars = [_bar(main["model"], f"{main['model'].capitalize()} model", metrics_of(main)[metric])]
    for result in run.results:
        model = result["model"]
        if model in RIVALS and model != main["model"] and result["trials_name"] == main["trials_name"]:
            bars.append(_bar(UNTRAINED, RIVALS[model], metrics_of(result).get(metric)))
    if chance_of(metric, main) is not None:
        bars.append(_bar("chance", "Chance", chance_of(metric, main)))
    if main["protocol"] == WAKE_WORD and metric == f"miss_at_{PUBLISHED_RATE:g}":
        bars += [_bar("chance", f"{name}, published", miss) for name, miss in PUBLISHED.items()]
    shown = MISSING if value is None else f"{value * 100:.1f} %"
    name = "Average precision" if metric == "ap" else metric_label(metric)
    return {"before": name[0].upper() + name[1:], "value": shown, "summary": _summary(run), "bars": bars}


def main_metric(result: Mapping[str, Any]) -> str:
    """The metric that an entry of results.json is summed up by."""
    wanted = ["ap", "atwv", "mtwv", "cross_view_ap"]
    if result["protocol"] == WAKE_WORD:
        wanted = [name for name in metrics_of(result) if name.startswith("miss_at_")] + wanted
    return next((name for name in wanted if name in metrics_of(result)), next(iter(metrics_of(result)), ""))


def _summary(run: RunFolder) -> str:
    """What was measured, and on people's recordings where there are any."""
    main = run.main
    if main.get("kind"):
        sentences = [f"Protocol {main['protocol']}: {counts_summary(main)}."]
    else:
        sentences = [
            f"Protocol {main['protocol']}: {count(main.get('trials'))} trials of a typed word against a recording, "
            f"{count(main.get('positives'))} of them of the same word; {count(main.get('words'))} typed words."
        ]
    if main.get("threshold_from"):
        at = "accepts nothing" if main["threshold"] is None else f"is {main['threshold']:.3f}"
        sentences.append(f"The threshold of ATWV {at} ({main['threshold_from']}).")
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
        "label": bounds,
        "width": max(value or 0, 0),
        "low": None if high is None or low is None else max(low, 0),
        "high": high,
    }
