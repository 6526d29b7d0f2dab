"""How long a typed word takes to be said, and which windows fit it."""

import re
from collections.abc import Sequence

from kwskit.errors import UnpronounceableText
from kwskit.text.g2p import G2P
from kwskit.text.pronunciation import WORD_BOUNDARY, Pronunciation

# Least squares over the 20,800 words of the small synthetic corpus (three synthesisers; 78, 84 and 98 ms of standard
# deviation around it). Telling vowels from consonants (60 and 49 ms) explains no more. Half of the synthetic words take
# 0.9 to 1.1 times as long, all but a tenth 0.75 to 1.27 times; people vary more.
BASE, PER_PHONEME = 0.262, 0.0533
WINDOWS = (0.3, 0.5, 0.8, 1.2, 1.8)  # s, shared by all keywords
SHORTEST, LONGEST = 0.6, 1.7  # of a window that fits, as a share of the expected duration
FEWEST = 2


def expected_seconds(text: str, pronunciations: Sequence[Pronunciation] | None = None) -> float:
    """Seconds that ``text`` takes to be said: a line over its phonemes, fitted to synthetic speech (ours).

    Phonemes are those of the first of ``pronunciations``, which None looks up. Text that has none is counted by its
    letters.
    """
    if pronunciations is None:
        try:
            pronunciations = G2P().pronunciations(text)
        except UnpronounceableText:
            pronunciations = ()
    if pronunciations:
        phonemes = sum(phoneme != WORD_BOUNDARY for phoneme in pronunciations[0])
    else:
        phonemes = len(re.sub(r"[\W_]", "", text))
    return BASE + PER_PHONEME * phonemes


def fitting_windows(seconds: float) -> tuple[float, ...]:
    """The lengths of ``WINDOWS`` from 0.6 to 1.7 times ``seconds``, or the nearest two where fewer are (ours)."""
    fitting = [window for window in WINDOWS if SHORTEST * seconds <= window <= LONGEST * seconds]
    if len(fitting) < FEWEST:
        fitting = sorted(sorted(WINDOWS, key=lambda window: max(window / seconds, seconds / window))[:FEWEST])
    return tuple(fitting)
