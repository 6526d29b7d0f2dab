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
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from measurement_process import in_process
from spotter_measurement import CHUNK, RATE, measure, measure_delays
from spotting_material import chosen_keywords, gathered, spoken_keywords

COUNTS = (1, 10, 100)
KEYWORDS = Path(__file__).with_name("keywords.txt")
PROCESS = (__file__, "--job")
PEERS = {"pocketsphinx": "pocketsphinx", "livekit": "livekit", "livekit once": "livekit"}
NAMES = {
    "pocketsphinx": "PocketSphinx, keyphrase search",
    "livekit": "livekit-wakeword, as its listener does (random heads)",
    "livekit once": "livekit-wakeword's models, each frame once (random heads)",
}


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
            found[k].append(in_process(PROCESS, jobs[k]))
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
            delays = in_process(PROCESS, jobs[k] | {"clips": str(folder / "clips.npz"), "threshold": options.threshold})
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
