"""What every tokenizer does."""

from collections.abc import Iterable, Sequence

from kwskit.text.neural_g2p import SPECIALS
from kwskit.text.pronunciation import WORD_BOUNDARY


class Tokenizer:
    """Typed text as ids; a ``!tokenizer:`` defines :meth:`encode`.

    Parameters
    ----------
    units : what the ids stand for, after ``specials``
    specials : what the first ids stand for; id 0 is padding

    Attributes
    ----------
    symbols : list of str, index = id
    """

    def __init__(self, units: Iterable[str], specials: Iterable[str] = SPECIALS):
        self.symbols = [*specials, *units]
        self._ids = {symbol: index for index, symbol in enumerate(self.symbols)}

    @property
    def size(self) -> int:
        """Number of ids."""
        return len(self.symbols)

    def encode(self, text: str) -> list[list[int]]:
        """One id list a pronunciation of ``text``, likeliest first, at least one.

        Raises
        ------
        kwskit.errors.UnpronounceableText
            For text that cannot be read out.
        """
        raise NotImplementedError(f"{type(self).__name__} must define encode(text)")

    def sounds(self, text: str) -> list[list[int]]:
        """:meth:`encode` without the boundaries between words, which nobody hears.

        Raises
        ------
        kwskit.errors.UnpronounceableText
            For text that cannot be read out.
        """
        return [self.heard(ids) for ids in self.encode(text)]

    def heard(self, ids: Sequence[int]) -> list[int]:
        """``ids`` without the boundaries between words."""
        boundary = self._ids.get(WORD_BOUNDARY)
        return [one for one in ids if one != boundary]

    def decode(self, ids: Sequence[int]) -> list[str]:
        """Symbols of ``ids``, padding left out."""
        return [self.symbols[index] for index in ids if index != 0]
