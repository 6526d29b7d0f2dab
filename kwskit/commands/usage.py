"""Arguments that several commands take, and what is wrong usage."""

import argparse
import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kwskit.data.address import is_address
from kwskit.spotting import FA_PER_HOUR

if TYPE_CHECKING:
    from kwskit.spotting.kept.kept_folder import KeptFolder

MEGABYTES, DAYS = 50, 30  # that are kept


class UsageError(ValueError):
    """Arguments that do not fit together, or that a command does not take: exit status 2."""


def finite(text: str) -> float:
    """A number for ``type=`` of an argument; neither inf nor nan, which no score and no rate is."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"'{text}' is no finite number")
    return number


def rate(text: str) -> float:
    """False alarms an hour, for ``type=`` of an argument."""
    number = finite(text)
    if number <= 0:
        raise argparse.ArgumentTypeError(f"a rate of false alarms is above 0 an hour, not {text}")
    return number


def positive(text: str) -> float:
    """A number above 0, for ``type=`` of an argument."""
    number = finite(text)
    if number <= 0:
        raise argparse.ArgumentTypeError(f"'{text}' is no number above 0")
    return number


def count(text: str) -> int:
    """How many, at least one, for ``type=`` of an argument."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number above 0")
    return number


def port(text: str) -> int:
    """Number of a port, for ``type=`` of an argument."""
    if not (text.isdecimal() and int(text) < 65_536):
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not '{text}'")
    return int(text)


def local_folder(text: str) -> Path:
    """A folder of this machine or of a disk that machines share, for ``type=`` of an argument."""
    if is_address(text):
        raise argparse.ArgumentTypeError(
            f"'{text}' is an address: this is written to, and mapped from, a disk: name a folder"
        )
    return Path(text)


def listen_on_one_thread() -> None:
    """Have numpy compute on one thread, unless the environment says on how many; to be called before it is imported.

    Products of a quarter of a second of sound are so small that more threads take more than twice the processor's time.
    """
    if "OMP_NUM_THREADS" not in os.environ:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def add_rate(parser: argparse.ArgumentParser) -> None:
    """``--fa-per-hour``."""
    text = f"false alarms an hour that each keyword's threshold is set for (default {FA_PER_HOUR:g})"
    parser.add_argument("--fa-per-hour", type=rate, default=FA_PER_HOUR, metavar="RATE", help=text)


def add_lexicon(parser: argparse.ArgumentParser) -> None:
    """``--lexicon``."""
    text = "file of readings that keywords have in the place of the dictionary's: lines 'word PH PH', 'word(2) PH PH'"
    parser.add_argument("--lexicon", type=Path, metavar="FILE", help=text)


def add_device(parser: argparse.ArgumentParser, default: str | None = "cpu") -> None:
    """``--device``; None is a GPU where there is one, for commands that train or score."""
    usual = "default: cuda where there is one" if default is None else "default cpu, which exported models keep to"
    parser.add_argument("--device", default=default, help=f"device to compute on: cpu, cuda, cuda:1 … ({usual})")


def add_keep(parser: argparse.ArgumentParser) -> None:
    """``--keep`` and its bounds."""
    text = "folder in which to keep clips of what sets keywords off, and of what nearly does (default: nothing is kept)"
    parser.add_argument("--keep", type=local_folder, metavar="DIR", help=text)
    text = "megabytes of clips at most, of which the oldest go first (default %(default)g)"
    parser.add_argument("--keep-mb", type=positive, default=MEGABYTES, metavar="MB", help=text)
    text = "days after which clips that nobody has judged go (default %(default)g)"
    parser.add_argument("--keep-days", type=positive, default=DAYS, metavar="DAYS", help=text)


def kept_folder(options: argparse.Namespace) -> "KeptFolder | None":
    """What :func:`add_keep` asks for; UsageError for bounds of nothing that is kept."""
    if options.keep is None:
        if (options.keep_mb, options.keep_days) != (MEGABYTES, DAYS):
            raise UsageError("--keep-mb and --keep-days bound what --keep DIR keeps")
        return None
    from kwskit.spotting.kept.kept_folder import KeptFolder

    folder = KeptFolder.create(options.keep, options.keep_mb, options.keep_days)
    print(f"what sets keywords off, and what nearly does, is kept in {folder.path}", file=sys.stderr)
    return folder
