"""What the report shows of searches: misses against false alarms an hour, groups, and queries one by one."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter, NullFormatter

from kwskit.evaluation.report.inline_svg import INK, MUTED, OTHER, TRAINED, drawing, inline_svg, new_figure
from kwskit.evaluation.report.pictures import Picture
from kwskit.evaluation.report.run_folder import WAKE_WORD
from kwskit.evaluation.report.tables import Table, count, percent
from kwskit.evaluation.results_table import metric_label, metrics_of

# Misses at 0.1 false alarms an hour that Picovoice's wake-word benchmark publishes.
PUBLISHED = {"PocketSphinx": 0.520, "Snowboy": 0.319, "Porcupine": 0.027}
PUBLISHED_RATE = 0.1
MOST_QUERIES = 60
COLOURS = {"trained": TRAINED, "untrained": MUTED, "before": MUTED}


def searches(results: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Entries of searches, by task and model."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for result in results:
        if result.get("kind") == "search":
            found.setdefault(str(result["trials_name"]), {})[str(result["model"])] = result
    return found


def search_pictures(results: Sequence[Mapping[str, Any]]) -> list[Picture]:
    """One plot for each search, all models in it."""
    pictures: list[Picture] = []
    for name, by_model in searches(results).items():
        first = next(iter(by_model.values()))
        note = ", ".join(
            f"{metric_label(key)} {percent(value).split(' ')[0]} %"
            for key, value in metrics_of(first).items()
            if key.startswith("miss_at_")
        )
        label = f"Misses against false alarms an hour, {name}: {note}"
        svg = _miss_plot(f"miss{len(pictures)}", label, by_model)
        pictures.append({"title": f"{first['protocol']}, {name}", "note": note, "svg": svg})
    return pictures


def search_tables(results: Sequence[Mapping[str, Any]]) -> list[Table]:
    """For each search its groups side by side, and its queries one by one, the hardest first."""
    tables = []
    for name, by_model in searches(results).items():
        first = next(iter(by_model.values()))
        if first.get("groups"):
            tables.append(_groups(name, first))
        tables.append(_queries(name, first))
        if first["protocol"] == WAKE_WORD:
            tables.append(_published(by_model))
    return tables


def _published(by_model: Mapping[str, Mapping[str, Any]]) -> Table:
    """Misses at the published rate, ours beside those of others."""
    metric = f"miss_at_{PUBLISHED_RATE:g}"
    ours = [[f"{model} model", percent(metrics_of(result).get(metric))] for model, result in by_model.items()]
    rows = [*ours, *([f"{system}, published", percent(miss)] for system, miss in PUBLISHED.items())]
    caption = (
        f"Misses at {PUBLISHED_RATE:g} false alarms an hour, in percent; published: on Picovoice's own mixture of "
        "its six keywords, a mean over them"
    )
    return Table(caption, ["System", "Miss"], rows)


def _groups(name: str, result: Mapping[str, Any]) -> Table:
    groups = result["groups"]
    metrics = dict.fromkeys(metric for group in groups.values() for metric in metrics_of(group))
    rows = [
        [metric_label(metric), *(percent(group["metrics"].get(metric)) for group in groups.values())]
        for metric in metrics
    ]
    for key, label in (("queries_that_occur", "queries"), ("occurrences", "occurrences")):
        rows.append([label, *(count(group[key]) for group in groups.values())])
    return Table(f"{name}, {result['model']} model, by group of queries. In percent", ["Metric", *groups], rows)


def _queries(name: str, result: Mapping[str, Any]) -> Table:
    rows = sorted(result["by_query"], key=lambda row: row["ap"])[:MOST_QUERIES]
    misses = [key for key in (rows[0] if rows else {}) if key.startswith("miss_at_")]
    columns = ["Query", "Occurrences", "AP", "P@N", *map(metric_label, misses)]
    cells = [
        [
            row["text"] or f"spoken: {row['utt_id']}",
            count(row["occurrences"]),
            *(percent(row[key]) for key in ("ap", "p_at_n", *misses)),
        ]
        for row in rows
    ]
    total = len(result["by_query"])
    shown = f"the hardest {len(rows)} of {total:,}" if total > len(rows) else f"all {total:,}"
    return Table(f"{name}, {result['model']} model, {shown} queries. In percent", columns, cells)


def _miss_plot(name: str, label: str, by_model: Mapping[str, Mapping[str, Any]]) -> str:
    """Mean misses of the queries against the false alarms that each may have in an hour."""
    with drawing():
        figure = new_figure(420, 300)
        axes = figure.add_subplot()
        first = next(iter(by_model.values()))
        rates = np.asarray(first["curve"]["fa_per_hour"], float)
        least = float(rates[1]) / 2 if len(rates) > 1 else 0.05
        published = first["protocol"] == WAKE_WORD
        left = min(least, PUBLISHED_RATE / 2) if published else least
        for model, result in reversed(list(by_model.items())):
            x, y = (np.asarray(result["curve"][key], float) for key in ("fa_per_hour", "miss"))
            # No false alarm at all is at the left edge: the axis has no 0.
            style = "--" if model != "trained" else "-"
            x = np.maximum(x, left)
            axes.step(x, 100 * y, style, where="post", color=COLOURS.get(model, OTHER), label=model)
        if published:
            for system, miss in PUBLISHED.items():
                axes.plot([PUBLISHED_RATE], [100 * miss], "D", color=OTHER, markersize=6)
                axes.annotate(
                    system, (PUBLISHED_RATE, 100 * miss), (7, 0), textcoords="offset points", va="center", color=INK
                )
        axes.set_xscale("log")
        axes.set(xlim=(left, max(float(rates[-1]), 2 * left)), ylim=(0, 100))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("false alarms of a query in an hour")
        axes.set_ylabel("misses, %")
        axes.legend(loc="upper right", handlelength=1.6)
        return inline_svg(figure, name, label)
