"""What spotting costs in operations and bytes, which a small board can be judged by: cost.py MODEL --keywords 1 10 100.

Each number of keywords is a process of its own, on one thread, that enrols them at the thresholds of the background and
hears sound like speech in blocks of 80 ms, as from a microphone. Runs of the graphs are counted with the shapes that
they have; what a run costs is counted from its graph (kwskit/export/multiply_accumulates.py), and told for a second of
sound. Multiply-accumulates are those of convolutions, matrix products, LSTMs and scores. Bytes that are read are
arithmetic, no measurement: every weight of a graph once in each of its runs, as if a cache held none from one run to
the next; and, as the most, those of a recurrence again at every step. Memory is the highest resident memory of the
process so far, measured. ``--json FILE`` keeps all figures.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
from speech_like import speech_like
from spotter_measurement import CHUNK, RATE, peak_memory

from kwskit.array_file import read_arrays
from kwskit.commands.usage import count
from kwskit.export.multiply_accumulates import product_costs
from kwskit.speech_model.model_source import EXPORTED, ModelSource
from kwskit.speech_model.onnx_model import OnnxModel
from kwskit.spotting.background_file import FILE, LARGEST, read_background
from kwskit.spotting.spotter import Spotter
from kwskit.text.typed_keyword import keywords_file

WARM = 4.0  # s, until windows of all lengths are heard
KEYWORDS = Path(__file__).with_name("keywords.txt")


class CountedModel(OnnxModel):
    """A model that counts the runs of its graphs, by (graph, shapes of its inputs)."""

    def __init__(self, directory: Path):
        super().__init__(directory)
        self.runs: Counter[tuple[str, tuple[tuple[int, ...], ...]]] = Counter()

    def _run(self, name: str, *inputs: NDArray[Any]) -> NDArray[np.float32]:
        self.runs[name, tuple(one.shape for one in inputs)] += 1
        return super()._run(name, *inputs)


def heard(job: dict[str, Any]) -> dict[str, Any]:
    """What a process does for so many keywords: runs of graphs, scores, threads, memory."""
    directory = Path(job["directory"])
    memory = {"imported": peak_memory()}
    model = CountedModel(directory)
    own = directory / FILE
    spotter = Spotter(model, read_background(own) if own.is_file() else None)
    memory["loaded"] = peak_memory()
    for text in job["keywords"]:
        spotter.enrol(text)
    memory["enrolled"] = peak_memory()
    stream = spotter.listen()
    pcm = speech_like(WARM + job["seconds"])
    warm, scored = round(WARM * RATE) // CHUNK * CHUNK, 0
    for at in range(0, warm, CHUNK):
        stream.push(pcm[at : at + CHUNK])
    model.runs.clear()
    begin, before = time.process_time(), _thread_ticks()
    for at in range(warm, len(pcm), CHUNK):
        runs = model.runs.total()
        stream.push(pcm[at : at + CHUNK])
        scored += model.runs.total() > runs
    cpu = time.process_time() - begin
    memory["heard"] = peak_memory()
    return {
        "seconds": (len(pcm) - warm) / RATE,
        "core_seconds": cpu,
        "threads": sum(ticks > before.get(thread, 0) for thread, ticks in _thread_ticks().items()),
        "memory_mib": memory,
        "runs": [[name, shapes, times] for (name, shapes), times in sorted(model.runs.items())],
        "scored": scored,
        "rows": sum(len(one.embeddings) for one in spotter.keywords.values()) + len(spotter.cohort.embeddings),
        "dim": model.dim,
    }


def _thread_ticks() -> dict[str, int]:
    """Ticks of processor time of each thread of this process (Linux)."""
    fields = {path.parent.name: path.read_text().rpartition(")")[2].split() for path in _threads()}
    return {thread: int(own[11]) + int(own[12]) for thread, own in fields.items()}


def _threads() -> list[Path]:
    return list(Path("/proc/self/task").glob("*/stat"))


def in_process(job: dict[str, Any]) -> dict[str, Any]:
    """What :func:`heard` returns in a process of its own; libraries are told to use one thread."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, __file__, "--job", json.dumps(job)], env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def cost(directory: Path, found: dict[str, Any]) -> dict[str, Any]:
    """What a second of sound costs, by what :func:`heard` has found with the model of ``directory``."""
    graphs: dict[str, dict[str, float]] = {}
    windows = 0
    for name, shapes, times in found["runs"]:
        graph = graphs.setdefault(name, dict.fromkeys(("runs", "macs", "macs_8_bit", "read", "most_read"), 0.0))
        costs = product_costs(directory / name, _feed(directory / name, shapes))
        each = times / found["seconds"]
        graph["runs"] += each
        graph["macs"] += each * sum(one.macs for one in costs)
        graph["macs_8_bit"] += each * sum(one.macs for one in costs if one.bits == 8)
        graph["read"] += each * sum(one.bytes_read for one in costs)
        graph["most_read"] += each * sum(one.most_read for one in costs)
        graph["weights"] = sum(one.weights for one in costs)
        graph["stored_bits"] = max(costs, key=lambda one: one.weights).stored  # of the node that has the most
        if name in ("pool.onnx", "audio.onnx"):
            windows += times * shapes[0][0]
    scores = {
        "macs": windows / found["seconds"] * found["rows"] * found["dim"],
        "read": found["scored"] / found["seconds"] * found["rows"] * found["dim"] * 4,
    }
    parts = [*graphs.values(), scores]
    return {
        "macs": sum(part["macs"] for part in parts),
        "macs_8_bit": sum(part["macs_8_bit"] for part in graphs.values()),
        "read": sum(part["read"] for part in parts),
        "most_read": sum(part.get("most_read", part["read"]) for part in parts),
        "core_seconds": found["core_seconds"] / found["seconds"],
        "windows": windows / found["seconds"],
        "threads": found["threads"],
        "memory_mib": found["memory_mib"],
        "graphs": graphs,
        "scores": scores,
    }


def _feed(path: Path, shapes: list[list[int]]) -> dict[str, NDArray[Any]]:
    """Silence of these shapes; lengths are those of all of it."""
    from kwskit.speech_model.onnx_session import onnx_session

    inputs = onnx_session(path.read_bytes(), 1, path, path.parent).get_inputs()
    first, *rest = shapes
    arrays: list[NDArray[Any]] = [np.zeros(first, np.float32), *(np.full(one, first[1], np.int64) for one in rest)]
    return {one.name: array for one, array in zip(inputs, arrays, strict=True)}


def table(rows: dict[int, dict[str, Any]]) -> str:
    """Markdown: a line for each number of keywords, and one for each graph with the most of them."""
    lines = [
        "| keywords | million MACs a second | of them in 8 bits | MB read a second, least | most | windows a second "
        "| core-seconds a second | threads | MiB: loaded | enrolled | heard |",
        "|---:" * 11 + "|",
    ]
    for keywords, row in rows.items():
        memory = row["memory_mib"]
        lines.append(
            f"| {keywords} | {row['macs'] / 1e6:,.0f} | {100 * row['macs_8_bit'] / row['macs']:.0f} % "
            f"| {row['read'] / 1e6:,.1f} | {row['most_read'] / 1e6:,.1f} | {row['windows']:.0f} "
            f"| {row['core_seconds']:.3f} | {row['threads']} "
            f"| {memory['loaded']:.0f} | {memory['enrolled']:.0f} | {memory['heard']:.0f} |"
        )
    most = rows[max(rows)]
    lines += [
        "",
        f"| part, {max(rows)} keywords | runs a second | million MACs a second | in 8 bits | MB read a second, least "
        "| weights | bits of a stored weight |",
        "|---|" + "---:|" * 6,
    ]
    for name, graph in most["graphs"].items():
        lines.append(
            f"| {name} | {graph['runs']:.1f} | {graph['macs'] / 1e6:,.1f} "
            f"| {100 * graph['macs_8_bit'] / max(graph['macs'], 1):.0f} % | {graph['read'] / 1e6:,.1f} "
            f"| {graph['weights']:,.0f} | {graph['stored_bits']:.0f} |"
        )
    scores = most["scores"]
    lines.append(f"| scores | | {scores['macs'] / 1e6:,.1f} | 0 % | {scores['read'] / 1e6:,.1f} | | |")
    return "\n".join(lines)


def main() -> None:
    """Count, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="english", help="packaged name or directory of an exported model")
    parser.add_argument("--keywords", type=count, nargs="+", default=[1, 10, 100], help="how many, in turns")
    parser.add_argument("--list", type=Path, default=KEYWORDS, help="file of keywords, one a line")
    parser.add_argument("--seconds", type=float, default=24.0, help="of sound")
    parser.add_argument("--json", type=Path, help="file for all figures")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    o = parser.parse_args()
    if o.job:
        print(json.dumps(heard(json.loads(o.job))))
        return
    directory = ModelSource.find(o.model).for_spotting("cpu")
    if not (directory / EXPORTED).is_file():
        raise SystemExit(f"{directory} holds no {EXPORTED}: kwskit export writes what can be counted")
    if OnnxModel(directory).manifest.network is not None:
        raise SystemExit(f"{directory} runs a network of another package, which is not counted")
    words = [str(one) for one in keywords_file(o.list)]
    if max(o.keywords) > len(words):
        raise SystemExit(f"{o.list}: {max(o.keywords)} keywords are asked for, and there are {len(words)}")
    job = {"directory": str(directory), "seconds": o.seconds}
    rows = {k: cost(directory, in_process(job | {"keywords": words[:k]})) for k in sorted(set(o.keywords))}
    background, files = directory / FILE, sum(path.stat().st_size for path in directory.glob("*.onnx"))
    found: dict[str, Any] = {"model": o.model, "graph_bytes": files, "rows": rows}
    if background.is_file():
        found["background_bytes"] = sum(one.nbytes for one in read_arrays(background, LARGEST).values())
    print(f"{o.model}: graphs of {files / 1e6:.1f} MB in files", end="")
    if "background_bytes" in found:
        print(f"; a background of {found['background_bytes'] / 1e6:.1f} MB in memory, read at enrolment alone", end="")
    print(f"\n\n{table(rows)}")
    if o.json:
        o.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
