"""Standard streams that were closed before the program began, or are closed while it runs."""

import os
import sys


def open_closed_streams() -> None:
    """Give a closed stdout or stderr (``>&-``) the null device, and say on stderr that what is printed is discarded.

    Else the next file that is opened would take the stream's number, and get what is printed. ``sys.stdin`` stays None
    where it is closed, for whoever wants to read it to say so.
    """
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  # it stays open
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        print("kwskit: stdout is closed: what is printed there is discarded", file=sys.stderr)


def flush_stdout() -> None:
    """Write what is buffered, so that a full disk or a reader that has gone is found out before the program ends.

    Raises
    ------
    OSError
        When it cannot be written; what is left of it is discarded, so that the interpreter does not try again.
    """
    try:
        sys.stdout.flush()
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
        raise
