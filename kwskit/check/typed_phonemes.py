"""What the phonemes of a keyword say where something else is said."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kwskit.spotting.keyword import Keyword
from kwskit.spotting.keyword_paths import DOUBT, KeywordPaths
from kwskit.spotting.phoneme_background import FINE, PhonemeBackground
from kwskit.spotting.phoneme_scores import LEAST, WEIGHT

AT_ONCE = 512  # texts


class TypedPhonemes:
    """Scores that phonemes add, of what is said as it is typed (ours).

    A model's background tells what it takes a phoneme for: how much less likely every token is, in the mean, where that
    phoneme is the likeliest. A text is a frame of this for each of its phonemes, with one of the blank around each, and
    through these frames goes the keyword's best path.

    Parameters
    ----------
    heard : the phonemes of the background
    """

    def __init__(self, heard: PhonemeBackground):
        self._blank = heard.blank
        count = heard.costs.shape[1]
        self._frames = np.full((count, count), -DOUBT, np.float32)  # of a token that is never the likeliest
        likeliest = heard.costs.argmin(1)
        for token in np.unique(likeliest).tolist():
            self._frames[token] = heard.costs[likeliest == token].mean(0) / -FINE
        np.fill_diagonal(self._frames, 0)

    def scores(self, keyword: Keyword, said: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """(N,) what is added to the score of ``keyword`` where ``said`` (N) is, token ids without word boundaries."""
        found = [np.zeros(0, np.float32)]
        for at in range(0, len(said), AT_ONCE):
            few = said[at : at + AT_ONCE]
            tokens = np.full((2 * max(map(len, few)) + 1, len(few)), self._blank)
            for stream, ids in enumerate(few):
                tokens[1 : 2 * len(ids) : 2, stream] = ids
            paths = KeywordPaths(keyword.phonemes, self._blank, len(few))
            found.append(paths.push(self._frames[tokens])[0].max((0, 2)))
        return np.float32(WEIGHT) * np.maximum(np.concatenate(found), np.float32(LEAST))
