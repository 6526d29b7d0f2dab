"""What spotting in two stages, in a browser, has to know of how Python does it."""

from typing import Any

from kwskit.spotting.frame_background import FEWEST, FINE, JUDGED, STREAM
from kwskit.spotting.keyword_paths import DOUBT
from kwskit.spotting.located_scores import AFTER, BEFORE, LEAST, NEAR, SLOWEST
from kwskit.spotting.verifier import MARGINS, WEIGHT


def locating_facts(blank: int) -> dict[str, Any]:
    """What ``spotter.json`` says of the two stages, of a model with CTC's ``blank``."""
    return {
        "blank": blank,
        "doubt": DOUBT,
        "least": LEAST,
        "near": NEAR,
        "slowest": SLOWEST,
        "margins": MARGINS,
        "before": BEFORE,
        "after": AFTER,
        "weight": WEIGHT,
        "stream": STREAM,
        "judged": JUDGED,
        "fewest": FEWEST,
        "fine": FINE,
    }
