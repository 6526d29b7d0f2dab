"""Training runs of tables as subprocesses: several at a time, resumed, and never stopped by one that fails."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LOG = "log.txt"
TAIL = 12  # lines of a failed job's log


@dataclass(frozen=True)
class Job:
    """Train one configuration with one seed, then score it.

    Attributes
    ----------
    name : for people
    exp : folder of the run; its log is ``exp/log.txt``
    commands : arguments of ``python -m kwskit``, one after the other
    """

    name: str
    exp: Path
    commands: tuple[tuple[str, ...], ...]


class JobRunner:
    """Runs jobs in order, ``jobs`` at a time, each with its share of the cores, and tells a line when one ends.

    Parameters
    ----------
    jobs : how many at a time
    """

    def __init__(self, jobs: int):
        self.jobs = jobs
        self.threads = str(max(1, (os.cpu_count() or 1) // jobs))
        self._running: set[subprocess.Popen] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def run(self, jobs: Sequence[Job]) -> list[Job]:
        """Run all; returns those that failed. An interrupt ends the running ones, whose checkpoints are kept."""
        failed: list[Job] = []
        began = time.monotonic()
        with self._terminable(), ThreadPoolExecutor(self.jobs) as pool:
            futures = {pool.submit(self._one, job): job for job in jobs}
            try:
                for done, future in enumerate(as_completed(futures), 1):
                    job, (seconds, error) = futures[future], future.result()
                    left = (time.monotonic() - began) / done * (len(jobs) - done)
                    outcome = f"FAILED after {seconds:.0f} s" if error else f"{_last_word(job)}; {seconds:.0f} s"
                    print(f"[{done}/{len(jobs)}] {job.name}: {outcome}; about {left / 60:.0f} min left", flush=True)
                    if error:
                        failed.append(job)
                        print(error, file=sys.stderr, flush=True)
            except BaseException:
                self._stop(futures)
                raise
        return failed

    def _one(self, job: Job) -> tuple[float, str]:
        """Seconds a job took, and what went wrong."""
        began = time.monotonic()
        job.exp.mkdir(parents=True, exist_ok=True)
        log = job.exp / LOG
        environment = {**os.environ, "OMP_NUM_THREADS": self.threads, "PYTHONUNBUFFERED": "1"}
        with log.open("ab") as sink:
            for command in job.commands:
                sink.write(f"$ kwskit {' '.join(command)}\n".encode())
                sink.flush()
                with self._lock:
                    if self._stopped:
                        return 0.0, "stopped"
                    process = subprocess.Popen(
                        [sys.executable, "-m", "kwskit", *command],
                        stdin=subprocess.DEVNULL,
                        stdout=sink,
                        stderr=subprocess.STDOUT,
                        env=environment,
                    )
                    self._running.add(process)
                status = process.wait()
                with self._lock:
                    self._running.discard(process)
                if status:
                    tail = "\n".join(f"    {line}" for line in _tail(log))
                    return time.monotonic() - began, f"  kwskit {command[0]}: exit status {status}; {log} ends:\n{tail}"
        return time.monotonic() - began, ""

    def _stop(self, futures) -> None:
        for future in futures:
            future.cancel()
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.terminate()

    @contextmanager
    def _terminable(self) -> Iterator[None]:
        """While jobs run, SIGTERM ends them as Ctrl-C does, so that none goes on alone."""

        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        main = threading.current_thread() is threading.main_thread()
        before = signal.signal(signal.SIGTERM, interrupt) if main else None
        try:
            yield
        finally:
            if main:
                signal.signal(signal.SIGTERM, before)


def _tail(log: Path, lines: int = TAIL) -> list[str]:
    with log.open(encoding="utf-8", errors="replace") as source:
        return [line.rstrip("\n") for line in deque(source, lines)]


def _last_word(job: Job) -> str:
    """What training told last: its best epoch."""
    lines = [line for line in _tail(job.exp / LOG, 200) if line.startswith("best validation AP")]
    return lines[-1].partition(";")[0] if lines else "done"
