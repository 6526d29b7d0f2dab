"""Clips by what is said and how fast: where a model errs."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from kwskit.text.g2p import G2P
from kwskit.text.pronunciation import WORD_BOUNDARY

INITIALS = {
    "vowel": "AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW",
    "stop": "P B T D K G",
    "affricate": "CH JH",
    "fricative": "F V TH DH S Z SH ZH HH",
    "nasal": "M N NG",
    "liquid or glide": "L R W Y",
}
LENGTHS = {"1": 1, "2-3": 3, "4-5": 5, "6-7": 7, "8+": 10**9}  # phonemes, at most
RATES = ("slow", "medium", "fast")
_INITIAL = {phoneme: kind for kind, phonemes in INITIALS.items() for phoneme in phonemes.split()}

Groups = dict[str, dict[str, NDArray[np.bool_]]]


def sound_groups(texts: Sequence[str], seconds: Sequence[float], g2p: G2P) -> Groups:
    """Which clips are in each group of each kind, (N,), of N clips by text and length; empty groups are left out.

    Kinds are ``phonemes`` and ``initial``, by the likeliest pronunciation, and ``rate``: the terciles of phonemes a
    second.
    """
    said = [[p for p in g2p.pronunciations(text)[0] if p != WORD_BOUNDARY] for text in texts]
    count = np.array([len(phonemes) for phonemes in said])
    initial = np.array([_INITIAL[phonemes[0].rstrip("012")] for phonemes in said])
    rate = count / np.asarray(seconds)
    longest = np.array(list(LENGTHS.values()))
    length = np.array(list(LENGTHS))[np.searchsorted(longest, count)]
    pace = np.array(RATES)[np.searchsorted(np.quantile(rate, [1 / 3, 2 / 3]), rate)]
    kinds: dict[str, tuple[Iterable[str], NDArray[np.str_]]] = {
        "phonemes": (LENGTHS, length),
        "initial": (INITIALS, initial),
        "rate": (RATES, pace),
    }
    return {
        kind: {name: of_clip == name for name in names if (of_clip == name).any()}
        for kind, (names, of_clip) in kinds.items()
    }
