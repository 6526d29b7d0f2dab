"""A speech corpus from synthesis engines: planned by seed, spoken in parallel, resumable shard by shard (ours).

The plan (which speaker says which word, at what rate and pitch) is a function of the settings alone. It is cut
into shards of one engine each; a shard is spoken by a new engine from its first utterance to its last, so its
bytes depend neither on the number of processes nor on what was spoken before.
"""

import hashlib
import io
import logging
import multiprocessing
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import soundfile

from kwskit import registry
from kwskit.data.casting import Speaker
from kwskit.data.conditioning import SAMPLE_RATE, condition
from kwskit.data.corpus_settings import claim_corpus
from kwskit.data.progress import Progress
from kwskit.data.synthesis_error import SynthesisError
from kwskit.data.voices.voice import Voice
from kwskit.records import MANIFEST, read_records, write_records
from kwskit.whole_file import written_whole

logger = logging.getLogger(__name__)

GAP = SAMPLE_RATE // 10  # zeros between the utterances of a shard
ATTEMPTS = 3
SHORTEST, LONGEST = 0.1, 2.5  # s

_engines: dict[str, Voice] = {}


@dataclass(frozen=True)
class SplitPlan:
    """One split: its words, how often each is spoken, and by whom.

    Parameters
    ----------
    words : the words, each once
    utterances : utterances of a word, by different speakers as long as there are enough
    cast : speaker id -> probability
    """

    words: tuple[str, ...]
    utterances: int
    cast: Mapping[str, float]


@dataclass(frozen=True)
class CorpusPlan:
    """A whole corpus.

    Parameters
    ----------
    seed : of all draws
    splits : name -> plan
    rate, pitch : ranges that an utterance's rate and pitch factors are drawn from, uniformly on a log scale
    shard : utterances of a shard
    packages : versions of what shapes the sound, stored with the corpus
    """

    seed: int
    splits: Mapping[str, SplitPlan]
    rate: tuple[float, float] = (0.9, 1.35)
    pitch: tuple[float, float] = (0.85, 1.2)
    shard: int = 200
    packages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Utterance:
    """One utterance of the plan, before it is spoken."""

    utt_id: str
    word: str
    speaker: str
    split: str
    seed: int


@dataclass(frozen=True)
class Shard:
    """Utterances of one engine that go into one file."""

    name: str
    engine: str
    utterances: tuple[Utterance, ...]


def utterances(plan: CorpusPlan, split: str) -> Iterator[Utterance]:
    """The utterances of ``split``, word by word; each depends on the seed, the split, its word and its number alone."""
    part = plan.splits[split]
    speakers, chances = list(part.cast), np.array(list(part.cast.values()))
    for word in part.words:
        draw = np.random.default_rng(_seed(plan.seed, split, word))
        # Gumbel top-k: speakers without replacement, each with its probability, started over when all have spoken.
        order = np.argsort(-(np.log(chances) + draw.gumbel(size=len(speakers))), kind="stable")
        for k in range(part.utterances):
            speaker = speakers[order[k % len(order)]]
            yield Utterance(f"{split}-{word}-{k}", word, speaker, split, _seed(plan.seed, split, word, k))


def shards(plan: CorpusPlan) -> list[Shard]:
    """The corpus cut into shards, the slowest engines first so that no process is left alone at the end."""
    cut = []
    for split in plan.splits:
        by_engine: dict[str, list[Utterance]] = {}
        for utterance in utterances(plan, split):
            by_engine.setdefault(Speaker.parse(utterance.speaker).engine, []).append(utterance)
        for engine, own in by_engine.items():
            for number, first in enumerate(range(0, len(own), plan.shard)):
                cut.append(Shard(f"{split}-{engine}-{number:04d}", engine, tuple(own[first : first + plan.shard])))
    slow_first = ["hibari", "pico", "espeak"]
    return sorted(cut, key=lambda s: slow_first.index(s.engine) if s.engine in slow_first else -1)


def synthesise_corpus(plan: CorpusPlan, data: str | Path, jobs: int = 1) -> Counter[str]:
    """Speak the whole plan into ``data/audio`` and write ``data/manifests/<split>.tsv``.

    Shards that are finished are kept: those whose audio is there and whose record file in ``audio/shards``, which
    is written after it. One run at a time in a folder.

    Parameters
    ----------
    data : folder of the corpus, made if need be
    jobs : processes

    Returns
    -------
    counts: ``spoken`` and ``skipped`` utterances in all, ``shards`` spoken now, ``kept`` shards

    Raises
    ------
    SynthesisError
        When ``data`` holds a corpus with other settings, a split has no usable utterance, or a process was killed.
    OSError
        When a file cannot be written, such as on a full disk; finished shards are kept.
    MissingEngine
        When an engine's package is not installed.
    """
    data = Path(data)
    cut = shards(plan)
    (data / "audio" / "shards").mkdir(parents=True, exist_ok=True)
    claim_corpus(data, {"format": 1, **asdict(plan)})
    for leftover in (data / "audio").glob(".*.partial"):  # of a run that was killed
        leftover.unlink()
    todo = [shard for shard in cut if not (_records(data, shard).exists() and _audio(data, shard).exists())]
    counts = Counter(kept=len(cut) - len(todo), shards=len(todo))
    with Progress(sum(len(s.utterances) for s in todo), "synthesis", "utt") as progress:
        if jobs <= 1 or len(todo) <= 1:
            for shard in todo:
                progress.advance(speak_shard(shard, plan, data))
        else:
            context = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(min(jobs, len(todo)), context) as pool:
                running = [pool.submit(speak_shard, shard, plan, data) for shard in todo]
                try:
                    for done in as_completed(running):
                        progress.advance(done.result())
                except BaseException as error:
                    pool.shutdown(wait=False, cancel_futures=True)
                    if isinstance(error, BrokenProcessPool):
                        raise SynthesisError(
                            "a synthesis process was killed (too little memory?); finished shards are kept: "
                            "repeat the command, perhaps with fewer jobs"
                        ) from error
                    raise
    for split in plan.splits:
        spoken = [read_records(_records(data, s), "manifest")[0] for s in cut if s.utterances[0].split == split]
        table = pa.concat_tables(spoken).sort_by("utt_id")
        wanted = len(plan.splits[split].words) * plan.splits[split].utterances
        if not len(table):
            raise SynthesisError(f"no utterance of the {split} split could be spoken; see the warnings above")
        write_records(data / "manifests" / f"{split}.tsv", "manifest", table, {"corpus": "synth", "seed": plan.seed})
        counts.update(spoken=len(table), skipped=wanted - len(table))
    return counts


def speak_shard(shard: Shard, plan: CorpusPlan, data: Path) -> int:
    """Speak ``shard`` into ``data/audio/<name>.wav`` and its record file; returns the number of utterances tried."""
    voice = _engine(shard.engine)
    try:
        rows, pieces, position = [], [], 0
        for utterance in shard.utterances:
            samples = speak(voice, utterance, plan)
            if samples is None:
                logger.warning("%s: %s could not be spoken; left out", utterance.utt_id, utterance.speaker)
                continue
            stop = position + len(samples)
            times = (position / SAMPLE_RATE, stop / SAMPLE_RATE)
            path = f"audio/{shard.name}.wav"
            rows.append((utterance.utt_id, path, *times, utterance.word, utterance.speaker, utterance.split))
            pieces += [samples, np.zeros(GAP, np.int16)]
            position = stop + GAP
    finally:
        if voice.stateful:
            voice.close()
    pcm = np.concatenate(pieces) if pieces else np.zeros(GAP, np.int16)
    whole = io.BytesIO()  # libsndfile says nothing of a full disk, write_bytes does
    soundfile.write(whole, pcm, SAMPLE_RATE, subtype="PCM_16", format="WAV")
    with written_whole(_audio(data, shard)) as partial:
        partial.write_bytes(whole.getbuffer())
    columns = zip(*rows, strict=True) if rows else ([] for _ in MANIFEST)
    arrays = [pa.array(list(column), kind) for column, kind in zip(columns, MANIFEST.values(), strict=True)]
    write_records(_records(data, shard), "manifest", pa.table(arrays, names=list(MANIFEST)))
    return len(shard.utterances)


def speak(voice: Voice, utterance: Utterance, plan: CorpusPlan) -> np.ndarray | None:
    """(samples,) int16 at 16 kHz, or None when no attempt gave between 0.1 and 2.5 s of sound."""
    speaker = Speaker.parse(utterance.speaker)
    draw = np.random.default_rng(utterance.seed)
    for _ in range(ATTEMPTS):
        rate, pitch = (float(np.exp(draw.uniform(*np.log(span)))) for span in (plan.rate, plan.pitch))
        noise = int(draw.integers(2**31))
        # The warp quickens and raises the voice by its factor: take that back, so that rate and pitch mean the same.
        raw, sample_rate = voice.synthesise(
            utterance.word, speaker.voice, rate / speaker.warp, pitch / speaker.warp**0.5, noise
        )
        samples = condition(raw, sample_rate, speaker.warp)
        if SHORTEST <= len(samples) / SAMPLE_RATE <= LONGEST:
            return samples
    return None


def _engine(name: str) -> Voice:
    """A new engine where it carries state, else this process's."""
    if name not in _engines:
        voice = registry.build("voice", name)
        if voice.stateful:
            return voice
        _engines[name] = voice
    return _engines[name]


def _audio(data: Path, shard: Shard) -> Path:
    return data / "audio" / f"{shard.name}.wav"


def _records(data: Path, shard: Shard) -> Path:
    return data / "audio" / "shards" / f"{shard.name}.tsv"


def _seed(*parts: object) -> int:
    """63 bits from the parts, the same on every machine."""
    digest = hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
