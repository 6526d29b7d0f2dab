"""What a person waiting for an export sees."""

import sys


def tell(what: str) -> None:
    """Print ``what`` to stderr."""
    print(what, file=sys.stderr, flush=True)
