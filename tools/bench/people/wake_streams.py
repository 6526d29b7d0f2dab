"""Streams of the half's wake words laid into all its other speech, clean or over noise, as a search."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from kwskit.constants import SAMPLE_RATE
from kwskit.corpora.findings import Findings
from kwskit.corpora.wake_words.benchmark import Sound, audio_files, decoded
from kwskit.corpora.wake_words.preparation import LATE
from kwskit.corpora.wake_words.streams import Mix, stream_tables, timeline, write_streams
from kwskit.data.records import QUERIES, write_records
from kwskit.evaluation.searched import Search
from kwskit.text.normal_form import normal_form
from people.clip import some
from people.digits import FOLDER as DIGITS
from people.halves import digit_half, reader_halves, wake_word_half
from people.spoken_words import AUDIO, FOLDER, WORDS

WAKE_WORDS, OTHERS, NOISE = "wake_words", "_other", "noise"
TEXTS = {"heycomputer": "hey computer"}  # what is said, where a folder's name does not tell
TRANSCRIPTS = "metadata.csv"  # of the others: file, text, language, wake word that it sounds like


@dataclass(frozen=True)
class WakeSpeech:
    """Sounds of the half: each wake word's, and other speech, in which no wake word is said."""

    keywords: Mapping[str, Sequence[Sound]]
    background: Sequence[Sound]


def wake_speech(
    speech: Path, half: str, most: int | None, jobs: int, wake_words: Mapping[str, Sequence[Path]] | None = None
) -> WakeSpeech:
    """The half's wake words, and its LibriSpeech utterances, digits and words that are no wake word.

    Parameters
    ----------
    speech : folder of people's speech
    most : recordings of a wake word, and files of other speech of a kind, at most; None for all
    jobs : processes that decode
    wake_words : recordings of each in the place of all of the folder's

    Raises
    ------
    FileNotFoundError
        When there is no wake word of this half.
    """
    findings = Findings()
    everybody = wake_word_files(speech) if wake_words is None else wake_words
    files = {text: [path for path in own if wake_word_half(path) == half] for text, own in everybody.items()}
    keywords = {text: decoded(some(own, most), text, jobs, findings) for text, own in files.items() if own}
    if not keywords:
        raise FileNotFoundError(f"{speech / WAKE_WORDS}: no wake words of the {half} half, such as athena/1.wav")
    kinds = (_utterances(speech, half, list(keywords)), _digits(speech, half), _others(speech, half, list(keywords)))
    background = [sound for kind in kinds for sound in decoded(some(kind, most), "other speech", jobs, findings)]
    for kind, which in findings:
        print(f"left out of the {kind}: {which}")
    return WakeSpeech(keywords, background)


def wake_word_files(speech: Path) -> dict[str, list[Path]]:
    """The recordings of each wake word, of both halves, below the folder of people's speech."""
    folders = [folder for folder in sorted((speech / WAKE_WORDS).glob("[!_.]*")) if folder.is_dir()]
    return {TEXTS.get(folder.name, normal_form(folder.name)): audio_files(folder) for folder in folders}


def wake_search(data: Path, sounds: WakeSpeech, noises: Sequence[Sound], snr: float, seed: int, jobs: int) -> Search:
    """Streams in which each wake word's recordings and all other speech are heard once, and what is said where.

    Whoever says a wake word that is a part of another one, says the former too.
    """
    hours = sum(sound.samples for sound in sounds.background) / SAMPLE_RATE / 3600
    recordings = timeline(sounds.keywords, sounds.background, hours * (1 - 1e-9), 1.0, seed)
    paths = write_streams(recordings, Mix(tuple(noises), snr, seed), data / "audio", jobs)
    listed, said = stream_tables(recordings, paths, data)
    texts = list(sounds.keywords)
    also = [row | {"query": text} for row in said.to_pylist() for text in texts if _is_part(text, row["query"])]
    said = pa.concat_tables([said, pa.Table.from_pylist(also, said.schema)])
    queries = pa.table(dict(zip(QUERIES, (texts, texts, [""] * len(texts)), strict=True)))
    for kind, table in (("recordings", listed), ("queries", queries), ("occurrences", said)):
        write_records(data / f"{kind}.tsv", kind, table, {"late": LATE, "snr": snr if noises else "none", "seed": seed})
    return Search.read(data)


def noises_of(speech: Path, jobs: int) -> list[Sound]:
    """The background noises, which are of no half."""
    return decoded(audio_files(speech / NOISE), "noises", jobs, Findings())


def _utterances(speech: Path, half: str, keywords: Sequence[str]) -> list[Path]:
    files = sorted((speech / FOLDER / AUDIO).glob("*.flac"))
    halves = reader_halves(_speaker(file) for file in files)
    said: dict[str, str] = {}
    with (speech / FOLDER / WORDS).open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            said[row["file"]] = f"{said.get(row['file'], '')} {normal_form(row['word'].lower())}"
    return [
        file for file in files if halves.get(_speaker(file)) == half and not _has_any(said.get(file.name, ""), keywords)
    ]


def _speaker(file: Path) -> str:
    return file.name.split("-")[0]


def _digits(speech: Path, half: str) -> list[Path]:
    files = sorted((speech / DIGITS).glob("[0-9]_*_*.wav"))
    return [file for file in files if digit_half(file.stem.split("_")[1]) == half]


def _others(speech: Path, half: str, keywords: Sequence[str]) -> list[Path]:
    folder = speech / WAKE_WORDS / OTHERS
    if not (folder / TRANSCRIPTS).is_file():
        return []
    with (folder / TRANSCRIPTS).open(encoding="utf-8", newline="") as lines:
        said = {row[0]: normal_form(row[1]) for row in csv.reader(lines) if len(row) > 1}
    files = [file for file in audio_files(folder) if wake_word_half(file) == half]
    return [file for file in files if not _has_any(said.get(file.name, ""), keywords)]


def _has_any(text: str, keywords: Sequence[str]) -> bool:
    return any(f" {keyword} " in f" {text} " for keyword in keywords)


def _is_part(text: str, other: str) -> bool:
    return text != other and _has_any(other, [text])
