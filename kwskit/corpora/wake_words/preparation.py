"""Stage 1 of a wake word benchmark: from folders of keywords, speech and noise to a search and a closed set."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from kwskit.constants import SAMPLE_RATE
from kwskit.corpora.closed_sets import ClosedSet, prepare_closed_sets
from kwskit.corpora.findings import Findings
from kwskit.corpora.keyword_recordings import SPLIT, KeywordRecording, keyword_manifest
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.wake_words.benchmark import Sound, background_files, decoded, keyword_files, noise_files
from kwskit.corpora.wake_words.streams import Mix, stream_tables, timeline, write_streams
from kwskit.data.records import QUERIES
from kwskit.errors import CorpusError

SEARCH, PROTOCOL, CLEAN_PROTOCOL = "wake_word", "wake_word", "wake_word_keywords"
STREAMS = "audio/_streams"  # a keyword's folder does not begin with _
LATE = 0.5  # s behind a keyword's recording in which it may still be detected, as in Picovoice's benchmark
SHARE = 2_000  # files of a large background that are decoded at a time


@dataclass(frozen=True)
class WakeWordSettings:
    """What the recordings are made of.

    Attributes
    ----------
    hours : of noise, speech and pauses, without the keywords
    speech : share of the background's turns that are heard; the others are pauses of the same length
    snr : of keywords and speech over the noise, in dB
    seed : of everything that is drawn

    Raises
    ------
    CorpusError
        When a number is out of its range.
    """

    hours: float = 24.0
    speech: float = 0.2
    snr: float = 10.0
    seed: int = 7

    def __post_init__(self) -> None:
        if not (self.hours > 0 and math.isfinite(self.hours)):
            raise CorpusError(f"hours must be above 0, not {self.hours}")
        if not 0 <= self.speech <= 1:
            raise CorpusError(f"speech is a share from 0 to 1, not {self.speech}")
        if not math.isfinite(self.snr):
            raise CorpusError(f"snr is a number of dB, not {self.snr}")


def prepare_wake_words(
    preparation: Preparation,
    corpus: Path,
    background: Path,
    noise: Path | None,
    settings: WakeWordSettings,
    jobs: int,
) -> None:
    """Mix the recordings and hand ``preparation`` the search in them, and the keywords' own recordings as a closed set.

    Parameters
    ----------
    preparation : not yet finished
    corpus : holds a folder for each keyword (:func:`keyword_files`)
    background : speech, searched deep; noise : the same, None for none
    settings : see there
    jobs : processes

    Raises
    ------
    CorpusError
        When a folder has nothing to use; with a strict preparation, when anything was left out.
    OSError
        When a recording cannot be written.
    """
    findings, data = preparation.findings, preparation.data
    files = keyword_files(corpus)
    keywords = {word: decoded(paths, f"recordings of '{word}'", jobs, findings) for word, paths in files.items()}
    for _, which in findings:
        print(f"prepare: left out: {which}")
    keywords = {word: sounds for word, sounds in keywords.items() if sounds}
    if not keywords:
        raise CorpusError(f"no recording of a keyword in {corpus} can be used:\n{findings.summary()}")
    undecodable = sum(map(len, files.values())) - sum(map(len, keywords.values()))
    noises = decoded(noise_files(noise), "noises", jobs, findings) if noise else []
    if noise and not noises:
        raise CorpusError(f"noise: no file of {noise} can be used:\n{findings.summary()}")
    speech = _background(background, list(keywords), settings, jobs, findings)
    _closed_set(preparation, keywords, jobs)
    if preparation.strict and len(findings):
        preparation.finish()  # which refuses; mixing first would be in vain

    recordings = timeline(keywords, speech, settings.hours, settings.speech, settings.seed)
    paths = write_streams(recordings, Mix(tuple(noises), settings.snr, settings.seed), data / STREAMS, jobs)
    listed, said = stream_tables(recordings, paths, data)
    names = list(keywords)
    queries = pa.table(dict(zip(QUERIES, (names, names, [""] * len(names)), strict=True)))
    facts = {"protocol": PROTOCOL, **asdict(settings), "late": LATE, "undecodable": undecodable}
    facts |= {"background": background.name, "noise": noise.name if noise else "none"}
    preparation.search(SEARCH, listed, queries, said, facts)
    preparation.evaluate(f"search_{SEARCH}")


def _background(
    folder: Path, keywords: Sequence[str], settings: WakeWordSettings, jobs: int, findings: Findings
) -> list[Sound]:
    """Background speech in a drawn order: all of it, or of a large folder as much as the recordings take."""
    files, spoken = background_files(folder, keywords)
    if spoken:
        print(f"prepare: {spoken:,} files of {folder} are not used: by their transcripts a keyword is said in them")
    order = np.random.default_rng(settings.seed).permutation(len(files))
    sounds: list[Sound] = []
    for at in range(0, len(files), SHARE):
        share = [files[place] for place in order[at : at + SHARE]]
        sounds += decoded(share, "background files", jobs, findings)
        if sum(sound.samples for sound in sounds) >= settings.hours * 3600 * SAMPLE_RATE:
            break
    if not sounds:
        raise CorpusError(f"background speech: no file of {folder} can be used:\n{findings.summary()}")
    return sounds


def _closed_set(preparation: Preparation, keywords: Mapping[str, Sequence[Sound]], jobs: int) -> None:
    """The keywords' recordings as they are, each with every keyword; of a single keyword the manifest alone."""
    recordings = [
        KeywordRecording(f"{word}/{sound.path.stem}{sound.path.suffix}", sound.path, word, "unknown")
        for word, sounds in keywords.items()
        for sound in sounds
    ]
    if len(keywords) > 1:
        prepare_closed_sets(preparation, [ClosedSet("keywords", CLEAN_PROTOCOL, recordings, list(keywords))], jobs)
    else:
        preparation.manifest(SPLIT, keyword_manifest(recordings, jobs, preparation.findings))
