"""What a keyword spotter costs, and how late it tells a keyword: measured in this process, on one core."""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE, CHUNK = 16_000, 1_280
LEAD, TAIL = 0.5, 2.0  # s of almost silence before and behind a spoken keyword
BELOW, ABOVE = 25.0, 8.0  # dB: what is below the loudest sound and not above the noise is no speech


def measure(job: dict[str, Any]) -> dict[str, Any]:
    """One measurement, in this process."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {job["core"]})
    pcm = np.load(job["audio"], mmap_mode="r")
    spotter = built(job, job["keywords"])
    spotter.push(np.array(pcm[:CHUNK]))
    cold = time.time() - job["begun"]
    spotter.finish()
    seconds = len(pcm) / RATE
    chunks, hits = [], 0
    cpu = time.process_time()
    for at in range(0, len(pcm), CHUNK):
        chunk = np.array(pcm[at : at + CHUNK])
        begin = time.perf_counter()
        hits += len(spotter.push(chunk))
        chunks.append(time.perf_counter() - begin)
    hits += len(spotter.finish())
    streamed = time.process_time() - cpu
    memory = peak_memory()
    whole = np.array(pcm)
    cpu = time.process_time()
    spotter.whole(whole)
    filed = time.process_time() - cpu
    heard = {True: "frames", False: "windows"}.get(spotter.spotter.streaming) if job["kind"] == "kwskit" else None
    found: dict[str, Any] = {
        "heard": heard,
        "cold_start": cold,
        "rtf_chunks": streamed / seconds,
        "rtf_file": filed / seconds,
        "hits": hits,
    }
    found |= {f"chunk_ms_p{q}": 1e3 * float(np.percentile(chunks, q)) for q in (50, 95, 99)}
    return found | {"chunk_ms_worst": 1e3 * max(chunks), "memory_mib": memory, "memory_file_mib": peak_memory()}


def measure_delays(job: dict[str, Any]) -> dict[str, Any]:
    """How long after its end each spoken keyword is told, in seconds; the finer the chunks, the finer that is."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {job["core"]})
    with np.load(job["clips"]) as clips:
        spoken = [(name.split("/")[0], clips[name]) for name in clips.files]
    spotter = built(job, sorted({keyword for keyword, _ in spoken}))
    delays = []
    faint = np.random.default_rng(0).normal(0, 3, round(TAIL * RATE)).astype(np.int16)
    for keyword, pcm in spoken:
        over = end_of_speech(pcm)
        sound = np.concatenate([faint[: round(LEAD * RATE)], pcm, faint])
        result: list[float] = []
        for at in range(0, len(sound), CHUNK):
            found = spotter.push(sound[at : at + CHUNK])
            heard = min(at + CHUNK, len(sound)) / RATE
            result += [heard - LEAD - over for hit in found if hit.keyword == keyword]
        spotter.finish()
        delays += result[:1]
    return {"clips": len(spoken), "found": len(delays), "delays": delays}


def built(job: dict[str, Any], keywords: Sequence[str]) -> Any:
    """The spotter that ``job`` describes, with these keywords. Imports are part of the cold start."""
    if job["kind"] == "pocketsphinx":
        from spotters.pocketsphinx_spotter import PocketSphinxSpotter

        return PocketSphinxSpotter(keywords, job["kws_threshold"])
    if job["kind"].startswith("livekit"):
        from spotters.livekit_spotter import LiveKitSpotter

        return LiveKitSpotter(keywords, job["head"], once="once" in job["kind"])
    from spotters.kwskit_spotter import KwskitSpotter

    return KwskitSpotter(job["model"], keywords, job["streaming"], job.get("threshold"))


def end_of_speech(pcm: NDArray[np.int16]) -> float:
    """Seconds until the end of the last 30 ms of ``pcm`` (samples,) that stand out.

    That is 25 dB below the loudest 30 ms, or 8 dB above the quietest tenth of them, whichever is more.
    """
    size = 3 * RATE // 100
    frames = pcm[: len(pcm) // size * size].reshape(-1, size).astype(np.float64)
    power = 10 * np.log10(np.square(frames).mean(1) + 1)
    least = min(max(power.max() - BELOW, np.percentile(power, 10) + ABOVE), power.max())
    return float((np.flatnonzero(power >= least)[-1] + 1) * size / RATE)


def peak_memory() -> float:
    """MiB. VmHWM where there is one: ru_maxrss begins with that of the process that started this one."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << (20 if sys.platform == "darwin" else 10))
