"""How fast keyword spotters hear, beside each other in one run on one core: kwskit, PocketSphinx, livekit-wakeword.

    pip install pocketsphinx livekit-wakeword pydantic pyyaml onnxscript
    python tools/bench/spotting.py --model "ECAPA, onnx=exp/onnx" --model "ECAPA, torch=exp/model" --audio recordings/
    python tools/bench/spotting.py --model exp/onnx --spoken wake_words/      # and how late a keyword is told

Every measurement is a process of its own, pinned to one core, in an order that changes from one repetition to the
next; figures are medians over the repetitions, their ranges in brackets. Sound comes in chunks of 80 ms, as from a
microphone, and then as a whole. Compute is processor time; a chunk's is by the clock. Memory is the highest resident
memory of the process after the chunks. A cold start is from the start of the process until its first chunk has been
heard, with imports, the model and the enrolment of all keywords. A package that is not installed is left out.

``--spoken`` names a folder with a folder of recordings for each of some keywords: how long after the end of the word,
by its energy, a spotter tells it, at kwskit's thresholds for 0.5 false alarms an hour (or ``--threshold``), and at
``--kws-threshold`` of PocketSphinx; how many it tells at all depends on these. livekit-wakeword ships no trained
head: its heads are random, and it is measured for its cost alone.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE, CHUNK = 16_000, 1_280
COUNTS = (1, 10, 100)
KEYWORDS = Path(__file__).with_name("keywords.txt")
LEAD, TAIL = 0.5, 2.0  # s of almost silence before and behind a spoken keyword
BELOW, ABOVE = 25.0, 8.0  # dB: what is below the loudest sound and not above the noise is no speech
PEERS = {"pocketsphinx": "pocketsphinx", "livekit": "livekit", "livekit once": "livekit"}
NAMES = {
    "pocketsphinx": "PocketSphinx, keyphrase search",
    "livekit": "livekit-wakeword, as its listener does (random heads)",
    "livekit once": "livekit-wakeword's models, each frame once (random heads)",
}


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


def peak_memory() -> float:
    """MiB. VmHWM where there is one: ru_maxrss begins with that of the process that started this one."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << (20 if sys.platform == "darwin" else 10))


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


def end_of_speech(pcm: NDArray[np.int16]) -> float:
    """Seconds until the end of the last 30 ms of ``pcm`` (samples,) that stand out.

    That is 25 dB below the loudest 30 ms, or 8 dB above the quietest tenth of them, whichever is more.
    """
    size = 3 * RATE // 100
    frames = pcm[: len(pcm) // size * size].reshape(-1, size).astype(np.float64)
    power = 10 * np.log10(np.square(frames).mean(1) + 1)
    least = min(max(power.max() - BELOW, np.percentile(power, 10) + ABOVE), power.max())
    return float((np.flatnonzero(power >= least)[-1] + 1) * size / RATE)


def in_process(job: dict[str, Any]) -> dict[str, Any]:
    """What the job measures in a process of its own; the threads of every library are told to be one."""
    environment = dict(os.environ)
    environment |= {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "NUMEXPR")}
    job = job | {"begun": time.time()}
    done = subprocess.run(
        [sys.executable, __file__, "--job", json.dumps(job)], env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{job['name']}:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def gathered(folder: Path | None, seconds: float) -> NDArray[np.int16]:
    """The first ``seconds`` of the recordings of a folder, or sound like speech."""
    if folder is None:
        from speech_like import speech_like

        return speech_like(seconds)
    from kwskit.data.audio import read_segment

    parts, samples = [], 0
    for path in _recordings(folder):
        parts.append(read_segment(path))
        samples += len(parts[-1])
        if samples >= seconds * RATE:
            break
    if not parts:
        raise SystemExit(f"{folder}: no recordings in it")
    return np.concatenate(parts)[: round(seconds * RATE)]


def spoken_keywords(folder: Path, each: int) -> dict[str, NDArray[np.int16]]:
    """At most ``each`` recordings of every keyword, ``<keyword>/<number>``."""
    from kwskit.corpora.wake_words.benchmark import keyword_files
    from kwskit.data.audio import read_segment

    found = keyword_files(folder)
    return {f"{word}/{k}": read_segment(path) for word, files in found.items() for k, path in enumerate(files[:each])}


def _recordings(folder: Path) -> list[Path]:
    from kwskit.corpora.wake_words.benchmark import audio_files

    return audio_files(folder)


def chosen_keywords(listed: Path, most: int) -> list[str]:
    """The first ``most`` keywords of a file, one a line, that PocketSphinx's dictionary has."""
    from kwskit.text_file import read_text

    words = [line.strip() for line in read_text(listed).splitlines() if line.strip()]
    if importlib.util.find_spec("pocketsphinx"):
        from spotters.pocketsphinx_spotter import not_in_dictionary

        unknown = set(not_in_dictionary(words))
        if unknown:
            print(f"not in PocketSphinx's dictionary, so not used: {', '.join(sorted(unknown))}", file=sys.stderr)
        words = [word for word in words if word not in unknown]
    if len(words) < most:
        raise SystemExit(f"{listed}: {most} keywords are asked for, and there are {len(words)}")
    return words[:most]


def systems(options: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """What is measured: a job each, without its keywords."""
    found = []
    asked = ((None, options.model), (True, options.frames), (False, options.windows))
    for given, streaming in ((given, streaming) for streaming, models in asked for given in models):
        name, _, model = given.rpartition("=")
        found.append({"kind": "kwskit", "name": f"kwskit, {name or model}", "model": model, "streaming": streaming})
    for kind, package in PEERS.items():
        if kind.split()[0] in options.without:
            continue
        if not importlib.util.find_spec(package):
            print(f"{package} is not installed: left out", file=sys.stderr)
            continue
        found.append({"kind": kind, "name": NAMES[kind], "kws_threshold": options.kws_threshold})
    if any(job["kind"].startswith("livekit") for job in found):
        head = folder / "head.onnx"
        code = "import sys; from pathlib import Path; from spotters.livekit_spotter import write_head; "
        written = subprocess.run(
            [sys.executable, "-c", f"{code}write_head(Path(sys.argv[1]))", head],
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
            capture_output=True,
            text=True,
        )
        if written.returncode:
            print(f"livekit-wakeword is left out: {written.stderr.strip().splitlines()[-1]}", file=sys.stderr)
            found = [job for job in found if not job["kind"].startswith("livekit")]
        found = [job | ({"head": str(head)} if job["kind"].startswith("livekit") else {}) for job in found]
    return found


def table(rows: list[dict[str, Any]]) -> str:
    """A Markdown table of the medians, ranges in brackets."""
    heads = ["", "keywords", "RTF, chunks", "RTF, file", "ms a chunk: p50", "p95", "p99", "worst"]
    heads += ["memory, MiB", "after a file", "cold start, s", "told after the word's end, s", "found"]
    lines = [f"| {' | '.join(heads)} |", "|---|" + "---:|" * (len(heads) - 1)]
    for row in rows:
        cells = [row["name"], str(row["keywords"])]
        for name, digits in (
            ("rtf_chunks", 4),
            ("rtf_file", 4),
            ("chunk_ms_p50", 2),
            ("chunk_ms_p95", 2),
            ("chunk_ms_p99", 2),
            ("chunk_ms_worst", 1),
            ("memory_mib", 0),
            ("memory_file_mib", 0),
            ("cold_start", 2),
        ):
            middle, low, high = row[name]
            span = (
                f" ({low:.{digits}f} to {high:.{digits}f})" if name in ("rtf_chunks", "rtf_file", "cold_start") else ""
            )
            cells.append(f"{middle:.{digits}f}{span}")
        delay = row.get("delay")
        cells.append(f"{delay['median']:.2f} ({delay['p90']:.2f} in 9 of 10)" if delay and delay["found"] else "")
        cells.append(f"{delay['found']} of {delay['clips']}" if delay else "")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def run(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Measure everything and give it, ready for JSON."""
    core = options.core
    if core is None:
        core = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    pcm = gathered(options.audio, options.seconds)
    np.save(folder / "audio.npy", pcm)
    keywords = chosen_keywords(options.keywords, max(options.counts))
    jobs = [
        job | {"keywords": keywords[:count], "core": core, "audio": str(folder / "audio.npy")}
        for job in systems(options, folder)
        for count in options.counts
    ]
    if not jobs:
        raise SystemExit("nothing to measure: --model DIR, or install a peer")
    found: list[list[dict[str, Any]]] = [[] for _ in jobs]
    for repeat in range(options.repeats):
        for k in np.random.default_rng(repeat).permutation(len(jobs)):
            found[k].append(in_process(jobs[k]))
            result = f"RTF {found[k][-1]['rtf_chunks']:.4f}"
            print(f"{repeat + 1}. {jobs[k]['name']}, {len(jobs[k]['keywords'])} keywords: {result}", file=sys.stderr)
    rows = []
    for job, runs in zip(jobs, found, strict=True):
        heard = runs[0]["heard"]
        figures = {name: np.array([each[name] for each in runs]) for name in runs[0] if name != "heard"}
        spread = {name: [float(np.median(v)), float(v.min()), float(v.max())] for name, v in figures.items()}
        name = f"{job['name']}, {heard}" if heard else job["name"]
        rows.append({"name": name, "kind": job["kind"], "keywords": len(job["keywords"]), **spread})
    if options.spoken:
        clips = spoken_keywords(options.spoken, options.clips)
        np.savez(folder / "clips.npz", **clips)  # type: ignore[arg-type]
        first = [k for k, job in enumerate(jobs) if len(job["keywords"]) == options.counts[0]]
        for k in first:
            if jobs[k]["kind"].startswith("livekit"):
                continue
            delays = in_process(jobs[k] | {"clips": str(folder / "clips.npz"), "threshold": options.threshold})
            if delays["found"]:
                delays |= {f: float(np.percentile(delays["delays"], q)) for f, q in (("median", 50), ("p90", 90))}
            rows[k]["delay"] = delays
    return {
        "seconds": len(pcm) / RATE,
        "audio": str(options.audio or "sound like speech"),
        "chunk_seconds": CHUNK / RATE,
        "repeats": options.repeats,
        "kws_threshold": options.kws_threshold,
        "keywords": keywords,
        "rows": rows,
    }


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--model", action="append", default=[], help="[NAME=]DIR, trained or exported; heard as it prefers"
    )
    parser.add_argument("--frames", action="append", default=[], help="[NAME=]DIR, heard as a stream of frames")
    parser.add_argument("--windows", action="append", default=[], help="[NAME=]DIR, heard in windows")
    parser.add_argument("--without", action="append", default=[], choices=["pocketsphinx", "livekit"])
    parser.add_argument("--audio", type=Path, help="folder of recordings; default: sound like speech")
    parser.add_argument("--seconds", type=float, default=60.0, help="of it that are heard")
    parser.add_argument(
        "--keywords", type=Path, default=KEYWORDS, help="file, one a line; default: keywords.txt beside"
    )
    parser.add_argument("--counts", type=int, nargs="+", default=list(COUNTS), help="of keywords")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--core", type=int, help="that all are pinned to; default: the last one")
    parser.add_argument("--kws-threshold", type=float, default=1e-20, help="of PocketSphinx")
    parser.add_argument("--spoken", type=Path, help="folder with a folder of recordings for each keyword")
    parser.add_argument("--threshold", type=float, help="of kwskit for --spoken; default: each keyword's own")
    parser.add_argument("--clips", type=int, default=20, help="of each spoken keyword, at most")
    parser.add_argument("--json", type=Path, help="write all figures here")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        job = json.loads(options.job)
        print(json.dumps(measure_delays(job) if "clips" in job else measure(job)))
        return
    with tempfile.TemporaryDirectory() as folder:
        results = run(options, Path(folder))
    print(f"{results['seconds']:.0f} s of sound, chunks of 80 ms, one core; medians of {options.repeats} (range)\n")
    print(table(results["rows"]))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
