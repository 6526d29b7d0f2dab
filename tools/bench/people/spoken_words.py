"""Words and short phrases cut from read speech, by the times that a recogniser gave: ``librispeech_words/words.tsv``.

Its columns are file, start, end (s), word and probability; the files are ``flac/<speaker>-<chapter>-<utterance>.flac``.
"""

import csv
from collections.abc import Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import NamedTuple

from kwskit.text.normalise import normalise
from people.clip import Clip, long_enough
from people.halves import reader_halves

FOLDER, WORDS, AUDIO = "librispeech_words", "words.tsv", "flac"
SURE = 0.9  # of the recogniser, above which a word counts
LETTERS = 4  # of a word, at least
GAP = 0.15  # s between two words of a phrase, less than that
SHORTEST, LONGEST = 0.5, 2.5  # s of a phrase


class SpokenWord(NamedTuple):
    """A word of an utterance, by the recogniser."""

    file: str
    start: float
    stop: float
    text: str
    probability: float

    @property
    def speaker(self) -> str:
        return self.file.split("-")[0]


def spoken_words(speech: Path, half: str) -> list[SpokenWord]:
    """All words of the half's utterances, sure or not, in their order.

    Raises
    ------
    FileNotFoundError
        When there are none.
    """
    path = speech / FOLDER / WORDS
    halves = reader_halves(file.name.split("-")[0] for file in (speech / FOLDER / AUDIO).glob("*.flac"))
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [
            SpokenWord(
                row["file"], float(row["start"]), float(row["end"]), row["word"].strip(), float(row["probability"])
            )
            for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]
    found = [row for row in rows if halves.get(row.speaker) == half]
    if not found:
        raise FileNotFoundError(f"{path}: no words of the {half} half whose audio is in {path.parent / AUDIO}")
    return found


def word_clips(speech: Path, words: Sequence[SpokenWord]) -> list[Clip]:
    """The sure words of at least ``LETTERS`` letters, each cut at its times."""
    sure = (word for word in words if word.probability > SURE and sum(map(str.isalpha, word.text)) >= LETTERS)
    return [_clip(speech, [word]) for word in sure if long_enough(word.start, word.stop)]


def phrase_clips(speech: Path, words: Sequence[SpokenWord], length: int) -> list[Clip]:
    """Stretches of ``length`` sure words that follow each other closely; no word is in two of them."""
    clips = []
    for _, utterance in groupby(words, key=lambda word: word.file):
        said, at = list(utterance), 0
        while at + length <= len(said):
            part = said[at : at + length]
            if _is_phrase(part):
                clips.append(_clip(speech, part))
                at += length
            else:
                at += 1
    return clips


def vocabulary_of(words: Sequence[SpokenWord]) -> list[str]:
    """The sure words, each once, as they are typed."""
    sure = (word.text for word in words if word.probability > SURE and any(map(str.isalpha, word.text)))
    return sorted({token for text in sure for token in normalise(text)})


def _is_phrase(part: Sequence[SpokenWord]) -> bool:
    sure = all(word.probability > SURE and any(map(str.isalpha, word.text)) for word in part)
    close = all(after.start - before.stop < GAP for before, after in pairwise(part))
    return sure and close and SHORTEST <= part[-1].stop - part[0].start <= LONGEST


def _clip(speech: Path, part: Sequence[SpokenWord]) -> Clip:
    first, last = part[0], part[-1]
    text = " ".join(token for word in part for token in normalise(word.text))
    name = f"{Path(first.file).stem}_{first.start:.2f}_{last.stop:.2f}"
    return Clip(name, speech / FOLDER / AUDIO / first.file, text, first.speaker, first.start, last.stop)
