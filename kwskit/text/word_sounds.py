"""The words of a dictionary by what they sound like."""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kwskit.text.phoneme_distance import edit_distances, phoneme_characters
from kwskit.text.pronouncing_dictionary import PronouncingDictionary, cmudict
from kwskit.text.pronunciation import STRESSLESS, WORD_BOUNDARY

# Phonemes that are easily taken for one another: alike but for voice, or in place, height or length.
ALIKE = (
    *("P B", "T D", "K G", "F V", "TH DH", "S Z", "SH ZH CH JH", "M N NG", "L R", "W", "Y", "HH"),
    *("IY IH", "EH AE EY", "AA AO AH ER", "UH UW OW", "AY", "AW OY"),
)
VOWELS = frozenset("aeiouy")
AT_A_TIME = 20_000_000  # distances of a query that are held at once
_CHARACTERS = phoneme_characters(STRESSLESS)
_BROAD = str.maketrans({_CHARACTERS[p]: _CHARACTERS[group.split()[0]] for group in ALIKE for p in group.split()})
_CODES = {**_CHARACTERS, **{phoneme + stress: code for phoneme, code in _CHARACTERS.items() for stress in "012"}}
_PHONEMES = {code: phoneme for phoneme, code in _CHARACTERS.items()}


def sound_of(phonemes: Sequence[str]) -> str:
    """What is compared: a character a phoneme, without stress and without the boundaries of words."""
    return "".join([_CODES[phoneme] for phoneme in phonemes if phoneme != WORD_BOUNDARY])


def phonemes_of(sound: str) -> tuple[str, ...]:
    """The phonemes of :func:`sound_of`."""
    return tuple(_PHONEMES[code] for code in sound)


def sound_distances(
    queries: Sequence[str], others: Sequence[str], broad: Sequence[str] | None = None
) -> NDArray[np.int16]:
    """(Q, N) of :func:`sound_of`: 2 for a phoneme more, less or other, 1 for another that is alike (``ALIKE``).

    The sum of two Levenshtein distances, of phonemes and of groups of phonemes that are alike, which is at most the
    distance with these weights (ours). ``broad`` are the groups' characters of ``others``, where they are at hand.
    """
    distances = edit_distances(queries, others).astype(np.int16)
    return distances + edit_distances(_groups(queries), _groups(others) if broad is None else broad)


def _groups(sounds: Sequence[str]) -> list[str]:
    """Sounds with the same character for all phonemes that are alike."""
    return "\n".join(sounds).translate(_BROAD).split("\n")


class NearestSounds(NamedTuple):
    """Sounds near a query: their ``rows`` and ``distances``, nearest first."""

    rows: list[int]
    distances: list[int]


class WordSounds:
    """All pronunciations of a dictionary's words, to look for those that sound like something.

    Words that sound the same, but for stress, are one sound. Words with a dot, which are names of letters, and words
    without a vowel letter, such as "mm", are left out.

    Parameters
    ----------
    dictionary : of English words

    Attributes
    ----------
    sounds : of :func:`sound_of`, distinct, short ones first
    """

    def __init__(self, dictionary: PronouncingDictionary):
        code = _CODES.__getitem__
        words: dict[str, str] = {}  # entries of a sound in a row: a list for each costs as much time as all the rest
        for entry, phonemes in dictionary.entries():
            if "." not in entry and not VOWELS.isdisjoint(entry):
                sound = "".join(map(code, phonemes))
                words[sound] = f"{words[sound]} {entry}" if sound in words else entry
        self.sounds = sorted(words, key=len)
        self._words = words
        self._lens = np.array([len(sound) for sound in self.sounds])
        self._broad = _groups(self.sounds)
        self._all = "\n".join(self.sounds) + "\n"
        self._starts = np.cumsum(self._lens + 1) - self._lens - 1

    def words(self, row: int) -> list[str]:
        """The words of a sound: first those of which it is the first pronunciation, plain and short ones first."""
        entries = sorted(self._words[self.sounds[row]].split(" "), key=_plainness)
        return list(dict.fromkeys(entry.partition("(")[0] for entry in entries))

    def nearest(self, sound: str, count: int) -> NearestSounds:
        """The ``count`` nearest sounds by :func:`sound_distances`, ``sound`` itself among them where a word has it."""
        return self._nearest([sound], 0, len(self.sounds), count)[0]

    def close(self, sounds: Sequence[str], count: int, longer: int = 1) -> list[NearestSounds]:
        """For each of ``sounds`` the ``count`` nearest of those that are at most ``longer`` longer or shorter."""
        found: dict[str, NearestSounds] = {}
        for length in {len(sound) for sound in sounds}:
            part = list({sound for sound in sounds if len(sound) == length})
            low, high = np.searchsorted(self._lens, [length - longer, length + longer + 1])
            found |= dict(zip(part, self._nearest(part, int(low), int(high), count), strict=True))
        return [found[sound] for sound in sounds]

    def around(self, sound: str) -> list[int]:
        """Sounds of which ``sound`` is a part, short ones first."""
        rows, at = [], self._all.find(sound)
        while at >= 0:
            row = int(np.searchsorted(self._starts, at, "right")) - 1
            if self.sounds[row] != sound:
                rows.append(row)
            at = self._all.find(sound, int(self._starts[row] + self._lens[row]))
        return rows

    def inside(self, sound: str, shortest: int = 2) -> list[int]:
        """Sounds of ``shortest`` phonemes and more that are a part of ``sound``, long ones first."""
        parts = {sound[i:j] for i in range(len(sound)) for j in range(i + shortest, len(sound) + 1)} - {sound}
        rows = {row: part for row, part in enumerate(self.sounds) if part in parts}
        return sorted(rows, key=lambda row: (-len(rows[row]), sound.index(rows[row])))

    def _nearest(self, sounds: Sequence[str], low: int, high: int, count: int) -> list[NearestSounds]:
        found: list[NearestSounds] = []
        at_once = max(1, AT_A_TIME // max(high - low, 1))
        for at in range(0, len(sounds), at_once):
            part = sounds[at : at + at_once]
            distances = sound_distances(part, self.sounds[low:high], self._broad[low:high])
            for row in distances:
                order = np.argsort(row, kind="stable")[:count]
                found.append(NearestSounds((low + order).tolist(), row[order].tolist()))
        return found


def _plainness(entry: str) -> tuple:
    """``read(2)``, a second pronunciation, goes after a first one."""
    return ")" in entry, "'" in entry, len(entry) == 1 and entry not in "ai", len(entry), entry


@functools.cache
def word_sounds() -> WordSounds:
    """Those of CMUdict, 115,000 sounds of 126,000 words; made once a process, in 0.4 s."""
    return WordSounds(cmudict())
