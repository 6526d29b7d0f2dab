"""The tables of a report: results by protocol, data, confused pairs."""

from collections.abc import Mapping, Sequence
from typing import Any

from kwskit.evaluation.report.tables import MISSING, Table, count, percent
from kwskit.evaluation.results_table import chance_of, metric_label, metrics_of


def results_tables(results: Sequence[Mapping[str, Any]]) -> list[Table]:
    """A table for each task: a row a metric, a column a model, and what a random score would get where known."""
    lists: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for result in results:
        lists.setdefault((str(result["protocol"]), str(result["trials_name"])), {})[str(result["model"])] = result
    return [_results_table(*name, by_model) for name, by_model in lists.items()]


def counts_summary(result: Mapping[str, Any]) -> str:
    """How much was measured, in words."""
    if result.get("kind") == "search":
        return (
            f"{count(result.get('queries_that_occur'))} queries that occur {count(result.get('occurrences'))} times in "
            f"{result['hours']:.2f} h"
        )
    if result.get("kind") == "segments":
        return f"{count(result.get('segments'))} segments of {count(result.get('words'))} words"
    return (
        f"{count(result.get('trials'))} trials, {count(result.get('positives'))} targets, "
        f"{count(result.get('words'))} typed words"
    )


def _results_table(protocol: str, trials_name: str, by_model: Mapping[str, Mapping[str, Any]]) -> Table:
    first = next(iter(by_model.values()))
    title = f"{counts_summary(first)}. In percent, 95 % intervals in brackets"
    metrics = dict.fromkeys(name for result in by_model.values() for name in metrics_of(result))
    rows = [
        [metric_label(name), *(percent(metrics_of(result).get(name)) for result in by_model.values())]
        for name in metrics
    ]
    chances = [chance_of(name, first) for name in metrics]
    if all(chance is None for chance in chances):
        return Table(f"Protocol {protocol} ({trials_name}): {title}", ["Metric", *by_model], rows)
    rows = [[*row, percent(chance)] for row, chance in zip(rows, chances, strict=True)]
    return Table(f"Protocol {protocol} ({trials_name}): {title}", ["Metric", *by_model, "chance"], rows)


def data_table(splits: Sequence[dict[str, Any]]) -> Table:
    """A row for each split of the data."""
    columns = ["Split", "Segments", "Words", "Voices", "Hours"]
    rows = [
        [split["split"], *(count(split[key]) for key in ("segments", "words", "speakers")), f"{split['hours']:.2f}"]
        for split in splits
    ]
    return Table("Segments by split", columns, rows)


def shared_with_training(splits: Sequence[dict[str, Any]]) -> str:
    """What the test set has in common with the training set, in a sentence; empty when one of them is unknown."""
    test = next((split for split in splits if split["split"] == "test"), None)
    if test is None or test["words_shared"] is None:
        return ""
    words, voices = (test[key] or "none" for key in ("words_shared", "speakers_shared"))
    return f"Of the test set, {words} of the words and {voices} of the voices are in the training set."


def pairs_table(pairs: Sequence[dict[str, Any]], protocol: str) -> Table:
    """The most confused pairs; ``pairs`` as :func:`kwskit.evaluation.confusions.confusions` tells them."""
    rows = [
        [pair["typed"], pair["spoken"], count(pair["trials"]), count(pair["accepted"]), f"{pair['score']:.3f}"]
        for pair in pairs
    ] or [["none", MISSING, MISSING, MISSING, MISSING]]
    caption = f"Protocol {protocol}: wrong pairs accepted at the threshold of equal error rates"
    return Table(caption, ["Typed", "Spoken", "Trials", "Accepted", "Mean score"], rows, text_columns=2)
