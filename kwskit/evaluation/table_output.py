"""A table of methods as Markdown, LaTeX and JSON."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kwskit.atomic_write import atomic_write
from kwskit.evaluation.report.tables import MISSING, Table, escape_markdown, interval, latex_escape

CAPTION = (
    "In percent: mean over training seeds, ± standard deviation over seeds, and 95 % interval by a bootstrap of test "
    "words and seeds"
)
DIFFERENCES = (
    "Differences in percentage points on the same words and seeds; * where the 95 % interval excludes 0, without "
    "correction for the number of comparisons"
)


def write_table(folder: Path, content: Mapping[str, Any]) -> Path:
    """Write ``<name>.md``, ``.tex`` and ``.json`` of a table into ``folder``; returns the first.

    Parameters
    ----------
    content : ``name``, ``title``; ``columns`` ({name, label, group, ...}); ``rows`` ({label, columns,
        numbers, paper, note, run, runs});
        ``differences`` ({row, baseline, column, value, low, high, significant}); ``notes``, ``missing`` and
        ``facts`` (text)
    """
    name = str(content["name"])
    groups = dict.fromkeys(column["group"] for column in content["columns"])
    tables = [table for group in groups for table in _group_tables(content, group)]
    json_text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    latex = "\n".join(
        [table.latex(f"tab:{name}{'-' * bool(k)}{k or ''}") for k, table in enumerate(tables)]
        + [f"% {latex_escape(line)}" for line in _remarks(content)]
    )
    for ending, text in (("json", json_text), ("tex", latex + "\n"), ("md", _markdown(content, tables))):
        with atomic_write(folder / f"{name}.{ending}") as partial:
            partial.write_text(text, encoding="utf-8")
    return folder / f"{name}.md"


def _markdown(content: Mapping[str, Any], tables: Sequence[Table]) -> str:
    facts = content["facts"]
    lines = [f"# {content['title']}", "", *(table.markdown() for table in tables)]
    lines += [f"- {escape_markdown(line)}" for line in _remarks(content)]
    lines += ["", "Made by:", "", "```", facts["command"], "```", "", _runs(content).markdown()]
    lines += [f"- {key}: {value}" for key, value in facts.items() if key != "command"]
    return "\n".join(lines) + "\n"


def _remarks(content: Mapping[str, Any]) -> list[str]:
    """Missing runs first, then the table's notes and its rows'."""
    missing = [f"Missing: {one}" for one in content["missing"]]
    return (
        missing + list(content["notes"]) + [f"{row['label']}: {row['note']}" for row in content["rows"] if row["note"]]
    )


def _group_tables(content: Mapping[str, Any], group: str) -> list[Table]:
    """The methods' numbers in the columns of ``group``, and their differences where there are any."""
    columns = [column for column in content["columns"] if column["group"] == group]
    title = f"{content['title']}: {group}" if group else content["title"]
    names = [column["name"] for column in columns]
    differences = [found for found in content["differences"] if found["column"] in names]
    tables = [_numbers(title, columns, [row for row in content["rows"] if _has_place(row, names)])]
    return tables + ([_differences(columns, differences)] if differences else [])


def _has_place(row: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Whether the row is meant to have a number in one of the columns."""
    return row["columns"] is None or not set(names).isdisjoint(row["columns"])


def _numbers(title: str, columns: Sequence[Mapping[str, Any]], lines: Sequence[Mapping[str, Any]]) -> Table:
    """A row a method; beside each column the paper's number."""
    has_paper = {c["name"]: any(c["name"] in row["paper"] for row in lines) for c in columns}
    heads = [head for c in columns for head in (c["label"], *(["paper"] if has_paper[c["name"]] else []))]
    rows = []
    for row in lines:
        cells = [row["label"]]
        for c in columns:
            cells.append(_cell(row["numbers"].get(c["name"])))
            if has_paper[c["name"]]:
                reported = row["paper"].get(c["name"])
                cells.append(MISSING if reported is None else f"{reported:.2f}")
        rows.append(cells)
    return Table(f"{title}. {CAPTION}", ["Method", *heads], rows)


def _differences(columns: Sequence[Mapping[str, Any]], differences: Sequence[Mapping[str, Any]]) -> Table:
    pairs = dict.fromkeys((d["row"], d["baseline"]) for d in differences)
    found = {(d["row"], d["baseline"], d["column"]): d for d in differences}
    rows = [
        [row, baseline, *(_signed(found.get((row, baseline, c["name"]))) for c in columns)] for row, baseline in pairs
    ]
    return Table(DIFFERENCES, ["Method", "minus", *(c["label"] for c in columns)], rows, text_columns=2)


def _runs(content: Mapping[str, Any]) -> Table:
    """Seeds, epochs and time of training of every row."""
    rows = []
    for row in content["rows"]:
        runs = row["runs"]
        epochs = ", ".join(str(run["epochs"]) for run in runs) or MISSING
        best = ", ".join(f"{100 * run['valid_ap']:.1f}" for run in runs) or MISSING
        minutes = ", ".join(f"{run['seconds'] / 60:.1f}" for run in runs) or MISSING
        seeds = ", ".join(str(run["seed"]) for run in runs) or MISSING
        rows.append([row["label"], row["run"], seeds, epochs, best, minutes])
    heads = ["Method", "Run", "Seeds", "Epochs", "Best validation AP (%)", "Training (min)"]
    return Table("Trainings, seed by seed", heads, rows, text_columns=2)


def _cell(number: Mapping[str, Any] | None) -> str:
    value, low, high = interval(number)
    if number is None or value is None:
        return MISSING
    spread = "" if number["spread"] is None else f" ± {100 * number['spread']:.1f}"
    return f"{100 * value:.1f}{spread}" + (
        "" if low is None or high is None else f" [{100 * low:.1f}, {100 * high:.1f}]"
    )


def _signed(difference: Mapping[str, Any] | None) -> str:
    value, low, high = interval(difference)
    if difference is None or value is None:
        return MISSING
    between = "" if low is None or high is None else f" [{_points(low)}, {_points(high)}]"
    return f"{_points(value)}{between}{' *' if difference['significant'] else ''}"


def _points(fraction: float) -> str:
    """In percentage points with a sign, and no -0.0."""
    return f"{round(100 * fraction, 1) + 0.0:+.1f}"
