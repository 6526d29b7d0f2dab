"""``kwskit table``."""

import argparse
from pathlib import Path

from kwskit.commands.overrides import overrides
from kwskit.commands.usage import add_device, count

HELP = "train and compare all rows of tables; --a.b VALUE overrides the YAML of every row"
OVERRIDES = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("table", type=Path, nargs="+", help="YAML of a table")
    parser.add_argument("--config", type=Path, required=True, help="YAML of the experiment that every row starts from")
    parser.add_argument("--overlay", type=Path, action="append", default=[], help="YAML merged over it (repeatable)")
    parser.add_argument("--data", type=Path, required=True, help="folder of the corpus")
    parser.add_argument("--exp", type=Path, required=True, help="folder of the tables and of their runs")
    text = "number of trainings of a row, each with a seed of its own (default 3)"
    parser.add_argument("--seeds", type=count, default=3, help=text)
    parser.add_argument("--jobs", type=count, help="number of runs at a time (default: one on a GPU, else one a core)")
    text = "tables are made of the runs that are there, and nothing is trained"
    parser.add_argument("--gather-only", action="store_true", help=text)
    add_device(parser, None)


def run(options: argparse.Namespace, rest: list[str]) -> None:
    """Run it."""
    from kwskit.stages.table import make_tables
    from kwskit.stages.table_place import Workplace
    from kwskit.stages.table_plan import Base

    base = Base(options.config, tuple(options.overlay), overrides(rest))
    plugins, device = tuple(options.plugin), options.device
    place = Workplace(options.data, options.exp, base, options.seeds, device, plugins)
    make_tables(options.table, place, options.jobs, options.gather_only)
