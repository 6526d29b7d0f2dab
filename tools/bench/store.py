"""How fast packed segments reach a training step: packing, opening, and random batches of 500 from the page cache.

    python tools/bench/store.py [--segments 40000] [--batch 500] [--index-only 25000000]

Makes a store of random words in a temporary folder, prints one line a measurement, and removes it. ``--index-only N``
also times the parts whose cost could grow with the corpus on an index of N segments (needs some 100 bytes each).
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import soundfile

from kwskit.data.loader import as_wav
from kwskit.data.packing import pack_manifest
from kwskit.data.sampler import PKSampler
from kwskit.data.store import PackedStore
from kwskit.data.store_writer import StoreWriter
from kwskit.records import MANIFEST

SAMPLE_RATE = 16_000


def best(work, repeats: int = 5) -> float:
    """Seconds of the fastest of some runs of ``work``."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def tell(name: str, seconds: float, audio: float | None = None, note: str = "") -> None:
    """One line: what, how long, how many times real time."""
    speed = f"{audio / seconds:12,.0f} x real time" if audio else ""
    print(f"{name:46} {seconds * 1e3:10.2f} ms {speed} {note}", flush=True)


def time_packing(folder: Path) -> None:
    """Packing of long files at 16 kHz and 44.1 kHz, and of one file a word, in one process."""
    rng = np.random.default_rng(0)
    for name, rate, files, words in (
        ("pack, FLAC 16 kHz, 100 words a file", SAMPLE_RATE, 10, 100),
        ("pack, FLAC 44.1 kHz stereo, 100 words a file", 44_100, 4, 100),
        ("pack, WAV 16 kHz, a word a file", SAMPLE_RATE, 1000, 1),
    ):
        rows = []
        for file in range(files):
            path = folder / f"{rate}-{words}-{file}.{'wav' if words == 1 else 'flac'}"
            shape = (round(0.6 * words * rate), *(() if rate == SAMPLE_RATE else (2,)))
            soundfile.write(path, rng.standard_normal(shape) * 0.05, rate)
            for word in range(words):
                rows.append((f"{file}-{word}", str(path), 0.6 * word, 0.6 * (word + 1), "word", "", "bench"))
        table = pa.Table.from_pylist([dict(zip(MANIFEST, row, strict=True)) for row in rows], pa.schema(MANIFEST))
        seconds = best(lambda table=table: pack_manifest(table, folder / "packed", 1, progress=False), 2)
        tell(name, seconds, len(rows) * 0.6, f"{len(rows) / seconds:,.0f} segments/s")


def time_batches(folder: Path, segments: int, batch: int) -> None:
    """Random batches of a store of ``segments`` words of 0.3 to 0.9 s."""
    rng = np.random.default_rng(0)
    lens = rng.integers(4800, 14_400, segments)
    noise = rng.integers(-9000, 9000, 2 * SAMPLE_RATE * 600).astype(np.int16)
    with StoreWriter(folder / "store") as writer:
        for part in np.array_split(lens, max(1, segments // 1000)):
            begin = int(rng.integers(0, len(noise) - int(part.sum())))
            writer.add(noise[begin : begin + int(part.sum())], part)
        names = pa.array(np.arange(segments)).cast(pa.large_string())
        words, voices = (pa.array(rng.integers(0, n, segments)).cast(pa.string()) for n in (segments // 10, 200))
        writer.finish(names, words, voices)
    path = folder / "store"
    tell("open the store", best(lambda: PackedStore.open(path)))
    store = PackedStore.open(path)
    sampler = PKSampler(store.word_ids, store.speaker_ids, batch // 2, 2)
    for values in range(store._pcm.num_record_batches):
        store._batch_values(values).sum()  # fill the page cache
    draws = list(sampler.batches(0))
    audio = float(np.mean([store.num_samples[rows].sum() for rows in draws])) / SAMPLE_RATE

    def per_batch(work) -> float:
        return best(lambda: [work(rows) for rows in draws]) / len(draws)

    tell(f"draw {batch // 2} words x 2", best(lambda: list(sampler.batches(0))) / len(draws), audio)
    tell(f"gather {batch} segments, padded int16", per_batch(store.gather), audio)
    tell("... and as float32", per_batch(lambda rows: as_wav(store.gather(rows)[0])), audio)
    tell("... and their ids", per_batch(lambda rows: store.utt_ids.take(rows).to_pylist()), audio)
    wanted = store.utt_ids.take(rng.permutation(segments)[:1000]).to_pylist()
    tell("index_of, each", best(lambda: [store.index_of(utt_id) for utt_id in wanted]) / len(wanted))
    tell(f"indices_of {len(wanted)}", best(lambda: store.indices_of(wanted)))


def time_index(folder: Path, segments: int) -> None:
    """What depends on the number of segments, on an index without audio worth the name."""
    rng = np.random.default_rng(0)
    with StoreWriter(folder / "large") as writer:
        for part in np.array_split(np.ones(segments, np.int64), max(1, segments // 100_000)):
            writer.add(np.zeros(len(part), np.int16), part)
        names = pa.array(rng.permutation(segments)).cast(pa.large_string())
        words = pa.array((210_000 * rng.random(segments) ** 3).astype(np.int64)).cast(pa.string())
        begin = time.perf_counter()
        writer.finish(names, words, pa.array(rng.integers(0, 2000, segments)).cast(pa.string()))
        tell(f"write the index of {segments:,} segments", time.perf_counter() - begin)
    tell("open it", best(lambda: PackedStore.open(folder / "large")))
    store = PackedStore.open(folder / "large")
    some = store.utt_ids.take(rng.integers(0, segments, 1000)).to_pylist()
    tell("index_of, each", best(lambda: [store.index_of(utt_id) for utt_id in some]) / len(some))
    tell("indices_of 1000", best(lambda: store.indices_of(some), 1))
    begin = time.perf_counter()
    sampler = PKSampler(store.word_ids, store.speaker_ids, 250, 2)
    tell("make the sampler", time.perf_counter() - begin, note=f"{len(sampler.word_ids):,} words")
    for rows in list(sampler.batches(0))[:1]:
        tell("gather 500", best(lambda rows=rows: store.gather(rows)))
    draws = sampler.batches(1)
    next(draws)
    tell("draw 250 words x 2", best(lambda: [next(draws) for _ in range(20)]) / 20)


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--segments", type=int, default=40_000, help="segments of the store that batches come from")
    parser.add_argument("--batch", type=int, default=500, help="segments in a batch")
    parser.add_argument("--index-only", type=int, default=0, help="segments of an index without audio")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        time_packing(Path(folder))
        time_batches(Path(folder), arguments.segments, arguments.batch)
        if arguments.index_only:
            time_index(Path(folder), arguments.index_only)


if __name__ == "__main__":
    main()
