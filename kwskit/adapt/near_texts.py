"""What may be taken for a keyword, to be spoken as what is not it."""

from collections.abc import Sequence

from kwskit.check.confusables import Confusables
from kwskit.spotting.cohort import cohort_words
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.spotter import Spotter
from kwskit.text.normal_form import normal_form
from kwskit.text.word_sounds import WordSounds

WORDS, PHRASES, PARTS = 60, 40, 12
CHANGED = 8  # phrases with another word in the place of each
LEAST = 2  # phonemes of a part


def near_texts(spotter: Spotter, keyword: Keyword, sounds: WordSounds | None = None) -> list[str]:
    """Words and phrases that are not the keyword, each once, of every kind from the first ones on (ours).

    The nearest words and phrases of a dictionary, words within the keyword, of a phrase its beginnings and ends alone
    and itself with one word changed, and words that have nothing to do with it. None sounds as it does.

    Parameters
    ----------
    spotter : that listens
    keyword : typed
    sounds : the dictionary; None is CMUdict
    """
    confusables = Confusables(spotter, sounds)
    words = normal_form(keyword.text).split()
    others = cohort_words(min(300, CHANGED * (len(words) + 1)), without=words)
    kinds: list[Sequence[str]] = [
        [" ".join(words[:k]) for k in range(1, len(words))] + [" ".join(words[k:]) for k in range(1, len(words))],
        [one.text for one in confusables.words(keyword, WORDS) if not one.same],
        [one.text for one in confusables.phrases(keyword, PHRASES) if not one.same],
        [text for text, _ in confusables.parts(keyword, LEAST)][:PARTS],
        _changed(words, others),
        others[-CHANGED:],
    ]
    return [text for text in dict.fromkeys(text for kind in kinds for text in kind) if text != " ".join(words)]


def _changed(words: Sequence[str], others: Sequence[str]) -> list[str]:
    """A phrase with one of ``others`` in the place of each of its words, ``CHANGED`` times."""
    if len(words) < 2:
        return []
    found = []
    for place in range(len(words)):
        for other in others[place * CHANGED : (place + 1) * CHANGED]:
            found.append(" ".join([*words[:place], other, *words[place + 1 :]]))
    return found
