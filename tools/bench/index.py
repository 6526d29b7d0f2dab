"""How fast an index of many hours answers, and how much of an exhaustive comparison it finds.

Rows are synthetic: as rows of a model's windows they lie near few directions (13 explain as much as 13 equal ones
would), and neighbours in time resemble one another. Queries are rows with noise. One query looks for hits in the
windows of as many lengths as a word of 0.5 s does (``--lengths``), as ``kwskit search`` does after the model has
embedded the text.

    python tools/bench/index.py --hours 100
    python tools/bench/index.py --hours 2 --engine milvus-lite      # pip install pymilvus milvus-lite
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np

from kwskit.index.tables import WindowRows
from kwskit.spotting.expected_duration import WINDOWS

OVERLAP = 0.75
AT_ONCE = 50_000
SPREAD, LATENT = 6.0, 40  # how fast the deviations of the latent directions fall, and how many there are
DEVIATION = 0.23  # of a window's cosines with other words, as models have it


class SyntheticRows:
    """Blocks of rows (n, columns) of the windows of one length, the same each time."""

    def __init__(self, dim: int, seed: int):
        self.columns = -(-(dim + 1) // 8) * 8
        rng = np.random.default_rng(seed)
        basis = np.linalg.qr(rng.standard_normal((dim, LATENT)))[0]
        self.basis = (basis * np.exp(-np.arange(LATENT) / SPREAD / 2)).T.astype(np.float32)
        self.dim, self.seed = dim, seed

    def blocks(self, count: int, seed: int) -> Iterator[np.ndarray]:
        rng = np.random.default_rng((self.seed, seed))
        last = np.zeros(LATENT, np.float32)
        for at in range(0, count, AT_ONCE):
            n = min(AT_ONCE, count - at)
            steps = rng.standard_normal((n, LATENT), dtype=np.float32)
            for k in range(n):  # a walk that forgets half in three windows
                last = steps[k] = 0.8 * last + 0.6 * steps[k]
            yield self.rows(steps, rng)

    def rows(self, latent: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        v = latent @ self.basis + 0.01 * rng.standard_normal((len(latent), self.dim), dtype=np.float32)
        v /= np.linalg.norm(v, axis=1, keepdims=True)
        deviation = DEVIATION * (1 + 0.1 * rng.standard_normal((len(v), 1), dtype=np.float32)).clip(0.6, 1.4)
        rows = np.zeros((len(v), self.columns), np.float32)
        rows[:, : self.dim] = v / deviation
        rows[:, self.dim] = 0.05 * rng.standard_normal(len(v), dtype=np.float32) / deviation[:, 0]
        return rows

    def queries(self, count: int) -> np.ndarray:
        rng = np.random.default_rng((self.seed, 99))
        rows = self.rows(rng.standard_normal((count, LATENT), dtype=np.float32), rng)
        rows[:, : self.dim] /= np.linalg.norm(rows[:, : self.dim], axis=1, keepdims=True)
        rows[:, self.dim] = 1
        return rows


class LanceTables:
    """What kwskit uses."""

    def __init__(self, folder: Path, dim: int, columns: int):
        from kwskit.index.about import About
        from kwskit.index.window_tables import WindowTables
        from kwskit.search.search_settings import SearchSettings

        self.label = f"LanceDB {version('lancedb')}"
        self.tables = WindowTables(folder)
        self.tables.create(About("synthetic", "0", "", dim, SearchSettings(windows=WINDOWS).facts()), columns)

    def add(self, length: float, windows: WindowRows) -> None:
        self.tables.add_windows({length: windows})

    def finish(self) -> None:
        from kwskit.index.tables import IndexedFile

        self.tables.put_files([IndexedFile(0, "synthetic.wav", 0, 0, 0.0)])
        self.tables.optimise()

    def search(self, query: np.ndarray, lengths: list[float], most: int) -> dict[float, np.ndarray]:
        near = self.tables.search(query[None], lengths, most)
        return {0.0: near.start}

    def reader(self) -> str:
        return f"import lancedb; lancedb.connect({self.tables.place!r}).open_table('files').count_rows()"


class MilvusTables:
    """Milvus Lite, a collection for each length: partitions and 8 bits too."""

    def __init__(self, folder: Path, dim: int, columns: int):
        from pymilvus import DataType, MilvusClient

        self.label = f"Milvus Lite {version('milvus-lite')}"
        folder.mkdir(parents=True)
        self.path = str(folder / "index.db")
        self.client = MilvusClient(self.path)
        self.counts: dict[str, int] = {}
        for length in WINDOWS:
            schema = self.client.create_schema(auto_id=False)
            schema.add_field("id", DataType.INT64, is_primary=True)
            schema.add_field("start", DataType.DOUBLE)
            schema.add_field("row", DataType.FLOAT_VECTOR, dim=columns)
            self.client.create_collection(self.name(length), schema=schema)

    def name(self, length: float) -> str:
        return f"windows_{round(length * 1000)}"

    def add(self, length: float, windows: WindowRows) -> None:
        name = self.name(length)
        for at in range(0, len(windows.row), 5000):
            first = self.counts.get(name, 0)
            rows = windows.row[at : at + 5000].astype(np.float32)
            starts = windows.start[at : at + 5000].tolist()
            data = [{"id": first + k, "start": starts[k], "row": row} for k, row in enumerate(rows)]
            self.client.insert(name, data)
            self.counts[name] = first + len(data)

    def finish(self) -> None:
        from kwskit.index.nearest_windows import partitions

        for name, count in self.counts.items():
            self.client.flush(name)
            index = self.client.prepare_index_params()
            index.add_index("row", index_type="IVF_SQ8", metric_type="IP", params={"nlist": partitions(count)})
            self.client.create_index(name, index)
            self.client.load_collection(name)

    def search(self, query: np.ndarray, lengths: list[float], most: int) -> dict[float, np.ndarray]:
        from kwskit.index.nearest_windows import PROBED

        how = {"metric_type": "IP", "params": {"nprobe": PROBED}}
        starts = []
        for length in lengths:
            (hits,) = self.client.search(
                self.name(length), [query], limit=most, search_params=how, output_fields=["start"]
            )
            starts += [hit["entity"]["start"] for hit in hits]
        return {0.0: np.array(starts)}

    def reader(self) -> str:
        return f"from pymilvus import MilvusClient; MilvusClient({self.path!r}).list_collections()"


ENGINES: dict[str, type[LanceTables] | type[MilvusTables]] = {"lancedb": LanceTables, "milvus-lite": MilvusTables}


def main() -> None:
    """Build an index, search it, and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=100)
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--lengths", default="0.5,0.8", help="of the windows that a query looks into")
    parser.add_argument("--top", type=int, default=20)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--engine", choices=ENGINES, default="lancedb")
    parser.add_argument("--folder", type=Path, help="where the index is made and left (default: a temporary folder)")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp()) / "index"
    lengths = [float(part) for part in options.lengths.split(",")]
    rows = SyntheticRows(options.dim, 0)
    queries = rows.queries(options.queries)
    most = max(64, 8 * options.top)  # as kwskit search asks for them
    engine = ENGINES[options.engine](folder, options.dim, rows.columns)
    best = {length: (np.zeros((options.queries, 0)), np.zeros((options.queries, 0))) for length in lengths}
    adding, total = 0.0, 0
    for number, length in enumerate(WINDOWS):
        hop = length * (1 - OVERLAP)
        count, at = int(options.hours * 3600 / hop), 0
        for block in rows.blocks(count, number):
            places = at + np.arange(len(block), dtype=np.float64)
            start = places * hop + number * 1e-4  # tells windows of two lengths apart
            half = block.astype(np.float16)
            zeros = np.zeros(len(block), np.int64)
            began = time.perf_counter()
            engine.add(length, WindowRows(zeros, start, start + length, zeros.astype(np.float32), half))
            adding += time.perf_counter() - began
            if length in best:
                scores = np.concatenate([best[length][0], queries @ half.astype(np.float32).T], 1)
                starts = np.concatenate([best[length][1], np.broadcast_to(start, (options.queries, len(start)))], 1)
                kept = np.argpartition(-scores, min(most, scores.shape[1]) - 1, axis=1)[:, :most]
                best[length] = (np.take_along_axis(scores, kept, 1), np.take_along_axis(starts, kept, 1))
            at += len(block)
        total += count
        print(f"{length:g} s: {count:,} windows", file=sys.stderr, flush=True)
    began = time.perf_counter()
    engine.finish()
    building = time.perf_counter() - began
    result, top = [], []
    times = []
    warm = queries[:5]
    for query in (*warm, *queries):
        began = time.perf_counter()
        (nearest,) = engine.search(query, lengths, most).values()
        times.append((time.perf_counter() - began) * 1000)
        result.append(set(np.round(nearest, 5).tolist()))
    recall = []
    for k, found in enumerate(result[len(warm) :]):
        scores = np.concatenate([best[length][0][k] for length in lengths])
        starts = np.round(np.concatenate([best[length][1][k] for length in lengths]), 5)
        order = np.argsort(-scores)
        recall.append(len(found & set(starts.tolist())) / len(starts))
        top.append(len(found & set(starts[order[: options.top]].tolist())) / options.top)
    second = subprocess.run([sys.executable, "-c", engine.reader()], capture_output=True)
    print(
        json.dumps(
            {
                "engine": engine.label,
                "hours": options.hours,
                "dim": options.dim,
                "windows": total,
                "searched": sum(int(options.hours * 3600 / length / (1 - OVERLAP)) for length in lengths),
                "adding_s": round(adding, 1),
                "building_s": round(building, 1),
                "gigabytes": round(sum(one.stat().st_size for one in folder.rglob("*") if one.is_file()) / 1e9, 3),
                "query_ms": {f"p{p}": round(float(np.percentile(times[len(warm) :], p)), 1) for p in (50, 95, 100)},
                f"recall_of_{most}": round(float(np.mean(recall)), 3),
                f"recall_of_{options.top}": round(float(np.mean(top)), 3),
                "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "another_process_can_open_it": second.returncode == 0,
                "cores": len(os.sched_getaffinity(0)),
            }
        )
    )
    if options.folder is None:
        shutil.rmtree(folder.parent)


if __name__ == "__main__":
    main()
