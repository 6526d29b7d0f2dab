"""How fast packed segments reach a training step: packing, opening, and random batches of 500 from the page cache.

    python tools/bench/store.py [--segments 40000] [--batch 500] [--index-only 25000000] [--store FOLDER]

Makes a store of random words in a temporary folder, prints one line a measurement (the median of some runs, and their
range), and removes it. ``--index-only N`` measures instead what could grow with a corpus, on an index of N segments
(some 140 bytes of disk and, while it is made, 400 bytes of memory each): the time and the resident memory that opening
takes in a process of its own, and those of the sampler. ``--store FOLDER`` measures that of a store at hand.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import soundfile

from kwskit.data.evaluation_batches import as_wav
from kwskit.data.loader import WordBatches
from kwskit.data.records import MANIFEST
from kwskit.data.sampler import PKSampler
from kwskit.data.store.packed_store import PackedStore
from kwskit.data.store.packing import pack_manifest
from kwskit.data.store.shard_plan import SHARDS
from kwskit.data.store.writer import StoreWriter
from kwskit.text.tokenizer import Tokenizer

SAMPLE_RATE = 16_000
# Of the Multilingual Spoken Words Corpus: 25 million segments, 340 thousand words, over 100 thousand speakers.
SEGMENTS_PER_WORD, SEGMENTS_PER_SPEAKER = 74, 220


def timed(work: Callable[[], object], repeats: int = 7) -> list[float]:
    """Seconds of some runs of ``work``, sorted."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return sorted(times)


def tell(name: str, times: list[float], each: int = 1, audio: float | None = None, note: str = "") -> None:
    """One line: what, how long (median, fastest to slowest), how many times real time at the median."""
    low, middle, high = (1e3 * t / each for t in (times[0], times[len(times) // 2], times[-1]))
    speed = f"{1e3 * audio / middle:10,.0f} x real time" if audio else ""
    print(f"{name:46} {middle:9.2f} ms ({low:.2f} to {high:.2f}) {speed} {note}", flush=True)


def memory() -> tuple[float, float, float]:
    """Resident memory in MiB: all of it, its part that is mapped files (which the system can take back), its peak."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    whole, mapped, peak = (int(lines[name].split()[0]) / 1024 for name in ("VmRSS", "RssFile", "VmHWM"))
    return whole, mapped, peak


def tell_growth(name: str, before: tuple[float, float, float]) -> None:
    """One line: resident memory since ``before``."""
    whole, mapped, peak = (now - then for now, then in zip(memory(), before, strict=True))
    print(f"{name:46} {whole:9.1f} MiB more resident, {mapped:.1f} of them mapped files; peak {peak:.1f}", flush=True)


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
        times = timed(partial(pack_manifest, table, folder / "packed", 1, progress=False), 3)
        tell(name, times, audio=len(rows) * 0.6, note=f"{len(rows) / times[1]:,.0f} segments/s")


class Spelling(Tokenizer):
    """A tokenizer that costs nothing: eight ids a word."""

    def encode(self, text: str) -> list[list[int]]:
        """One pronunciation."""
        return [[5] * 8]


def drain(batches: WordBatches) -> None:
    """Make the batches of an epoch."""
    for _ in batches.batches(0):
        pass


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
    tell("open the store", timed(lambda: PackedStore.open(path)))
    store = PackedStore.open(path)
    sampler = PKSampler(store.word_ids, store.speaker_ids, batch // 2, 2, passes=4)
    read = sum(int(samples[::256].sum() != 0) for samples in store.stretches())  # fills the page cache
    draws = list(sampler.batches(0))
    audio = float(np.mean([store.num_samples[rows].sum() for rows in draws])) / SAMPLE_RATE
    note = f"batches of {batch} from {store.seconds / 3600:.1f} h in {read} shards"
    print(f"{note}; an epoch of {len(draws)} batches a run, one thread")

    def per_batch(name: str, work: Callable[[np.ndarray], object]) -> None:
        tell(name, timed(lambda: [work(rows) for rows in draws]), len(draws), audio)

    tell(f"draw {batch // 2} words x 2", timed(lambda: list(sampler.batches(0))), len(draws), audio)
    per_batch("gather the segments, padded int16", store.gather)
    per_batch("... and as float32", lambda rows: as_wav(store.gather(rows)[0]))
    per_batch("... and their ids", lambda rows: store.utt_ids.take(rows).to_pylist())
    for prefetch in (0, 2):
        batches = WordBatches(store, sampler, Spelling([]), prefetch=prefetch)
        name = f"whole batches{', read ahead by a thread' * bool(prefetch)}"
        tell(name, timed(partial(drain, batches)), len(draws), audio)
    wanted = store.utt_ids.take(rng.permutation(segments)[:1000]).to_pylist()
    tell("index_of, each", timed(lambda: [store.index_of(utt_id) for utt_id in wanted]), len(wanted))
    tell(f"indices_of {len(wanted)}", timed(lambda: store.indices_of(wanted)))


def make_index(folder: Path, segments: int) -> Path:
    """A store of ``segments`` segments of one sample each, with as many words and speakers as a corpus that large."""
    rng = np.random.default_rng(0)
    with StoreWriter(folder / "large") as writer:
        for part in np.array_split(np.ones(segments, np.int64), min(SHARDS, 1 + segments // 100_000)):
            writer.add(np.zeros(len(part), np.int16), part)
        ids = pa.array(rng.permutation(segments)).cast(pa.string())
        ids = pc.binary_join_element_wise("common_voice_en_", ids, "")
        # Words as frequent as words are, and speakers alike.
        rare = 1 + segments // SEGMENTS_PER_WORD
        words = pa.array((rare * rng.random(segments) ** 3).astype(np.int32)).cast(pa.string())
        speakers = pa.array(rng.integers(0, 1 + segments // SEGMENTS_PER_SPEAKER, segments)).cast(pa.string())
        begin = time.perf_counter()
        writer.finish(ids, words, speakers)
    tell(f"write the index of {segments:,} segments", [time.perf_counter() - begin])
    return folder / "large"


def measure(path: Path) -> None:
    """What opening the store takes in this process, which must have opened none yet, then its sampler and batches."""
    before = memory()
    begin = time.perf_counter()
    store = PackedStore.open(path)
    seconds = time.perf_counter() - begin
    tell(
        f"open {len(store):,} segments, first time", [seconds], note=f"{len(store.facts['shard_bytes'].split())} shards"
    )
    tell_growth("... memory of the open store", before)
    tell("open it again", timed(lambda: PackedStore.open(path)))
    rng = np.random.default_rng(0)
    some = store.utt_ids.take(rng.integers(0, len(store), 1000)).to_pylist()
    tell("index_of, each", timed(lambda: [store.index_of(utt_id) for utt_id in some], 3), len(some))
    before = memory()
    begin = time.perf_counter()
    sampler = PKSampler(store.word_ids, store.speaker_ids, 250, 2)
    tell("make the sampler", [time.perf_counter() - begin], note=f"{len(sampler.word_ids):,} words")
    tell_growth("... memory of the sampler, and ids it read", before)
    draws = sampler.batches(1)
    tell("draw 250 words x 2", timed(lambda: next(draws)))
    tell("draw and gather", timed(lambda: store.gather(next(draws))))


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--segments", type=int, default=40_000, help="segments of the store that batches come from")
    parser.add_argument("--batch", type=int, default=500, help="segments in a batch")
    parser.add_argument("--index-only", type=int, default=0, help="measure an index of so many segments without audio")
    parser.add_argument("--store", type=Path, help="measure the opening of this store")
    arguments = parser.parse_args()
    if arguments.store:
        measure(arguments.store)
        return
    with tempfile.TemporaryDirectory() as folder:
        if arguments.index_only:
            path = make_index(Path(folder), arguments.index_only)
            # A process of its own: what making the index left in memory is not counted.
            subprocess.run([sys.executable, __file__, "--store", path], check=True)
            return
        time_packing(Path(folder))
        time_batches(Path(folder), arguments.segments, arguments.batch)


if __name__ == "__main__":
    main()
