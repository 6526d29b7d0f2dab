"""Words that are said in a recording."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwskit.spotting.keyword import Keyword


@dataclass(frozen=True, eq=False)
class SaidWords:
    """Words that are said in a recording, in the order of time.

    Attributes
    ----------
    start, stop : (n,) in seconds
    pronunciations : of each word, all of them, as :func:`spoken` tells them
    """

    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    pronunciations: Sequence[Sequence[str]]

    @classmethod
    def join(cls, parts: "Sequence[SaidWords]") -> "SaidWords":
        """One after another; of none, nothing is known to be said."""
        start, stop = (
            np.concatenate([np.zeros(0), *(getattr(one, name) for one in parts)]) for name in ("start", "stop")
        )
        return cls(start, stop, [spoken_as for one in parts for spoken_as in one.pronunciations])

    def times(self, keyword: Keyword) -> list[tuple[float, float]]:
        """When a keyword is said: start and stop of the word, or words in a row, that sound like one of its own."""
        found: list[tuple[float, float]] = []
        wanted = {spoken(pronunciation) for pronunciation in keyword.pronunciations}
        for parts in {tuple(one.split(" | ")) for one in wanted}:
            for at in range(len(self.start) - len(parts) + 1):
                if all(
                    part in said for part, said in zip(parts, self.pronunciations[at : at + len(parts)], strict=True)
                ):
                    found.append((float(self.start[at]), float(self.stop[at + len(parts) - 1])))
        return found

    def arrays(self) -> dict[str, NDArray]:
        """For a file."""
        rows = np.array(["\t".join(one) for one in self.pronunciations], np.str_)
        return {"said_start": self.start, "said_stop": self.stop, "said": rows}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray]) -> "SaidWords":
        """What :meth:`arrays` has told.

        Raises
        ------
        ValueError, KeyError
            When the arrays are not such.
        """
        start, stop, said = arrays["said_start"], arrays["said_stop"], arrays["said"]
        if not start.shape == stop.shape == said.shape or start.ndim != 1 or said.dtype.kind != "U":
            raise ValueError("the words said do not fit together")
        if not all(one.dtype.kind == "f" and np.isfinite(one).all() for one in (start, stop)):
            raise ValueError("the times of the words said are no numbers")
        return cls(start, stop, [str(one).split("\t") for one in said])


def spoken(pronunciation: str) -> str:
    """``HH EY1 | N OW1 V AH0`` without stress, so that words that sound alike are alike."""
    return " ".join(symbol.rstrip("012") for symbol in pronunciation.split(" "))


def pronunciations_of(text: str, tokenizer: Any) -> tuple[str, ...]:
    """Every pronunciation of ``text`` in the symbols of ``tokenizer``, such as ``HH EY1 | N OW1 V AH0``.

    Raises
    ------
    kwskit.errors.UnpronounceableText
        For text that cannot be read out.
    """
    return tuple(" ".join(tokenizer.decode(ids)) for ids in tokenizer.encode(text))
