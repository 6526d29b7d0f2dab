"""A worker that is killed: the command says so, nothing is lost, and it goes on where it was."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from loads.commands import found, kwskit, recordings, told


def killed_worker(model: str, folder: Path) -> None:
    """Kill a worker of ``kwskit index --jobs 2``, and print how it goes."""
    paths = recordings(folder / "spoken", 4, 20.0)
    whole, index = folder / "whole", folder / "index"
    kwskit("index", *paths, "--out", whole, "--model", model, "--jobs", 2)
    command = [sys.executable, "-m", "kwskit", "index", *map(str, paths), "--out", str(index), "--model", model]
    with subprocess.Popen([*command, "--jobs", "2"], stderr=subprocess.PIPE, text=True) as process:
        os.kill(_worker(process), signal.SIGKILL)
        said = process.communicate()[1].strip().splitlines()[-1]
    told("kwskit index whose worker is killed", process.returncode == 1, process.returncode, said)
    status, said = kwskit("index", *paths, "--out", index, "--jobs", 2)
    same = found(index, "computer") == found(whole, "computer")
    told("the same once more: it finds what it finds without the fault", status == 0 and same, status, said)


def _worker(process: "subprocess.Popen[str]") -> int:
    """A process that computes for another one (Linux)."""
    while process.poll() is None:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for child in map(int, children):
            fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            if (
                int(fields[11]) > 50 and "spawn_main" in Path(f"/proc/{child}/cmdline").read_text()
            ):  # half a second of work
                return child
        time.sleep(0.02)
    raise SystemExit("kwskit index has ended before its worker could be killed: give it more recordings")
