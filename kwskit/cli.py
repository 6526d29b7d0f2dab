"""``kwskit …``: parses, calls, prints. Each command is a file of :mod:`kwskit.commands`, which calls the package."""

import argparse
import importlib
import logging
import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from kwskit import __version__, registry
from kwskit.commands.usage import UsageError
from kwskit.extras import import_message
from kwskit.standard_streams import flush_stdout, open_closed_streams
from kwskit.task_pool import tasks_on

COMMANDS = (
    "models",
    "parts",
    "fetch",
    "transcribe",
    "align",
    "pack",
    "train",
    "adopt",
    "score",
    "report",
    "table",
    "recipe",
    "new",
    "index",
    "search",
    "serve",
    "wyoming",
    "spot",
    "calibrate",
    "check",
    "adapt",
    "export",
    "publish",
)


EXIT_STATUS = """exit status:
  0    all went well
  1    something could not be used or done: a file, a model, a device, one of several recordings; stderr says what
  2    wrong usage: an argument that is unknown, missing, out of its range, or does not go with the others
  130  interrupted with Ctrl-C

A message is one line on stderr; KWSKIT_DEBUG=1 shows where it comes from, KWSKIT_LOG=INFO (or DEBUG) tells more."""
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class _Parsed(Exception):
    """The arguments were a question (status 0), or wrong (2), and have been answered."""

    def __init__(self, status: int):
        super().__init__(status)
        self.status = status


class _Parser(argparse.ArgumentParser):
    """Tells what is wrong in one line, rather than under the whole usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        if message:
            _tell(_line(message))
        raise _Parsed(status)


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit status (``EXIT_STATUS``).

    Errors that a person can mend are told in one line; ``KWSKIT_DEBUG=1`` shows where they come from.
    """
    name, status = "kwskit", 1
    open_closed_streams()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as stderr: a terminal may know ASCII only
    try:
        options, rest = _parser().parse_known_args(argv)
        name = f"kwskit {options.command}"
        _run(options, rest)
        status = 0
    except _Parsed as end:
        status = end.status
    except BrokenPipeError:  # who read it has seen enough
        pass
    except KeyboardInterrupt:
        status = 130
        _tell(f"{name}: interrupted")
    except (ValueError, LookupError, OSError, RuntimeError, ImportError) as error:
        if os.environ.get("KWSKIT_DEBUG"):
            raise
        status = 2 if isinstance(error, UsageError) else 1
        quoted = isinstance(error, KeyError) and error.args  # a KeyError quotes its message
        message = error.args[0] if quoted else error
        if isinstance(error, ImportError):
            message = import_message(error)
        _tell(f"{name}: {_line(str(message))}")
    try:
        flush_stdout()
    except BrokenPipeError:
        status = status or 1
    except OSError as error:
        status = 1
        _tell(f"{name}: stdout: {error}")
    return status


def _tell(message: str) -> None:
    with suppress(OSError):  # nobody reads stderr any more
        print(message, file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="kwskit",
        description="Keyword spotting enrolled by typing.",
        epilog=EXIT_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"kwskit {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        module = importlib.import_module(f"kwskit.commands.{name}")
        command = commands.add_parser(name, help=module.HELP, description=module.HELP)
        text = "Python file that registers parts (repeatable)"
        command.add_argument("--plugin", type=Path, action="append", default=[], metavar="FILE", help=text)
        command.set_defaults(module=module)
        module.arguments(command)
    return parser


def _line(message: str) -> str:
    """A message in one line, with what would move a terminal's cursor escaped: names of files may hold anything."""
    joined = " ".join(line.strip() for line in message.splitlines())
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in joined
    )


def _run(options: argparse.Namespace, rest: list[str]) -> None:
    """Run a command; only one that says ``OVERRIDES`` takes arguments that it has not declared."""
    _log(os.environ.get("KWSKIT_LOG") or "WARNING")
    command: ModuleType = options.module
    overrides = getattr(command, "OVERRIDES", False)
    if rest and not overrides:
        raise UsageError(f"unknown argument {rest[0]} (see kwskit {options.command} --help)")
    registry.load_entry_points()
    for plugin in options.plugin:
        registry.load_plugin(plugin)
    with tasks_on(getattr(options, "executor", None)):
        command.run(options, rest) if overrides else command.run(options)


def _log(level: str) -> None:
    if level.upper() not in LEVELS:
        raise UsageError(f"KWSKIT_LOG={level}: a level of the log is one of {', '.join(LEVELS)}")
    logging.basicConfig(level=level.upper(), format="%(levelname)s %(name)s: %(message)s")
