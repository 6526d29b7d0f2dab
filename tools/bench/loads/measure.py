"""What clients of the page and of the wake-word service see while others send nonsense, stop, or do not read.

Both servers are processes of their own. Before each fault all clients are served once without it; then while it lasts;
then once more. Their answers must be those of the very first time, bit by bit. Delays are told
as ratios to those without the fault, since other work of the machine delays both; memory is the server's.

    python tools/bench/loads                                # both, each fault
    python tools/bench/loads --only disk,workers            # a full disk, and a killed worker of kwskit index
"""

import argparse
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
from satellites import memory

from loads.disk import filled, full_disk, small_disk
from loads.faults import Over, cut, deaf, nonsense, stopped
from loads.fuzz import http_message, wyoming_message
from loads.servers import Answers, Server, page, recording, wyoming
from loads.workers import killed_worker

PARTS = ("wyoming", "page", "disk", "workers")
COLUMNS = f"{'server':8s} {'fault':39s} answers as first   delay / without: median, worst   MiB before, after"
LEAST = 1.1  # s
SERVERS = {"wyoming": wyoming, "page": page}
Fault = Callable[[], AbstractContextManager[Over]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="english", help="packaged name or directory of a model")
    parser.add_argument("--satellites", type=int, default=16, help="of the wake-word service, at once")
    parser.add_argument("--visitors", type=int, default=6, help="of the page, at once; two of them speak")
    parser.add_argument("--seconds", type=float, default=6.0, help="sound of each")
    parser.add_argument("--messages", type=int, default=3000, help="fuzzed messages to each server")
    parser.add_argument("--seed", type=int, default=0, help="of the fuzzed messages")
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    o = parser.parse_args()
    wanted = o.only.split(",")
    if unknown := set(wanted) - set(PARTS):
        parser.error(f"there is no {', '.join(sorted(unknown))}: {', '.join(PARTS)}")
    if o.seconds < LEAST:
        parser.error(f"--seconds is {LEAST:g} at least: satellites ask once a second how late the service is")
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), wanted, o)


def measure(folder: Path, wanted: list[str], o: argparse.Namespace) -> None:
    """The wanted parts."""
    rng = np.random.default_rng(o.seed)
    counts = {"wyoming": o.satellites, "page": o.visitors}
    if set(SERVERS) & set(wanted):
        print(COLUMNS)
    for name in (name for name in SERVERS if name in wanted):
        log = folder / f"{name}.log"
        with SERVERS[name](o.model, counts[name], o.seconds, log) as server:
            watch(server, (wyoming_faults if name == "wyoming" else page_faults)(server, rng, o.messages))
        complaints(log)
    if "disk" in wanted:
        full_disk(o.model, folder)
        with small_disk(folder / "logs"):
            for name, start in SERVERS.items():
                log = folder / "logs" / name
                with start(o.model, counts[name], o.seconds, log) as server, filled(folder / "logs"):
                    faults = (wyoming_faults if name == "wyoming" else page_faults)(server, rng, o.messages)
                    (last,) = list(faults)[-1:]
                    watch(server, {f"{last}, log full": faults[last]})
    if "workers" in wanted:
        killed_worker(o.model, folder)


def wyoming_faults(server: Server, rng: np.random.Generator, messages: int) -> dict[str, Fault]:
    """What satellites can do wrong."""
    chunk = b'{"type": "audio-chunk", "data": {"rate": 16000, "width": 2, "channels": 1}, "payload_length": 2048}\n'
    chunk += bytes(2048)
    question = b'{"type": "ping", "data": {"text": "' + b"x" * 9_000 + b'"}}\n'
    sent = [wyoming_message(rng) for _ in range(messages)]
    return {
        "none, once more": lambda: stopped(server.connect, 0, b""),
        "40 stop in the middle of a chunk": lambda: stopped(server.connect, 40, chunk),
        "20 ask, and never read": lambda: deaf(server.connect, 20, question),
        "20 ask, and read a byte a second": lambda: deaf(server.connect, 20, question, 1),
        "500 are cut in the middle": lambda: cut(server.connect, 500, chunk),
        f"{messages} fuzzed messages": lambda: nonsense(server.connect, sent),
    }


def page_faults(server: Server, rng: np.random.Generator, messages: int) -> dict[str, Fault]:
    """What visitors can do wrong."""
    host = server.host
    head = f"POST /api/wav HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Length: 9000\r\n\r\n".encode()
    large = f"GET /static/vendor/uPlot.iife.min.js HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    sound = recording(0, 0.3)
    sent = [http_message(rng, host, sound) for _ in range(messages)]
    return {
        "none, once more": lambda: stopped(server.connect, 0, b""),
        "40 stop in the middle of a request's head": lambda: stopped(server.connect, 40, head[:60]),
        "20 ask, and never read": lambda: deaf(server.connect, 20, large),
        "20 ask, and read a byte a second": lambda: deaf(server.connect, 20, large, 1),
        "500 are cut in the middle": lambda: cut(server.connect, 500, head + bytes(9000)),
        f"{messages} fuzzed messages": lambda: nonsense(server.connect, sent),
    }


def watch(server: Server, faults: dict[str, Fault]) -> None:
    """A line for each fault."""
    expected = [told for _, told in server.clients()]
    for name, fault in faults.items():
        without, before = server.clients(), memory(server.pid)
        with fault() as over:
            during = server.clients()
            while not over():
                during += server.clients()
        after = server.clients()
        if not server.alive():
            raise SystemExit(f"{server.name}: it has ended while {name}")
        seen = without + during + after
        right = sum(told == expected[k % len(expected)] for k, (_, told) in enumerate(seen))
        ratios = [_late(during, share) / _late(without, share) for share in (50, 100)]
        print(
            f"{server.name:7s}  {name:40s} {right:7d} of {len(seen):4d}  {ratios[0]:24.2f} {ratios[1]:8.2f}"
            f"  {before:11.1f} {memory(server.pid):8.1f}",
            flush=True,
        )


def complaints(log: Path) -> None:
    """Errors of the server's own that its log tells of: there should be none."""
    text = log.read_text("utf-8", "replace")
    print(f"tracebacks in its log: {text.count('Traceback')}, of {len(text.splitlines())} lines", flush=True)


def _late(answers: list[Answers], share: float) -> float:
    return float(np.percentile(np.concatenate([delays for delays, _ in answers]), share))
