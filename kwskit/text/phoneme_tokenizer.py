"""Phonemes as ids."""

import logging
from collections.abc import Sequence

from kwskit.arguments import PositiveInt
from kwskit.errors import UnpronounceableText
from kwskit.registry import register
from kwskit.text.g2p import G2P
from kwskit.text.neural_g2p import PHONEMES
from kwskit.text.pronunciation import STRESSLESS, WORD_BOUNDARY, Pronunciation, stressless
from kwskit.text.tokenizer import Tokenizer

logger = logging.getLogger(__name__)


@register("tokenizer", "phoneme")
class PhonemeTokenizer(Tokenizer):
    """Phoneme ids of typed text, all pronunciations: the G2P units of ADML section 4.1.

    With stress there are 75 symbols: ``<pad> <unk> <s> </s>``, g2p_en's 70 phonemes and the word
    boundary ``|``; without stress 44. A phrase keeps a boundary between its words, a word has none.

    Parameters
    ----------
    stress : whether vowels carry their stress digit (AH0, AH1, AH2) or not (AH)
    lexicon : file of pronunciations that go before the dictionary's, as docs/KEYWORDS.md has it
    max_pronunciations : most pronunciations of one text

    Attributes
    ----------
    symbols : list of str, index = id; size : their number
    g2p : the :class:`~kwskit.text.g2p.G2P` behind it
    """

    files = ("lexicon",)  # arguments that a model directory holds as files

    def __init__(self, stress: bool = True, lexicon: str | None = None, max_pronunciations: PositiveInt = 8):
        self.stress = stress
        self.lexicon = lexicon
        self.g2p = G2P(lexicon, max_pronunciations)
        phonemes = PHONEMES if stress else STRESSLESS
        super().__init__([*phonemes, WORD_BOUNDARY])
        self._encoded: dict[str, list[list[int]]] = {}

    def encode(self, text: str) -> list[list[int]]:
        """One id list a pronunciation, likeliest first, at least one; remembered.

        Raises
        ------
        UnpronounceableText
            For text that cannot be read out, and when the lexicon gives a vowel without stress and this tokenizer wants
            it.
        """
        if text not in self._encoded:
            self._encoded[text] = self.ids_of(self.g2p.pronunciations(text), text)
        return [list(ids) for ids in self._encoded[text]]

    def ids_of(self, pronunciations: Sequence[Pronunciation], text: str) -> list[list[int]]:
        """One id list for each of ``pronunciations`` that differs from those before it.

        Parameters
        ----------
        text : that is so pronounced, for messages

        Raises
        ------
        UnpronounceableText
            For a vowel without stress, where this tokenizer wants it.
        """
        found = self.distinct_ids(pronunciations, text)
        if max(map(len, found)) == 1:
            logger.warning("'%s' is a single phoneme: as a keyword it will be heard everywhere", text)
        return found

    def distinct_ids(self, pronunciations: Sequence[Pronunciation], text: str) -> list[list[int]]:
        """As :meth:`ids_of`, of words that nobody has typed for a keyword: without a warning."""
        # A dict keeps the order and drops pronunciations that differ in stress only.
        return list({tuple(ids): ids for ids in (self._to_ids(one, text) for one in pronunciations)}.values())

    def _to_ids(self, pronunciation: Pronunciation, text: str) -> list[int]:
        symbols = pronunciation if self.stress else stressless(pronunciation)
        try:
            return [self._ids[symbol] for symbol in symbols]
        except KeyError as error:
            where = f" ({self.lexicon})" if self.lexicon else ""
            reason = f"its phoneme '{error.args[0]}' needs a stress digit (0, 1 or 2), as in AH0{where}"
            raise UnpronounceableText(text, f"{reason}; a tokenizer with stress: false needs none") from None
