"""Phonemes as ids."""

import logging

from kwskit.arguments import PositiveInt
from kwskit.registry import register
from kwskit.text.g2p import G2P, Pronunciation
from kwskit.text.lexicon import STRESSLESS, WORD_BOUNDARY
from kwskit.text.neural_g2p import PHONEMES
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
    lexicon : file ``word<TAB>PH PH ...`` whose pronunciations go before the dictionary's
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
            For text that cannot be read out.
        ValueError
            When the lexicon gives a vowel without stress and this tokenizer wants it.
        """
        if text not in self._encoded:
            # A dict keeps the order and drops pronunciations that differ in stress only.
            self._encoded[text] = list(
                {tuple(ids): ids for ids in map(self._to_ids, self.g2p.pronunciations(text))}.values()
            )
            if max(map(len, self._encoded[text])) == 1:
                logger.warning("'%s' is a single phoneme: as a keyword it will be heard everywhere", text)
        return [list(ids) for ids in self._encoded[text]]

    def _to_ids(self, pronunciation: Pronunciation) -> list[int]:
        symbols = pronunciation if self.stress else [phoneme.rstrip("012") for phoneme in pronunciation]
        try:
            return [self._ids[symbol] for symbol in symbols]
        except KeyError as error:
            raise ValueError(
                f"{self.lexicon or 'dictionary'}: phoneme '{error.args[0]}' needs a stress digit (0, 1 or 2), "
                "as in AH0; or use the tokenizer with stress: false"
            ) from None
