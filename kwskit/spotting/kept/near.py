"""What nearly sets a keyword off, and what it is scored by."""

import hashlib

from kwskit.spotting.keyword import Keyword
from kwskit.spotting.spotter import Spotter

TIMES = 10.0  # the rate of false alarms, so many times as high, is that of what nearly is one
MOST = 60.0  # an hour, however high the rate
MARGIN = 0.7  # below the threshold, where no rate is known: about what ten times as many are by a background


def near_level(spotter: Spotter, keyword: Keyword) -> float:
    """The least score of what nearly sets ``keyword`` off: the threshold for ten times its false alarms (ours).

    That is 60 an hour at most. A threshold that was given has the rate that the background says.
    """
    background, threshold = spotter.background, keyword.threshold
    try:
        rate = keyword.fa_per_hour
        if background is not None:
            rate = rate or background.false_alarms(keyword, threshold)
            if rate >= MOST:
                return threshold
            if rate > 0:
                return min(threshold, background.threshold(keyword, min(TIMES * rate, MOST)))
    except ValueError:  # too little background
        pass
    return threshold - MARGIN


def scorer_of(spotter: Spotter, keyword: Keyword) -> str:
    """What scores of ``keyword`` depend on, in 16 hexadecimal digits: only those of one scorer are on one scale."""
    found = hashlib.sha256(f"{spotter.model.digest} {spotter.streaming} {keyword.tokens}".encode())
    if keyword.examples:
        found.update(keyword.embeddings.tobytes())
    if keyword.head is not None:
        for weights in (keyword.head.hidden, keyword.head.bias, keyword.head.out):
            found.update(weights.tobytes())
    return found.hexdigest()[:16]
