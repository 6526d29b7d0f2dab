"""Running speech from synthesis engines with the time of each word: planned by seed, parallel, resumable (ours).

A sentence is a function of its engine's seed and its number. Rows of the manifest are its words, each as it was spoken
between its neighbours, and of a sentence with several words in a row without a pause one phrase of 2 to 4 of them.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kwskit.constants import SAMPLE_RATE
from kwskit.data.records import write_records
from kwskit.errors import SynthesisError
from kwskit.synthesis.casting import Speaker
from kwskit.synthesis.conditioning import condition_timed, tightened
from kwskit.synthesis.corpus_settings import stored_settings
from kwskit.synthesis.engines import engine, slowest_first
from kwskit.synthesis.running_plan import RunningPlan, RunningShard
from kwskit.synthesis.sentences import sentences_without
from kwskit.synthesis.shard_making import audio_path, make_shards, read_shard, write_shard
from kwskit.synthesis.voices.timed_speech import UntimedSpeech
from kwskit.synthesis.voices.voice import Voice

SHARE = 20  # one word in so many


def is_dev(word: str) -> bool:
    """Whether ``word`` is one of the twentieth for development: by the 8 bytes of its BLAKE2b, little-endian."""
    digest = hashlib.blake2b(word.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") % SHARE == 0


def split_of(words: Iterable[str]) -> str:
    """``dev`` when one of ``words`` is for development, else ``train``."""
    return "dev" if any(map(is_dev, words)) else "train"


logger = logging.getLogger(__name__)

GAPS = (0.1, 0.3)  # s of zeros behind a sentence
PHRASE = (2, 4)  # words
SHORTEST_WORD = 0.05  # s; what is shorter, an "a" between two words, is no row of its own
LONGEST = 20.0  # s of a sentence
SPLITS = ("train", "dev")


def running_shards(plan: RunningPlan) -> list[RunningShard]:
    """The corpus cut into shards, the slowest engines first."""
    cut = []
    for engine_name, part in plan.parts.items():
        for first in range(0, part.sentences, plan.shard):
            behind = min(first + plan.shard, part.sentences)
            # A shorter last one has another name, so that it is not taken for the whole when there are more sentences.
            shorter = "" if behind - first == plan.shard else f"-{behind - first}"
            cut.append(RunningShard(f"{engine_name}-{first // plan.shard:04d}{shorter}", engine_name, first, behind))
    return slowest_first(cut)


def make_running_speech(plan: RunningPlan, data: str | Path, jobs: int = 1) -> Counter[str]:
    """Speak the whole plan into ``data/audio`` and write ``data/manifests/train.tsv`` and ``dev.tsv``.

    Finished shards are kept, also when there shall be more sentences or other engines. Rows with a word for
    development (:func:`kwskit.synthesis.running_speech.is_dev`) are in dev.

    Parameters
    ----------
    data : folder of the corpus, made if need be; one run at a time
    jobs : processes

    Returns
    -------
    counts: rows of ``train`` and ``dev``, ``shards`` spoken now, ``kept`` shards

    Raises
    ------
    SynthesisError
        When ``data`` holds a corpus with other settings, no word could be spoken, or a process was killed.
    OSError
        When a file cannot be written, such as on a full disk; finished shards are kept.
    MissingEngine
        When an engine is not installed.
    """
    data = Path(data)
    cut = running_shards(plan)
    if not cut:
        raise SynthesisError("a corpus of running speech needs a sentence of one engine at least")
    counts = make_shards(cut, speak_running_shard, plan, data, plan.settings(stored_settings(data)), jobs)
    table = pa.concat_tables([read_shard(data, shard.name) for shard in cut]).sort_by("utt_id")
    if not len(table):
        raise SynthesisError("no word of running speech could be spoken; see the warnings above")
    facts = {"corpus": "running", **{f"seed.{name}": part.seed for name, part in plan.parts.items()}}
    for split in SPLITS:
        own = table.filter(pc.equal(table["split"], split))
        write_records(data / "manifests" / f"{split}.tsv", "manifest", own, facts)
        counts[split] = len(own)
    return counts


def speak_running_shard(shard: RunningShard, plan: RunningPlan, data: Path) -> int:
    """Speak ``shard`` into ``data``; returns the number of sentences tried."""
    rows: list[tuple] = []
    pieces: list[np.ndarray] = []
    position = left_out = 0
    with engine(shard.engine) as voice:
        for number in range(shard.first, shard.behind):
            try:
                samples, own = speak_sentence(voice, shard.engine, number, plan)
            except UntimedSpeech as error:
                logger.info("%s-%06d is left out: %s", shard.engine, number, error)
                left_out += 1
                continue
            at = position / SAMPLE_RATE
            rows += [(name, audio_path(shard.name), at + begin, at + end, *rest) for name, begin, end, *rest in own]
            pieces.append(samples)
            position += len(samples)
    if left_out > shard.work // 4:
        logger.warning("%s: %d of %d sentences left out: words without a time", shard.name, left_out, shard.work)
    write_shard(data, shard.name, np.concatenate(pieces or [np.zeros(SAMPLE_RATE // 10, np.int16)]), rows)
    return shard.work


def speak_sentence(voice: Voice, name: str, number: int, plan: RunningPlan) -> tuple[np.ndarray, list[tuple]]:
    """Sentence ``number`` of the engine ``name``.

    Returns
    -------
    (samples,) int16 at 16 kHz, a silence behind the speech; and the rows: id, begin and end in seconds, word or phrase,
    speaker, split

    Raises
    ------
    UntimedSpeech
        When the engine does not know the time of each word, or spoke for more than 20 s.
    """
    part = plan.parts[name]
    sentence = sentences_without(plan.held_out).draw(part.seed, number)
    draw = np.random.default_rng([part.seed, number, 1])
    speaker_id = part.speakers[int(draw.integers(len(part.speakers)))]
    pitch = float(np.exp(draw.uniform(*np.log(plan.pitch))))
    noise, gap = int(draw.integers(2**31)), round(float(draw.uniform(*GAPS)) * SAMPLE_RATE)
    if part.in_turn:
        speaker_id, pitch = part.speakers[number % len(part.speakers)], 1.0
    speaker = Speaker.parse(speaker_id)
    # The warp quickens and raises the voice by its factor: take that back, so that rate and pitch mean the same.
    spoken = voice.speak_words(
        sentence.marked(),
        speaker.voice,
        sentence.rate / speaker.warp,
        pitch / speaker.warp**0.5,
        noise,
        sentence.said,
    )
    samples, spans = condition_timed(spoken.samples, spoken.sample_rate, spoken.spans, speaker.warp)
    if len(samples) > LONGEST * SAMPLE_RATE:
        raise UntimedSpeech(f"{speaker_id} spoke for {len(samples) / SAMPLE_RATE:.0f} s: {' '.join(sentence.words)!r}")
    spans = tightened(samples, spans)
    stretches = [(k, k + 1) for k in range(len(sentence.words))]
    utt_ids = [f"{name}-{number:06d}-{k}" for k in range(len(sentence.words))]
    if phrases := sentence.stretches(*PHRASE):
        stretches.append(phrases[int(draw.integers(len(phrases)))])
        utt_ids.append(f"{name}-{number:06d}-phrase")
    rows = []
    for utt_id, (first, behind) in zip(utt_ids, stretches, strict=True):
        words = sentence.words[first:behind]
        begin, end = float(spans[first, 0]), float(spans[behind - 1, 1])
        if end - begin >= SHORTEST_WORD:
            rows.append((utt_id, begin, end, " ".join(words), speaker_id, split_of(words)))
    return np.concatenate([samples, np.zeros(gap, np.int16)]), rows
