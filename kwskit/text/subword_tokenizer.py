"""Subwords as ids."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from kwskit.arguments import PositiveInt
from kwskit.errors import UnpronounceableText
from kwskit.registry import register
from kwskit.text.neural_g2p import SPECIALS
from kwskit.text.subwords import SPACE, learn_subwords, plain_words
from kwskit.text.tokenizer import Tokenizer


@register("tokenizer", "subword")
class SubwordTokenizer(Tokenizer):
    """Subword ids of typed text: the likeliest pieces of a unigram model (sentencepiece, Kudo 2018).

    ``kwskit train`` learns the pieces from the training words and writes them into the configuration, so
    that a run and a released model hold them and need no other file. Text is normalised as for phonemes:
    accents stripped, numbers spelt out, hyphens taken as spaces.

    Parameters
    ----------
    vocab_size : most ids, ``<pad> <unk> <s> </s>`` included
    pieces : the pieces, each as ``"piece score"`` with its log-probability; filled in by training

    Attributes
    ----------
    symbols : list of str, index = id; size : their number
    """

    def __init__(self, vocab_size: PositiveInt = 500, pieces: Sequence[str] | None = None):
        if pieces is None:
            raise ValueError(
                "pieces are missing: kwskit train learns them from the training words and writes them here"
            )
        scored = [str(piece).rpartition(" ") for piece in pieces]
        self._scores = {piece: float(score) for piece, _, score in scored}
        super().__init__(self._scores)
        if len(self.symbols) > vocab_size:
            raise ValueError(f"{len(self.symbols)} symbols are more than vocab_size, {vocab_size}")
        self._longest = max(map(len, self._scores), default=0)

    @classmethod
    def fit(cls, words: Iterable[str], vocab_size: int = 500, pieces: Sequence[str] | None = None) -> dict[str, Any]:
        """The arguments that training fills in: pieces learnt from ``words``, unless ``pieces`` are given.

        Raises
        ------
        ValueError
            When ``vocab_size`` is too small for the letters.
        """
        return {"pieces": list(pieces) if pieces is not None else learn_subwords(words, vocab_size - len(SPECIALS))}

    def encode(self, text: str) -> list[list[int]]:
        """A list with the one id list of ``text``.

        Raises
        ------
        UnpronounceableText
            For empty text, text that is too long, has no letter of the alphabet and no digit, or a letter that
            no piece has.
        """
        pieces = [piece for word in plain_words(text) for piece in self._split(SPACE + word, text)]
        return [[self._ids[piece] for piece in pieces]]

    def _split(self, word: str, text: str) -> list[str]:
        """The pieces of ``word`` with the greatest sum of scores (Viterbi)."""
        best: list[tuple[float, list[str]]] = [(0.0, [])]
        for end in range(1, len(word) + 1):
            paths = [
                (best[begin][0] + self._scores[word[begin:end]], [*best[begin][1], word[begin:end]])
                for begin in range(max(0, end - self._longest), end)
                if word[begin:end] in self._scores
            ]
            best.append(max(paths, key=lambda path: path[0], default=(-math.inf, [])))
        if best[-1][0] == -math.inf:
            raise UnpronounceableText(text, f"no subwords write '{word.removeprefix(SPACE)}'")
        return best[-1][1]
