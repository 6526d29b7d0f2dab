"""Whether spotting keeps up with a long stream on a busy machine, and whether its memory stays flat.

A microphone's chunks are pushed one after the other while other processes keep the cores busy. By default they come as
fast as they are heard, and the real-time factor tells whether that would do; with ``--realtime`` they come when a
microphone would bring them, and a chunk's latency is from then until it has been heard.

    python tools/bench/long_stream.py exp/model-onnx                          # an hour, as fast as it goes
    python tools/bench/long_stream.py exp/model-onnx --load 4 --realtime
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from speech_like import RATE, speech_like

from kwskit import Spotter
from kwskit.data.audio import read_blocks

PIECE, PIECES = 10.0, 18  # seconds, and how many of them an hour is put together of
KEYWORDS = (
    "hey nova",
    "computer",
    "jarvis",
    "open the door",
    "alexa",
    "stop",
    "smart mirror",
    "snowboy",
    "seven",
    "tea",
)
BUSY = "while True: pass"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="directory of a model, trained or exported")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--chunk", type=float, default=0.08, help="seconds of a chunk")
    parser.add_argument("--keywords", type=int, default=len(KEYWORDS), help="how many to listen for")
    parser.add_argument("--load", type=int, default=0, help="processes that keep the machine busy")
    parser.add_argument("--realtime", action="store_true", help="wait for each chunk as a microphone would")
    parser.add_argument("--recordings", nargs="*", type=Path, help="to put the stream together of (default: made)")
    parser.add_argument("--every", type=float, default=5.0, help="minutes between lines")
    parser.add_argument("--most", type=float, default=16.0, help="MiB that memory may grow after the first line")
    o = parser.parse_args()
    spotter = Spotter.load(o.model)
    for text in (KEYWORDS * (1 + o.keywords // len(KEYWORDS)))[: o.keywords]:
        spotter.enrol(text, name=f"{text} {len(spotter.keywords)}")
    pieces = made() if not o.recordings else recorded(o.recordings)
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(o.load)]
    try:
        listen(spotter, pieces, o)
    finally:
        for process in busy:
            process.kill()
            process.wait()


def listen(spotter: Spotter, pieces: list[NDArray[np.int16]], o: argparse.Namespace) -> None:
    """Hear the stream and print a line now and then."""
    stream, size = spotter.listen(), round(o.chunk * RATE)
    total, a_line = round(o.minutes * 60 / o.chunk), max(1, round(o.every * 60 / o.chunk))
    took = np.zeros(total, np.float32)
    memory, hits, heard_in = [], 0, 0.0
    print(f"{len(spotter.keywords)} keywords, {o.chunk * 1000:g} ms chunks, {o.load} busy processes")
    print("minutes  real-time factor  hits  median  99 %  99.9 %  worst, ms   memory, MiB")
    begin = time.perf_counter()
    for k, chunk in enumerate(chunks(pieces, size, total)):
        due = time.perf_counter()
        if o.realtime:
            due = begin + (k + 1) * o.chunk
            time.sleep(max(0.0, due - time.perf_counter()))
        started = time.perf_counter()
        hits += len(stream.push(chunk))
        done = time.perf_counter()
        took[k], heard_in = done - due, heard_in + done - started
        if (k + 1) % a_line == 0 or k + 1 == total:
            memory.append(resident())
            of_line = took[k - k % a_line : k + 1] * 1000
            result = [f"{np.percentile(of_line, share):7.1f}" for share in (50, 99, 99.9, 100)]
            factor = heard_in / ((k + 1) * o.chunk)
            print(
                f"{(k + 1) * o.chunk / 60:7.1f}  {factor:16.4f}  {hits:4d} {' '.join(result)}  {memory[-1]:12.1f}",
                flush=True,
            )
    grown = memory[-1] - memory[0]
    keeps_up = heard_in < total * o.chunk and (not o.realtime or took[-1] < 10 * o.chunk)
    flat = grown < o.most
    print(f"keeps up: {'yes' if keeps_up else 'no'}; memory grew by {grown:.1f} MiB: {'flat' if flat else 'not flat'}")


def chunks(pieces: list[NDArray[np.int16]], size: int, total: int) -> Iterator[NDArray[np.int16]]:
    """``total`` chunks (size,) of the pieces in random order, the same each time, each louder or softer."""
    rng = np.random.default_rng(0)
    kept = np.zeros(0, np.int16)
    for _ in range(total):
        while len(kept) < size:
            kept = np.concatenate([kept, (pieces[rng.integers(len(pieces))] * rng.uniform(0.3, 1)).astype(np.int16)])
        yield kept[:size]
        kept = kept[size:]


def made() -> list[NDArray[np.int16]]:
    """Pieces of what is as busy as speech."""
    return [speech_like(PIECE, seed) for seed in range(PIECES)]


def recorded(paths: list[Path]) -> list[NDArray[np.int16]]:
    """Pieces of recordings, up to as many for each."""
    return [block for path in paths for _, block in zip(range(PIECES), read_blocks(path, block=PIECE), strict=False)]


def resident() -> float:
    """MiB of this process that are in memory."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024


if __name__ == "__main__":
    main()
