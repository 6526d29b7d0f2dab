"""What an export does now, for a person who waits for it."""

import sys


def print_step(step: str) -> None:
    """Print ``step`` to stderr."""
    print(step, file=sys.stderr, flush=True)
