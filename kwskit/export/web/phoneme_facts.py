"""What spotting in a browser has to know of how Python hears phonemes."""

from typing import Any

from kwskit.spotting.keyword_paths import DOUBT
from kwskit.spotting.phoneme_background import FINE, STREAM
from kwskit.spotting.phoneme_scores import LEAST, SLOWEST, WEIGHT
from kwskit.spotting.score_smoothing import NEAR


def phoneme_facts(blank: int) -> dict[str, Any]:
    """What ``spotter.json`` says of phonemes, of a model with CTC's ``blank``."""
    return {
        "blank": blank,
        "doubt": DOUBT,
        "least": LEAST,
        "slowest": SLOWEST,
        "weight": WEIGHT,
        "stream": STREAM,
        "fine": FINE,
        "near": NEAR,
    }
