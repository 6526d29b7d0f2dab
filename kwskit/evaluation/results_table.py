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
}


def format_table(results: Sequence[Mapping[str, Any]]) -> str:
    """One row a protocol and metric, one column a model, in percent with the intervals of the words' bootstrap.

    Parameters
    ----------
    results : what :func:`kwskit.evaluation.scorer.score_file_results` returns, of any models and trial lists

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
        names = dict.fromkeys(name for result in by_model.values() for name in result if metric_label(name))
        for name in sorted(names, key=_place):
            cells = [_percent(by_model.get(model, {}).get(name)) for model in models]
            chance = _chance(name, next(result for result in by_model.values() if name in result))
            rows.append([protocol, trials, metric_label(name), *cells, chance])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(_aligned(row, widths)).rstrip() for row in rows]
    return "\n".join(lines)


def metric_label(name: str) -> str:
    """A metric's name for people, from its key in the results; empty for other keys."""
    if name.startswith("frr_at_"):
        return f"FRR at {100 * float(name.removeprefix('frr_at_')):g} % FA"
    return METRICS.get(name, "")


def _place(name: str) -> int:
    order = list(METRICS)
    return order.index(name) if name in order else order.index("auc")


def _percent(metric: Mapping[str, float | None] | None) -> str:
    value, low, high = (metric.get(key) for key in ("value", "low", "high")) if metric else (None, None, None)
    if value is None:
        return "-"
    told = f"{100 * value:.1f}"
    return told if low is None or high is None else f"{told} [{100 * low:.1f}, {100 * high:.1f}]"


def _chance(name: str, result: Mapping[str, Any]) -> str:
    """What a random score gets."""
    if name.startswith("frr_at_"):
        return f"{100 - 100 * float(name.removeprefix('frr_at_')):.1f}"
    if name == "top1":
        return f"{100 / result['top1']['choices']:.1f}"
    return f"{100 * result['prevalence']:.1f}" if name == "ap" else "50.0"


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """All columns to the left but the last, a plain number."""
    return [*(cell.ljust(width) for cell, width in zip(row[:-1], widths[:-1], strict=True)), row[-1].rjust(widths[-1])]
