"""Who speaks running speech (ours): every voice that tells the times of its words."""

from kwskit.synthesis.casting import ESPEAK_VARIANTS, WARPS
from kwskit.synthesis.voices.espeak import ACCENTS
from kwskit.synthesis.voices.kokoro import VOICES

FLITE_WARPS = {
    "awb": (88, 92, 96, 100, 104, 108, 112),
    "kal16": (92, 100, 108),  # of diphones: sounds it does not have to offer, so it gets fewer people
    "rms": (92, 96, 100, 104, 108, 112, 116),
    "slt": (84, 88, 92, 96, 100, 104, 108),
}


def running_speakers(engine: str) -> tuple[str, ...]:
    """Speaker ids (:class:`kwskit.synthesis.casting.Speaker`) of ``engine``, all equally likely.

    Raises
    ------
    KeyError
        For an engine whose voices do not tell the times of words.
    """
    variants = [variant for own in ESPEAK_VARIANTS.values() for variant in own.split()]
    cast = {
        "hibari": [f"hibari:heart@{warp}" for warp in WARPS["hibari:heart"]],
        "flite": [f"flite:{voice}@{warp}" for voice, warps in FLITE_WARPS.items() for warp in warps],
        "espeak": [f"espeak:{accent}+{variant}" for accent in ACCENTS for variant in variants],
        "kokoro": [f"kokoro:{voice}" for voice in VOICES],
    }
    return tuple(cast[engine])
