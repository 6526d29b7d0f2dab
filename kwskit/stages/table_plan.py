"""What a table compares: its YAML, read and checked, and the training runs that its rows need."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ruamel.yaml

from kwskit.hparams import plain_tree, resolve_hparams
from kwskit.registry import nearest
from kwskit.stages.experiment import KEYS
from kwskit.text_file import TextFileError, read_text


class TableError(ValueError):
    """A table's YAML that cannot be used; the message names the file and the field."""


@dataclass(frozen=True)
class Column:
    """A metric of a list of trials.

    Attributes
    ----------
    name : key in rows' ``paper``
    label : head of the column
    trials : what is scored, as :meth:`kwskit.stages.score_task.ScoreTask.named` reads it
    group : columns of one group stand in one table
    metric : ``ap``, ``auc``, ``eer`` or ``eer_nearest``, or ``acoustic_ap`` or ``cross_view_ap`` of segments
    """

    name: str
    label: str
    trials: str
    metric: str = "ap"
    group: str = ""


@dataclass(frozen=True)
class Row:
    """A method: how its configuration differs from the base, and what the paper reports.

    Attributes
    ----------
    label : the method's name
    overlays : YAML files merged over the base, absolute
    overrides : dotted overrides
    baselines : labels of the rows it is compared with (``baseline`` in the YAML, one or several)
    paper : column name -> the paper's number, in percent
    note : what a reader must know, such as that a formula is a reconstruction
    columns : names of the columns that make sense for it; None = all
    """

    label: str
    overlays: tuple[Path, ...] = ()
    overrides: Mapping[str, str] = field(default_factory=dict)
    baselines: tuple[str, ...] = ()
    paper: Mapping[str, float] = field(default_factory=dict)
    note: str = ""
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True)
class TablePlan:
    """One table."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def columns_of(self, row: Row) -> list[Column]:
        """The columns that ``row`` fills."""
        return [c for c in self.columns if row.columns is None or c.name in row.columns]

    @property
    def trial_lists(self) -> list[str]:
        """Trial lists that the columns read, each once."""
        return list(dict.fromkeys(column.trials for column in self.columns))


@dataclass(frozen=True)
class Base:
    """What all rows start from: configuration, overlays and overrides, under the rows' own."""

    config: Path
    overlays: tuple[Path, ...] = ()
    overrides: Mapping[str, str] = field(default_factory=dict)

    def digest(self, row: Row) -> str:
        """The same for rows of one configuration, whatever its comments, files and seed.

        Raises
        ------
        kwskit.hparams.HparamsError
            When the row's configuration cannot be used.
        """
        overrides = {"num_words": "1", **self.overrides, **row.overrides}  # the words of the store, filled in by train
        text = resolve_hparams(self.config, [*self.overlays, *row.overlays], overrides, KEYS)
        content = json.dumps(plain_tree(text, without=("seed", "logger")), default=str)
        return hashlib.sha256(content.encode()).hexdigest()[:8]

    def readable(self, row: Row) -> str:
        """What the row changes, as the name of a folder."""
        parts = [path.stem for path in row.overlays] or [self.config.stem]
        parts += [f"{key}={value}" for key, value in row.overrides.items()]
        return re.sub(r"[^\w.=+-]+", "_", "+".join(parts))[:100]


def read_table(path: str | Path) -> TablePlan:
    """Read a table's YAML. ``extends: FILE`` takes over another table, whose rows come first.

    Overlays are relative to the YAML that names them; ``overlays`` at the top is shared by its rows.

    Raises
    ------
    TableError
        For a file that cannot be read, an unknown or missing field, a baseline or column that does not exist.
    """
    path = Path(path)
    try:
        tree = ruamel.yaml.YAML(typ="safe").load(read_text(path))
    except OSError as error:
        raise TableError(f"{path}: cannot be read: {error.strerror}") from error
    except TextFileError as error:
        raise TableError(str(error)) from error
    except ruamel.yaml.YAMLError as error:
        raise TableError(f"{path}: not a YAML file: {' '.join(str(error).split())}") from error
    _fields(path, "table", tree, ("title", "columns", "rows"), ("notes", "overlays", "extends"))
    parent = read_table(path.parent / tree["extends"]) if tree.get("extends") else None
    if parent is None and not (tree.get("title") and tree.get("columns")):
        raise TableError(f"{path}: a table needs a title and columns")
    columns = tuple(
        Column(**_fields(path, "column", c, ("name", "label", "trials"), ("metric", "group"), all_of=True))
        for c in tree.get("columns") or ()
    ) or (parent.columns if parent else ())
    shared = _overlays(path, tree.get("overlays"))
    rows = (*(parent.rows if parent else ()), *(_row(path, row, shared) for row in tree.get("rows") or ()))
    notes = (*(parent.notes if parent else ()), *(tree.get("notes") or ()))
    plan = TablePlan(path.stem, tree.get("title") or (parent.title if parent else ""), columns, rows, notes)
    _check(path, plan)
    return plan


def _row(path: Path, tree: Any, shared: Sequence[Path]) -> Row:
    optional = ("overlays", "overrides", "baseline", "paper", "note", "columns")
    row = _fields(path, "row", tree, ("label",), optional, all_of=True)
    baseline = row.get("baseline") or ()
    return Row(
        str(row["label"]),
        (*shared, *_overlays(path, row.get("overlays"))),
        {str(key): str(value) for key, value in (row.get("overrides") or {}).items()},
        (baseline,) if isinstance(baseline, str) else tuple(baseline),
        {str(key): float(value) for key, value in (row.get("paper") or {}).items()},
        str(row.get("note") or ""),
        None if row.get("columns") is None else tuple(row["columns"]),
    )


def _overlays(path: Path, names: Sequence[str] | None) -> tuple[Path, ...]:
    return tuple((path.parent / name).resolve() for name in names or ())


def _fields(path: Path, what: str, tree: Any, needed: Sequence[str], optional: Sequence[str], all_of: bool = False):
    """``tree``, a mapping with known fields only and, with ``all_of``, every needed one."""
    if not isinstance(tree, dict):
        raise TableError(f"{path}: a {what} is a mapping with {', '.join(needed)}, not {tree!r}")
    known = [*needed, *optional]
    for name in tree:
        if name not in known:
            raise TableError(f"{path}: a {what} has no field '{name}'{nearest(name, known)}; known: {', '.join(known)}")
    missing = [name for name in needed if name not in tree]
    if all_of and missing:
        raise TableError(f"{path}: the {what} {tree} lacks {', '.join(missing)}")
    return tree


def _check(path: Path, plan: TablePlan) -> None:
    labels, columns = [row.label for row in plan.rows], [column.name for column in plan.columns]
    for names, what in ((labels, "row"), (columns, "column")):
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise TableError(f"{path}: two {what}s are called '{twice[0]}'")
    for row in plan.rows:
        for baseline in row.baselines:
            if baseline not in labels:
                raise TableError(f"{path}: row '{row.label}': no row is called '{baseline}', its baseline")
        for name in (*row.paper, *(row.columns or ())):
            if name not in columns:
                raise TableError(
                    f"{path}: row '{row.label}': no column is called '{name}'; known: {', '.join(columns)}"
                )
