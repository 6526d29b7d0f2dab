"""Results as a table for a terminal, the models side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

METRICS = {
    "ap": "AP",
    "eer": "EER",
    "eer_nearest": "EER nearest",
    "auc": "AUC",
    "top1": "top-1",
    "eer_compat": "EER compat",
    "auc_compat": "AUC compat",
    # Searches
    "atwv": "ATWV",
    "mtwv": "MTWV",
    "otwv": "OTWV",
    "stwv": "STWV",
    "p_at_n": "P@N",
    "map": "mAP",
    "pooled_p_at_n": "P@N, pooled",
    "pooled_ap": "AP, pooled",
    # Segments
    "acoustic_ap": "acoustic AP",
    "cross_view_ap": "cross-view AP",
}
RATES = {"frr_at_": "FRR at {:g} % FA", "miss_at_": "miss at {:g} FA/h"}


def format_table(results: Sequence[Mapping[str, Any]]) -> str:
    """One row a protocol and metric, one column a model, in percent with the intervals of the words' bootstrap.

    Parameters
    ----------
    results : entries of results.json, of any models and tasks

    >>> one = {"model": "trained", "protocol": "wsj", "trials_name": "test_wsj", "prevalence": 1 / 51}
    >>> print(format_table([one | {"ap": {"value": 0.871, "low": 0.86, "high": 0.882}}]))
    protocol  trials    metric  trained            chance
    wsj       test_wsj  AP      87.1 [86.0, 88.2]     2.0
    """
    models = list(dict.fromkeys(result["model"] for result in results))
    lists: dict[tuple[str, str], dict[str, Mapping]] = {}
    for result in results:
        lists.setdefault((result["protocol"], result["trials_name"]), {})[result["model"]] = result
    rows = [["protocol", "trials", "metric", *models, "chance"]]
    for (protocol, trials), by_model in lists.items():
        metrics = {model: metrics_of(result) for model, result in by_model.items()}
        names = dict.fromkeys(name for found in metrics.values() for name in found)
        for name in sorted(names, key=_place):
            cells = [_percent(metrics.get(model, {}).get(name)) for model in models]
            chance = chance_of(name, next(by_model[model] for model, found in metrics.items() if name in found))
            rows.append([protocol, trials, metric_label(name), *cells, _percent({"value": chance})])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(_aligned(row, widths)).rstrip() for row in rows]
    return "\n".join(lines)


def metrics_of(result: Mapping[str, Any]) -> dict[str, Any]:
    """The metrics of an entry of results.json by name, of whatever kind the entry is."""
    return {name: value for name, value in result.get("metrics", result).items() if metric_label(name)}


def metric_label(name: str) -> str:
    """A metric's name for people, from its key in the results; empty for other keys."""
    for start, pattern in RATES.items():
        if name.startswith(start):
            return pattern.format(float(name.removeprefix(start)) * (100 if start == "frr_at_" else 1))
    return METRICS.get(name, "")


def chance_of(name: str, result: Mapping[str, Any]) -> float | None:
    """What a random score gets, as a fraction; None where that depends on too much."""
    if result.get("kind"):
        return result.get("chance", {}).get(name)
    if name.startswith("frr_at_"):
        return 1 - float(name.removeprefix("frr_at_"))
    if name == "top1":
        return 1 / result["top1"]["choices"] if "choices" in result["top1"] else None
    return result.get("prevalence") if name == "ap" else 0.5


def _place(name: str) -> int:
    order = list(METRICS)
    if name.startswith("miss_at_"):
        return order.index("atwv")  # before it, in the order of the results
    return order.index(name) if name in order else order.index("auc")


def _percent(metric: Mapping[str, float | None] | None) -> str:
    value, low, high = (metric.get(key) for key in ("value", "low", "high")) if metric else (None, None, None)
    if value is None:
        return "-"
    shown = f"{100 * value:.1f}"
    return shown if low is None or high is None else f"{shown} [{100 * low:.1f}, {100 * high:.1f}]"


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """All columns to the left but the last, a plain number."""
    return [*(cell.ljust(width) for cell, width in zip(row[:-1], widths[:-1], strict=True)), row[-1].rjust(widths[-1])]
