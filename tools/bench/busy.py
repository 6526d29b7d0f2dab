"""Training beside a busy process: how many threads should compute, and how OpenMP's should wait for each other.

    python tools/bench/busy.py                                          # on a quiet machine, and beside one process
    python tools/bench/busy.py --busy 2 --setting OMP_NUM_THREADS=1 --setting OMP_NUM_THREADS=2,GOMP_SPINCOUNT=10000

One run times the training step of `kwskit train` (ADML with recipes/hparams/small.yaml, on noise words) in one process
for each setting of OpenMP's environment variables, since they are read when a process starts; as installed, the trainer
chooses its threads by the load (kwskit/threads.py). The processes take a few steps in turns, one at a time, alone and
beside processes that do nothing but use their core, so that what else the machine does meets all of them alike. Before
steps are timed, each trains for a while, in which the load is noticed. `--help` lists the options.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

HPARAMS = Path(__file__).parents[2] / "recipes" / "hparams"
AS_INSTALLED = "as installed"
ALL = f"OMP_NUM_THREADS={len(os.sched_getaffinity(0))}"
SETTINGS = (ALL, f"{ALL},OMP_WAIT_POLICY=passive", f"{ALL},GOMP_SPINCOUNT=10000", "OMP_NUM_THREADS=1")
OF_OPENMP = ("OMP_", "GOMP_", "KMP_")
BUSY = "import os; parent = os.getppid()\nwhile os.getppid() == parent: pass"


class Step(NamedTuple):
    """Seconds that a step took, and seconds of processors that it used."""

    wall: float
    processors: float


class Training:
    """A process that trains when it is asked to.

    Parameters
    ----------
    setting : environment variables, ``NAME=VALUE`` separated by commas, or ``as installed``
    options : command line
    """

    def __init__(self, setting: str, options: argparse.Namespace):
        self.setting = setting
        environment = {name: value for name, value in os.environ.items() if not name.startswith(OF_OPENMP)}
        if setting != AS_INSTALLED:
            environment |= dict(pair.split("=", 1) for pair in setting.split(","))
        command = [sys.executable, __file__, "--worker", "--keywords", str(options.keywords)]
        command += [part for path in options.overlay for part in ("--overlay", str(path))]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)
        self.threads = 0

    def ready(self) -> None:
        """Wait until it can begin."""
        self.threads = int(self._answer())

    def steps(self, count: int, settle: float = 0) -> list[Step]:
        """Take ``count`` steps, after others for ``settle`` seconds."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{count} {settle}\n")
        self._process.stdin.flush()
        return [Step(*map(float, step.split("/"))) for step in self._answer().split()]

    def end(self) -> None:
        """End the process."""
        self._process.communicate()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the training with '{self.setting}' ended with status {self._process.wait()}")
        return line


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """So many processes that each want a core."""
    processes = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]
    try:
        if count:
            time.sleep(0.2)  # Python has started
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def share(threads: int, busy: int) -> float:
    """How many times as long training takes if every thread that wants a core gets an equal share of the machine."""
    cores = len(os.sched_getaffinity(0))
    alone = min(threads, cores)
    return alone / min(alone, cores * threads / (threads + busy))


def work(options: argparse.Namespace) -> None:
    """Train: a number of steps for each number that comes from stdin."""
    import torch
    from train import KEYS
    from training_sides import kwskits_side, noise_store

    from kwskit.hparams import build_hparams, plain_value, resolve_hparams
    from kwskit.training.plan import TrainingPlan

    given = argparse.Namespace(device="cpu", vocabulary=4 * options.keywords, seconds=0.66)
    overrides = {"num_words": str(given.vocabulary), "training.keywords": str(options.keywords)}
    overrides |= {"training.utterances": "2", "training.epochs": "1000000"}
    text = resolve_hparams(HPARAMS / "adml.yaml", options.overlay, overrides, KEYS)
    plan = TrainingPlan.from_mapping(plain_value(text, "training"))
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        store = noise_store(Path(folder), given)
        _, side = kwskits_side(store, build_hparams(text, HPARAMS / "adml.yaml"), plan, given)
        print(torch.get_num_threads(), flush=True)
        for line in sys.stdin:
            count, settle = line.split()
            end = time.perf_counter() + float(settle)
            while time.perf_counter() < end:
                side.steps(1)
            print(*(timed(lambda: side.steps(1)) for _ in range(int(count))), flush=True)


def timed(work: Callable[[], object]) -> str:
    """A :class:`Step`, as the process writes it."""
    wall, processors = time.perf_counter(), time.process_time()
    work()
    return f"{time.perf_counter() - wall}/{time.process_time() - processors}"


def measured(trainings: list[Training], options: argparse.Namespace) -> dict[tuple[str, int], list[Step]]:
    """Every step, by setting and number of busy processes."""
    taken: dict[tuple[str, int], list[Step]] = {}
    for training in trainings:
        training.ready()
    for training in trainings:
        training.steps(options.warm_up)
    for turn in range(options.rounds):
        for busy in (0, options.busy):
            order = trainings[turn % len(trainings) :] + trainings[: turn % len(trainings)]
            for training in order:
                with busy_processes(busy):
                    taken.setdefault((training.setting, busy), []).extend(training.steps(options.steps, options.settle))
        print(
            f"round {turn + 1} of {options.rounds}, load average {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True
        )
    return taken


def row(training: Training, taken: dict[tuple[str, int], list[Step]], busy: int) -> str:
    """A row of the table."""
    name = f"`{training.setting}`" if "=" in training.setting else training.setting
    cells, medians = [name, str(training.threads)], []
    for count in (0, busy):
        wall, processors = zip(*taken[training.setting, count], strict=True)
        low, middle, high = statistics.quantiles(wall, n=4)
        medians.append(middle)
        cells.append(f"{middle * 1e3:,.0f} ({low * 1e3:,.0f} to {high * 1e3:,.0f})")
        cells.append(f"{statistics.median(processors) * 1e3:,.0f}")
    alone, beside = medians
    cells += [f"{beside / alone:.2f}", f"{beside / alone / share(training.threads, busy):.2f}"]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Parse the command line, time all settings, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--busy", type=int, default=1, help="processes that keep a core busy (default 1)")
    result = "environment variables to try beside none, as NAME=VALUE,...; repeatable"
    parser.add_argument(
        "--setting", action="append", metavar="SETTING", help=f"{result} (default: {', '.join(SETTINGS)})"
    )
    parser.add_argument("--keywords", type=int, default=32, help="words of a batch, two utterances each (default 32)")
    parser.add_argument("--overlay", type=Path, action="append", default=[], help="over adml.yaml (default small.yaml)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds, each setting in turns (default 7)")
    parser.add_argument("--steps", type=int, default=3, help="steps of a setting a round (default 3)")
    parser.add_argument("--warm-up", type=int, default=2, help="steps before the first round (default 2)")
    parser.add_argument("--settle", type=float, default=5, help="seconds of training before each timing (default 5)")
    options = parser.parse_args()
    options.overlay = options.overlay or [HPARAMS / "small.yaml"]
    if options.worker:
        work(options)
        return
    before = os.getloadavg()[0]
    trainings = []
    try:
        for setting in (AS_INSTALLED, *(options.setting or SETTINGS)):
            trainings.append(Training(setting, options))
        taken = measured(trainings, options)
    finally:
        for training in trainings:
            training.end()
    print(
        f"{len(os.sched_getaffinity(0))} cores, load average {before:.1f} before and {os.getloadavg()[0]:.1f} after; "
        f"batches of {2 * options.keywords}, {options.rounds * options.steps} steps of each, in turns"
    )
    beside = f"beside {options.busy} busy"
    print(f"| setting | threads | ms a step | of processors | {beside} | of processors | times as long | its share |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for training in trainings:
        print(row(training, taken, options.busy))


if __name__ == "__main__":
    main()
