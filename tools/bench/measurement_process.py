"""A measurement in a process of its own, whose libraries all have one thread."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any


def in_process(command: Sequence[str], job: dict[str, Any]) -> dict[str, Any]:
    """The JSON object in the last line that a Python command prints when the job, as JSON, is its last argument.

    The job is told when it was ``begun``, in seconds of the epoch.

    Raises
    ------
    SystemExit
        With what the process said, when it fails.
    """
    environment = dict(os.environ)
    environment |= {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "NUMEXPR")}
    job = job | {"begun": time.time()}
    done = subprocess.run([sys.executable, *command, json.dumps(job)], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{job['name']}:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])
