"""A speech corpus from synthesis engines: planned by seed, spoken in parallel, resumable shard by shard (ours).

The plan (which speaker says which word, at what rate and pitch) is a function of the settings alone. It is cut
into shards of one engine each; a shard is spoken by a new engine from its first utterance to its last, so its
bytes depend neither on the number of processes nor on what was spoken before.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from kwskit.constants import SAMPLE_RATE
from kwskit.data.records import write_records
from kwskit.errors import SynthesisError
from kwskit.synthesis.casting import Speaker
from kwskit.synthesis.conditioning import condition
from kwskit.synthesis.engines import engine, slowest_first
from kwskit.synthesis.shard_making import audio_path, make_shards, read_shard, write_shard
from kwskit.synthesis.voices.voice import Voice

logger = logging.getLogger(__name__)

GAP = SAMPLE_RATE // 10  # zeros between the utterances of a shard
ATTEMPTS = 3
SHORTEST, LONGEST = 0.1, 2.5  # s


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
class WordShard:
    """Utterances of one engine that go into one file."""

    name: str
    engine: str
    utterances: tuple[Utterance, ...]

    @property
    def work(self) -> int:
        """Utterances to speak."""
        return len(self.utterances)


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


def shards(plan: CorpusPlan) -> list[WordShard]:
    """The corpus cut into shards, the slowest engines first so that no process is left alone at the end."""
    cut = []
    for split in plan.splits:
        by_engine: dict[str, list[Utterance]] = {}
        for utterance in utterances(plan, split):
            by_engine.setdefault(Speaker.parse(utterance.speaker).engine, []).append(utterance)
        for name, own in by_engine.items():
            for number, first in enumerate(range(0, len(own), plan.shard)):
                cut.append(WordShard(f"{split}-{name}-{number:04d}", name, tuple(own[first : first + plan.shard])))
    return slowest_first(cut)


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
    counts = make_shards(cut, speak_shard, plan, data, {"format": 1, **asdict(plan)}, jobs)
    for split in plan.splits:
        spoken = [read_shard(data, s.name) for s in cut if s.utterances[0].split == split]
        table = pa.concat_tables(spoken).sort_by("utt_id")
        wanted = len(plan.splits[split].words) * plan.splits[split].utterances
        if not len(table):
            raise SynthesisError(f"no utterance of the {split} split could be spoken; see the warnings above")
        write_records(data / "manifests" / f"{split}.tsv", "manifest", table, {"corpus": "synth", "seed": plan.seed})
        counts.update(spoken=len(table), skipped=wanted - len(table))
    return counts


def speak_shard(shard: WordShard, plan: CorpusPlan, data: Path) -> int:
    """Speak ``shard`` into ``data/audio/<name>.wav`` and its record file; returns the number of utterances tried."""
    rows: list[tuple] = []
    pieces: list[np.ndarray] = []
    position = 0
    with engine(shard.engine) as voice:
        for utterance in shard.utterances:
            samples = speak(voice, utterance, plan)
            if samples is None:
                logger.warning("%s: %s could not be spoken; left out", utterance.utt_id, utterance.speaker)
                continue
            stop = position + len(samples)
            times = (position / SAMPLE_RATE, stop / SAMPLE_RATE)
            path = audio_path(shard.name)
            rows.append((utterance.utt_id, path, *times, utterance.word, utterance.speaker, utterance.split))
            pieces += [samples, np.zeros(GAP, np.int16)]
            position = stop + GAP
    write_shard(data, shard.name, np.concatenate(pieces) if pieces else np.zeros(GAP, np.int16), rows)
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


def _seed(*parts: object) -> int:
    """63 bits from the parts, the same on every machine."""
    digest = hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
