"""Readings of a word that no dictionary has."""

from collections.abc import Sequence

from kwskit.text.neural_g2p import MAX_PHONEMES, neural_g2p
from kwskit.text.normal_form import vowelless
from kwskit.text.pronouncing_dictionary import cmudict
from kwskit.text.pronunciation import Pronunciation, stressless

# No word of CMUdict has more readings that differ in more than stress, so neither does a keyword that is guessed. The
# model's probabilities order them but cut none: of words that it has not learnt it is too sure.
READINGS = 4
SHORTEST_PART = 3  # letters


def guessed_readings(word: str, most: int = READINGS) -> list[Pronunciation]:
    """Up to ``most`` readings of a lower-case word, the likeliest first, that differ in more than stress (ours).

    First what the neural model finds likeliest; then, where the word looks composed of words of the dictionary, these
    one after another; then what else the model finds. Of 600 words of CMUdict that can be parted so, the parts give the
    reading of 43 %, and the model, which has learnt these very words, that of 72 %: one of the two of 82 %.
    """
    if len(word) > MAX_PHONEMES:
        neural_g2p().predict(word)  # warns where the model would go on beyond them; a beam ends earlier, at worse ones
    modelled = neural_g2p().likeliest(word)
    parts = composed_of(word)
    composed = [tuple(phoneme for part in parts for phoneme in cmudict().lookup(part)[0])] if parts else []
    found: dict[Pronunciation, Pronunciation] = {}
    for reading in (*modelled[:1], *composed, *modelled[1:]):
        found.setdefault(stressless(reading), reading)
    return list(found.values())[:most]


def composed_of(word: str) -> Sequence[str]:
    """The words of the dictionary that make up a lower-case word, in its order; none where it cannot be parted.

    The fewest, and of these those of which the shortest is longest; each of three letters or more, one a vowel.
    """
    best: list[tuple[str, ...] | None] = [()]
    for end in range(1, len(word) + 1):
        ways = [
            (*before, word[begin:end])
            for begin in range(0, end - SHORTEST_PART + 1)
            if (before := best[begin]) is not None and _is_part(word[begin:end])
        ]
        best.append(min(ways, key=lambda parts: (len(parts), -min(map(len, parts))), default=None))
    found = best[-1] or ()
    return found if len(found) > 1 else ()


def _is_part(piece: str) -> bool:
    return not vowelless(piece) and piece in cmudict()
