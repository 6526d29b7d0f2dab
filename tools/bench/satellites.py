"""What many satellites at once cost the wake-word service: processor time of their sound, delays, and memory over time.

The service is a process of its own, as ``kwskit wyoming`` is. Satellites send speech-like sound in chunks of 64 ms, as
Home Assistant does: each at the pace of a microphone, or, with ``--fast``, as fast as the service takes it. After every
chunk of a second they ask whether it is there (``ping``), and how long the answer takes is how late the service is.

    python tools/bench/satellites.py --satellites 1 4 16 --seconds 60
    python tools/bench/satellites.py --satellites 64 --seconds 20 --fast
    python tools/bench/satellites.py --satellites 1 --seconds 3600 --fast --every 600
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from speech_like import RATE, speech_like
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient
from wyoming.ping import Ping
from wyoming.wake import Detect

CHUNK = 1024  # samples
ASKED = 16  # chunks between two questions, 1.02 s


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="english", help="packaged name or directory of a model")
    parser.add_argument("--satellites", type=int, nargs="+", default=[1, 4, 16], help="how many at once, in turns")
    parser.add_argument("--seconds", type=float, default=60.0, help="sound of each")
    parser.add_argument("--keyword", action="append", help="that is listened for (repeatable; default hey nova)")
    parser.add_argument("--every", type=float, help="seconds of the first one's sound after which memory is told")
    parser.add_argument("--fast", action="store_true", help="send as fast as the service takes it")
    o = parser.parse_args()
    words = [part for text in o.keyword or ["hey nova"] for part in ("--keyword", text)]
    command = [sys.executable, "-m", "kwskit", "wyoming", "--model", o.model, *words, "--uri"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen([*command, uri := f"unix://{folder}/socket"], stdout=subprocess.PIPE, text=True) as service,
    ):
        try:
            assert service.stdout is not None
            if not service.stdout.readline():
                raise SystemExit("the service did not start: try the same kwskit wyoming by hand")
            print(f"{len(words) // 2} keywords, {o.model}; at first {memory(service.pid):.1f} MiB")
            print("satellites  core-s a second of sound  of one core  answered in, ms: median  99 %   worst    MiB")
            for count in o.satellites:
                asyncio.run(measure(service.pid, uri, count, o))
        finally:
            service.terminate()


async def measure(pid: int, uri: str, count: int, o: argparse.Namespace) -> None:
    """Have so many heard at once, and print a line."""
    cpu, begin = processor_seconds(pid), time.perf_counter()
    watch = None if o.every is None else (lambda second: remember(pid, second, o.every))
    heard = await asyncio.gather(*(satellite(uri, k, o.seconds, o.fast, None if k else watch) for k in range(count)))
    wall, cpu = time.perf_counter() - begin, processor_seconds(pid) - cpu
    late = 1000 * np.concatenate([delays for delays, _ in heard])
    median, most, worst = (np.percentile(late, share) for share in (50, 99, 100))
    each = cpu / (count * o.seconds)
    print(
        f"{count:10d}  {each:24.4f}  {100 * cpu / wall:9.0f} %  {median:23.1f}  {most:5.0f}  {worst:6.0f}  "
        f"{memory(pid):5.1f}",
        flush=True,
    )


def remember(pid: int, second: float, every: float) -> None:
    """Print the memory of the service after every so many seconds of sound."""
    if second % every < ASKED * CHUNK / RATE:
        cpu = processor_seconds(pid)
        print(f"after {second / 60:5.1f} min of sound: {memory(pid):6.1f} MiB, {cpu:6.1f} core-s so far", flush=True)


async def satellite(
    uri: str, seed: int, seconds: float, fast: bool, watch: Callable[[float], None] | None = None
) -> tuple[list[float], list[tuple[str, int]]]:
    """Seconds that the answers to its questions took, and what was detected: keyword and ms.

    Parameters
    ----------
    uri : of the service
    seed : of its sound
    seconds : of sound
    fast : whether it is sent as fast as the service takes it
    watch : told the seconds of sound that have been heard, after every question

    Raises
    ------
    OSError
        Where it is turned away.
    """
    pcm = np.resize(speech_like(min(10.0, seconds), seed), round(seconds * RATE))
    delays: list[float] = []
    detections: list[tuple[str, int]] = []
    async with AsyncClient.from_uri(uri) as client:
        await client.write_event(Ping().event())
        try:
            await until(client, "pong")
        except SystemExit as error:  # all its places are taken
            raise ConnectionRefusedError("the service turns satellites away") from error
        await client.write_event(Detect().event())
        await client.write_event(AudioStart(RATE, 2, 1).event())
        begin = time.perf_counter()
        for number, at in enumerate(range(0, len(pcm), CHUNK), 1):
            audio = pcm[at : at + CHUNK].astype("<i2").tobytes()
            if not fast:
                await asyncio.sleep(max(0.0, begin + at / RATE - time.perf_counter()))
            await client.write_event(AudioChunk(RATE, 2, 1, audio).event())
            if number % ASKED == 0:
                asked = time.perf_counter()
                await client.write_event(Ping().event())
                detections += await until(client, "pong")
                delays.append(time.perf_counter() - asked)
                if watch is not None:
                    watch((at + CHUNK) / RATE)
        await client.write_event(AudioStop().event())
        await client.write_event(Ping().event())
        detections += await until(client, "pong")
    return delays or [0.0], detections


async def until(client: AsyncClient, kind: str) -> list[tuple[str, int]]:
    """Detections before the answer of a kind."""
    found: list[tuple[str, int]] = []
    while (event := await client.read_event()) is not None:
        if event.type == kind:
            return found
        if event.type == "detection":
            found.append((event.data["name"], event.data["timestamp"]))
    raise SystemExit("the service has closed a connection")


def processor_seconds(pid: int) -> float:
    """Of a process so far, in user and system mode (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100  # ticks of USER_HZ


def memory(pid: int) -> float:
    """MiB of a process that are resident (Linux)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 2**20


if __name__ == "__main__":
    main()
