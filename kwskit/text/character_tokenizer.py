"""Characters as ids."""

from kwskit.registry import register
from kwskit.text.neural_g2p import SPECIALS
from kwskit.text.normalise import normalise

CHARACTERS = (*"abcdefghijklmnopqrstuvwxyz", "'", " ")


@register("tokenizer", "character")
class CharacterTokenizer:
    """Letter ids of typed text: a to z, apostrophe and the space between words (ours).

    Text is normalised as for phonemes: accents stripped, numbers spelt out, hyphens taken as spaces.

    Attributes
    ----------
    symbols : list of str, index = id; size : their number
    """

    def __init__(self) -> None:
        self.symbols = [*SPECIALS, *CHARACTERS]
        self._ids = {symbol: index for index, symbol in enumerate(self.symbols)}

    @property
    def size(self) -> int:
        """Number of ids."""
        return len(self.symbols)

    def encode(self, text: str) -> list[list[int]]:
        """A list with the one id list of ``text``.

        Raises
        ------
        UnpronounceableText
            For empty text, text that is too long, or has no letter of the alphabet and no digit.
        """
        words = " ".join(normalise(text)).replace("-", " ").replace(".", " ").split()
        return [[self._ids[char] for char in " ".join(words)]]

    def decode(self, ids: list[int]) -> list[str]:
        """Symbols of ``ids``, padding left out."""
        return [self.symbols[index] for index in ids if index != 0]
