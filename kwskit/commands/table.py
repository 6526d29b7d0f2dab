"""``kwskit table``."""

import argparse
from pathlib import Path

from kwskit.commands.overrides import overrides

HELP = "train and compare all rows of tables; --a.b VALUE as in train"
OVERRIDES = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("table", type=Path, nargs="+", help="a table's YAML")
    parser.add_argument("--config", type=Path, required=True, help="the experiment that every row starts from")
    parser.add_argument("--overlay", type=Path, action="append", default=[], help="YAML merged over it (repeatable)")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--exp", type=Path, required=True, help="folder of the tables and of their runs")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of a row (default 3)")
    parser.add_argument("--jobs", type=int, help="runs at a time (default: one on a GPU, else one a core)")
    parser.add_argument("--gather-only", action="store_true", help="train nothing: tables of what is there")
    parser.add_argument("--device", help="cpu, cuda, cuda:1 … (default: cuda where there is one)")


def run(options: argparse.Namespace, rest: list[str]) -> None:
    """Run it."""
    from kwskit.stages.table import make_tables
    from kwskit.stages.table_place import Workplace
    from kwskit.stages.table_plan import Base

    base = Base(options.config, tuple(options.overlay), overrides(rest))
    plugins, device = tuple(options.plugin), options.device
    place = Workplace(options.data, options.exp, base, options.seeds, device, plugins)
    make_tables(options.table, place, options.jobs, options.gather_only)
