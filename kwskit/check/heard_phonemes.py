"""Phonemes that a model with a CTC head reads off recordings of a keyword."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from kwskit.check.ctc import likeliest_sequences, sequence_likelihoods
from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.spoken_example import phoneme_log_probs
from kwskit.text.neural_g2p import PHONEMES
from kwskit.text.pronunciation import STRESSLESS, WORD_BOUNDARY, Pronunciation

# How much less likely, in log-likelihood a phoneme, a reading may be than the likeliest: tools/bench/read_off.py says
# how many readings that are said, and that are not, keep to it.
OTHER = 2.5
MOST = 10  # readings that are kept of each recording


class HeardReading(NamedTuple):
    """``phonemes`` with boundaries, whether they were ``known`` before, are ``heard``, and their ``fit``."""

    phonemes: Pronunciation
    known: bool
    heard: bool
    fit: float


class HeardPhonemes(NamedTuple):
    """``readings``, the likeliest first, and ``doubts`` of recordings that do not fit the others."""

    readings: list[HeardReading]
    doubts: list[str]


def heard_phonemes(
    model: SpeechModel,
    recordings: Sequence[NDArray[np.int16]],
    known: Mapping[tuple[int, ...], Pronunciation],
    names: Sequence[str],
) -> HeardPhonemes:
    """The ``known`` readings and those that are heard in ``recordings``, by their likelihood in all of these (ours).

    Of each recording prefix beam search finds the likeliest; the log-likelihood of every candidate, by CTC's forward
    algorithm, is summed over all recordings.

    Parameters
    ----------
    model : with a CTC head
    recordings : (samples,) each, what is said alone
    known : readings that are typed or guessed, at least one, by their ids without boundaries
    names : of the recordings, for messages

    Raises
    ------
    ValueError
        For a recording in which most likely no phoneme is said.
    """
    assert model.blank is not None
    tokenizer = model.tokenizer
    phonemes = [k for k, symbol in enumerate(tokenizer.symbols) if symbol in (*PHONEMES, *STRESSLESS)]
    log_probs = [phoneme_log_probs(model, pcm) for pcm in recordings]
    heard: set[tuple[int, ...]] = set()
    for frames, name in zip(log_probs, names, strict=True):
        found = likeliest_sequences(frames, model.blank, phonemes)[:MOST]
        if not found or not found[0]:
            raise ValueError(f"{name}: no phoneme is heard in it: say the keyword alone, near the microphone")
        heard |= {one for one in found if one}
    sequences = [*known, *sorted(heard - known.keys())]
    fits = np.array([sequence_likelihoods(frames, model.blank, sequences) for frames in log_probs])
    total = fits.sum(0)
    order = np.argsort(-total, kind="stable").tolist()
    first, doubts = order[0], []
    for name, row in zip(names, fits, strict=True):
        if (row.max() - row[first]) / len(sequences[first]) > OTHER:
            said = " ".join(tokenizer.decode(sequences[int(row.argmax())]))
            doubts.append(f"{name}: something else seems to be said in it than in the others, '{said}'.")
    likeliest, readings = next(iter(known.values())), []
    for sequence, fit in ((sequences[at], float(total[at])) for at in order):
        said_as = known.get(sequence) or parted(tuple(tokenizer.decode(sequence)), likeliest)
        readings.append(HeardReading(said_as, sequence in known, sequence in heard, fit))
    return HeardPhonemes(readings, doubts)


def parted(phonemes: Pronunciation, like: Pronunciation) -> Pronunciation:
    """``phonemes`` with boundaries between words where they come nearest to the words of ``like``, which has some.

    The sum of the words' edit distances is least; where there are fewer phonemes than words, there are no boundaries.
    """
    words = [part.split() for part in " ".join(one.rstrip("012") for one in like).split(WORD_BOUNDARY)]
    if len(phonemes) < len(words):
        return phonemes
    bare = [one.rstrip("012") for one in phonemes]
    best: dict[int, tuple[int, tuple[int, ...]]] = {0: (0, ())}  # by phonemes used: distance, ends of words
    for number, word in enumerate(words, 1):
        ends = [len(bare)] if number == len(words) else range(number, len(bare) - (len(words) - number) + 1)
        best = {
            end: min(
                (distance + Levenshtein.distance(bare[begin:end], word), (*cuts, end))
                for begin, (distance, cuts) in best.items()
                if begin < end
            )
            for end in ends
        }
    _, cuts = best[len(bare)]
    pieces, begin = [], 0
    for end in cuts:
        pieces.append(" ".join(phonemes[begin:end]))
        begin = end
    return tuple(f" {WORD_BOUNDARY} ".join(pieces).split())
