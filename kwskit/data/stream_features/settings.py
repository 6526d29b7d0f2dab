"""How words are heard before training."""

from dataclasses import dataclass

from kwskit.arguments import NonNegativeFloat, PositiveInt, Probability, Seed


@dataclass(frozen=True)
class StreamFeatureSettings:
    """How words are heard before training.

    Parameters
    ----------
    views : times that each word is heard, each augmented anew
    alone : share of the words that are heard cut out, between silence, as trials are; the others where they were said
    jitter : the most, in seconds, by which a window begins before a word and ends after it; it cuts at most a third of
        that off
    phrases : share of the segments of several words that are trained on
    seed : seed of every random draw
    """

    views: PositiveInt = 2
    alone: Probability = 0.3
    jitter: NonNegativeFloat = 0.12
    phrases: Probability = 1.0
    seed: Seed = 1
