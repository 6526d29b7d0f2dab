"""How the threads of OpenMP, which torch computes with on a CPU, wait for each other."""

import os

# Each tells an implementation how to wait: all of them, GNU's, and LLVM's and Intel's.
CHOICES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")


def sleep_while_waiting() -> None:
    """Let threads sleep while they wait for others, rather than keep their cores busy, unless the environment says how.

    Every operation ends when its slowest thread does. Beside another busy process that thread waits for a core, while
    those that are done keep theirs from it; tools/bench/busy.py measures what that costs.
    The variables are read when the library is loaded: call it before torch is imported.
    """
    if not any(name in os.environ for name in CHOICES):
        os.environ["OMP_WAIT_POLICY"] = "passive"
