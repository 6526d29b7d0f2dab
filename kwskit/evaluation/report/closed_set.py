"""Closed sets of keywords in a report: which word is heard for which, and how each keyword fares."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kwskit.evaluation.report.inline_svg import INK, drawing, inline_svg, new_figure
from kwskit.evaluation.report.plots import CELL
from kwskit.evaluation.report.tables import MISSING, Table, count, percent

TABLE_WORDS = 12  # a wider matrix is drawn, not written
OTHER = "(other)"


def confusion_pictures(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One matrix for each closed set, of the model that results.json tells first of it; ``width`` in CSS pixels."""
    pictures: list[dict[str, Any]] = []
    for entry in _closed_sets(results):
        note = f"{entry['model']} model, top-1 {percent(entry.get('top1'))} %"
        label = f"Confusion matrix of {entry['trials_name']}: {note}"
        words, rows, counts = _matrix(entry)
        svg = confusion_plot(f"confusion{len(pictures)}", label, words, rows, counts)
        pictures.append({"title": str(entry["protocol"]), "note": note, "svg": svg, "width": _width(words)})
    return pictures


def closed_set_tables(results: Sequence[Mapping[str, Any]]) -> list[Table]:
    """For each closed set the confusion matrix, if it is no wider than ``TABLE_WORDS``, and a row for each keyword."""
    tables = []
    for entry in _closed_sets(results):
        words, rows, counts = _matrix(entry)
        title = f"Protocol {entry['protocol']} ({entry['trials_name']}), {entry['model']} model"
        if len(words) <= TABLE_WORDS:
            cells = [[row, *(f"{n:,.4g}" for n in line)] for row, line in zip(rows, counts, strict=True)]
            caption = f"{title}: rows are spoken, columns the typed word that scores best"
            tables.append(Table(caption, ["Spoken", *words], cells))
        tables.append(_keyword_table(entry, title, words, counts))
    return tables


def confusion_plot(name: str, label: str, words: Sequence[str], rows: Sequence[str], counts: np.ndarray) -> str:
    """A confusion matrix, each row shaded by its shares; numbers in the cells where there is room.

    Parameters
    ----------
    name, label : see :func:`inline_svg`
    words : W typed words; rows : R spoken ones
    counts : (R, W)
    """
    with drawing():
        size = _cell(words)
        figure = new_figure(_width(words), 80 + size * len(rows))
        axes = figure.add_subplot()
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-9)
        cells = np.empty((*counts.shape, 4))
        cells[..., :3] = CELL
        cells[..., 3] = shares
        axes.imshow(cells, aspect="auto", interpolation="none")
        axes.grid(False)
        axes.set_xticks(range(len(words)), list(words), rotation=90, color=INK)
        axes.set_yticks(range(len(rows)), list(rows), color=INK)
        axes.set(xlabel="typed, best score", ylabel="spoken")
        if len(words) <= TABLE_WORDS:
            for row, column in zip(*np.nonzero(counts), strict=True):
                axes.text(column, row, f"{counts[row, column]:.3g}", ha="center", va="center", fontsize=10)
        return inline_svg(figure, name, label)


def _cell(words: Sequence[str]) -> int:
    """Height and width of a cell in CSS pixels."""
    return 36 if len(words) <= TABLE_WORDS else 16


def _width(words: Sequence[str]) -> int:
    return 90 + max(_cell(words) * len(words), 180)


def _closed_sets(results: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    seen = set()
    for entry in results:
        if entry.get("confusion") and entry["trials_name"] not in seen:
            seen.add(entry["trials_name"])
            yield entry


def _matrix(entry: Mapping[str, Any]) -> tuple[list[str], list[str], np.ndarray]:
    """Typed words, spoken words and counts, with the utterances of no typed word in a last row."""
    confusion = entry["confusion"]
    words, counts = confusion["words"], confusion["counts"]
    if "other" in confusion:
        return words, [*words, OTHER], np.array([*counts, confusion["other"]], float)
    return words, words, np.array(counts, float)


def _keyword_table(entry: Mapping[str, Any], title: str, words: Sequence[str], counts: np.ndarray) -> Table:
    """Recordings, accuracy, and AP and EER of each keyword against everything else that was said."""
    groups = entry.get("groups") or {}
    rows = []
    for place, word in enumerate(words):
        spoken = counts[place].sum()
        right = percent(counts[place, place] / spoken) if spoken else MISSING
        metrics = groups.get(word, {})
        rows.append([word, count(round(spoken)), right, percent(metrics.get("ap")), percent(metrics.get("eer"))])
    caption = f"{title}: each keyword against everything else, in percent"
    return Table(caption, ["Keyword", "Recordings", "Accuracy", "AP", "EER"], rows)
