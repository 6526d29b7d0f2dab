"""A pronouncing dictionary in the tokens of a model, small enough for a browser."""

from collections.abc import Iterator, Sequence

from kwskit.text.lexicon import read_lexicon
from kwskit.text.phoneme_tokenizer import PhonemeTokenizer
from kwskit.text.pronouncing_dictionary import cmudict
from kwskit.text.pronunciation import Pronunciation

FIRST = ord("0")  # the character of token 0, and of no letter that a word shares with the one before it
MOST_SHARED = 40


def packed_dictionary(tokenizer: PhonemeTokenizer) -> str:
    """The words of CMUdict and of the model's own lexicon, a line each, sorted.

    A line is a character for how many letters a word shares with the one before it, the rest of the word, a tab, and
    its readings with commas between them, a character a token.
    """
    own = {} if tokenizer.lexicon is None else read_lexicon(tokenizer.lexicon)
    words = {word: cmudict().lookup(word) for word in cmudict().words()} | own
    return "\n".join(_lines(tokenizer, sorted(words.items())))


def _lines(tokenizer: PhonemeTokenizer, words: Sequence[tuple[str, Sequence[Pronunciation]]]) -> Iterator[str]:
    before = ""
    for word, readings in words:
        shared = next((k for k, pair in enumerate(zip(word, before, strict=False)) if pair[0] != pair[1]), None)
        shared = min(len(word), len(before), MOST_SHARED) if shared is None else min(shared, MOST_SHARED)
        said = ",".join("".join(chr(FIRST + one) for one in ids) for ids in tokenizer.distinct_ids(readings, word))
        yield f"{chr(FIRST + shared)}{word[shared:]}\t{said}"
        before = word
