"""Characters as ids."""

from kwskit.registry import register
from kwskit.text.normalise import normalise
from kwskit.text.tokenizer import Tokenizer

CHARACTERS = (*"abcdefghijklmnopqrstuvwxyz", "'", " ")


@register("tokenizer", "character")
class CharacterTokenizer(Tokenizer):
    """Letter ids of typed text: a to z, apostrophe and the space between words (ours).

    Text is normalised as for phonemes: accents stripped, numbers spelt out, hyphens taken as spaces.

    Attributes
    ----------
    symbols : list of str, index = id; size : their number
    """

    def __init__(self) -> None:
        super().__init__(CHARACTERS)

    def encode(self, text: str) -> list[list[int]]:
        """A list with the one id list of ``text``.

        Raises
        ------
        UnpronounceableText
            For empty text, text that is too long, or has no letter of the alphabet and no digit.
        """
        words = " ".join(normalise(text)).replace("-", " ").replace(".", " ").split()
        return [[self._ids[char] for char in " ".join(words)]]
