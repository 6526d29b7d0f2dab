"""The recogniser's words at the times of a forced alignment."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from kwskit.corpora.alignments.forced_alignment import UtteranceAligner
from kwskit.data.audio import read_segment
from people.spoken_words import AUDIO, FOLDER, SpokenWord


def aligned_words(speech: Path, words: Sequence[SpokenWord], aligner: UtteranceAligner) -> list[SpokenWord]:
    """The words with aligned times; those whose two times hardly overlap, by half of the shorter, are no longer sure.

    An ASR's text may lack what was said, and then the alignment strays. Words without a letter or a digit, and those
    of an utterance that cannot be aligned at all, keep their times and are not sure.

    Raises
    ------
    kwskit.errors.AudioError
        When an utterance cannot be read.
    """
    found = []
    for file, grouped in groupby(words, key=lambda word: word.file):
        own = list(grouped)
        spelt = [aligner.spells([word.text]) for word in own]
        said = [word.text for word, known in zip(own, spelt, strict=True) if known]
        placed = aligner.place(read_segment(speech / FOLDER / AUDIO / file), said) if said else None
        times = iter(placed or [])
        found += [_moved(word, next(times, None) if known else None) for word, known in zip(own, spelt, strict=True)]
    return found


def _moved(word: SpokenWord, place: tuple[float, float, float | None] | None) -> SpokenWord:
    if place is None:
        return word._replace(probability=0.0)
    start, stop, _ = place
    both = min(word.stop, stop) - max(word.start, start)
    agree = 2 * both > min(word.stop - word.start, stop - start)
    return word._replace(start=start, stop=stop, probability=word.probability if agree else 0.0)
