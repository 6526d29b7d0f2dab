"""Times of words in the speech of Kokoro and of what is distilled from it, by their tokens' durations (ours)."""

from collections.abc import Sequence

import numpy as np

# A token's sound begins before its frames do: 60 ms at the beginning of a phrase and behind a pause, measured on 14
# words of six voices. Within a phrase it is the blank before a word whose frames hold the word's first sound.
LEAD = 0.06  # s


def spans_of_tokens(ends: np.ndarray, places: Sequence[tuple[int, int]]) -> np.ndarray:
    """(words, 2) seconds at which the words begin and end.

    Parameters
    ----------
    ends : (tokens + 1,) seconds at which the tokens' frames end, 0 before them
    places : number of each word's first token and of the one behind its last; between words lies a blank, and before
        it the mark of a pause where there is one
    """
    begins: list[float] = []
    stops: list[float] = []
    for k, (first, behind) in enumerate(places):
        runs_on = k > 0 and places[k - 1][1] == first - 1
        begins.append(max(0.0, ends[first - runs_on] - LEAD))
        if runs_on:
            stops[-1] = begins[-1]
        stops.append(ends[behind])
    return np.stack([begins, stops], axis=1)
