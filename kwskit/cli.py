"""``kwskit …``: parses, calls, prints. Each command is a file of :mod:`kwskit.commands`, which calls the package."""

import argparse
import importlib
import logging
import os
import sys
from io import TextIOWrapper
from pathlib import Path
from types import ModuleType

from kwskit import __version__, openmp, registry
from kwskit.extras import import_message

COMMANDS = (
    "models",
    "parts",
    "fetch",
    "align",
    "pack",
    "train",
    "adopt",
    "score",
    "report",
    "table",
    "index",
    "search",
    "serve",
    "spot",
    "calibrate",
    "check",
    "export",
)


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit status.

    Errors that a person can mend are told in one line; ``KWSKIT_DEBUG=1`` shows where they come from.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as stderr: a terminal may know ASCII only
    openmp.sleep_while_waiting()
    options, rest = _parser().parse_known_args(argv)
    logging.basicConfig(level=os.environ.get("KWSKIT_LOG", "WARNING"), format="%(levelname)s %(name)s: %(message)s")
    try:
        registry.load_entry_points()
        for plugin in options.plugin:
            registry.load_plugin(plugin)
        _run(options.module, options, rest)
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        print(f"kwskit {options.command}: interrupted", file=sys.stderr)
        return 130
    except (ValueError, LookupError, OSError, RuntimeError, ImportError) as error:
        if os.environ.get("KWSKIT_DEBUG"):
            raise
        told = error.args[0] if isinstance(error, KeyError) else error  # a KeyError quotes its message
        if isinstance(error, ImportError):
            told = import_message(error)
        print(f"kwskit {options.command}: {_line(str(told))}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kwskit", description="Keyword spotting enrolled by typing.")
    parser.add_argument("--version", action="version", version=f"kwskit {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        module = importlib.import_module(f"kwskit.commands.{name}")
        command = commands.add_parser(name, help=module.HELP, description=module.HELP)
        command.add_argument(
            "--plugin", type=Path, action="append", default=[], help="Python file that registers parts"
        )
        command.set_defaults(module=module)
        module.arguments(command)
    return parser


def _line(told: str) -> str:
    """A message in one line, with what would move a terminal's cursor escaped: names of files may hold anything."""
    joined = " ".join(line.strip() for line in told.splitlines())
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in joined
    )


def _run(command: ModuleType, options: argparse.Namespace, rest: list[str]) -> None:
    """Run a command; only one that says ``OVERRIDES`` takes arguments that it has not declared."""
    if getattr(command, "OVERRIDES", False):
        command.run(options, rest)
        return
    if rest:
        raise ValueError(f"unknown argument {rest[0]}")
    command.run(options)
