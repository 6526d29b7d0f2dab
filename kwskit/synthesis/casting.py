"""Who speaks which split of the synthetic corpus (ours).

A speaker is ``engine:voice``, with ``@warp`` behind it where one recorded voice plays several people: the
spectrum scaled by ``warp`` per cent (see :func:`kwskit.synthesis.conditioning.condition`). Such people share their
engine and recordings, so all of them are in one split.

What the splits share: the *engines* Pico and espeak-ng (their rules and, in espeak, their formant targets), never
a voice. Pico's American voice trains and its British voice tests. An espeak variant (timbre) is in one split
only, with close relatives (``steph``, ``steph2``) kept together; accents are in all splits.
"""

from collections.abc import Collection
from dataclasses import dataclass

from kwskit import registry
from kwskit.synthesis.voices.espeak import ACCENTS
from kwskit.synthesis.voices.kokoro import VOICES
from kwskit.synthesis.voices.voice import MissingEngine, Voice

# Left out: whispers, croaks, robots, Klatt's buzz and others that people cannot follow; and Reed and caleb, whose noise
# no seed governs: they never speak a word the same way twice.
ESPEAK_VARIANTS = {
    "test": "f3 m3 m6 Annie Michael linda paul",
    "dev": "f5 m8 aunty Mike zac belinda",
    "train": """f1 f2 f4 m1 m2 m4 m5 m7 Alex Alicia Andrea Andy Denis Diogo Gene Gene2 Henrique Hugo Lee Nguyen
        Storm adam announcer benjamin boris david ed edward edward2 gustave ian iven iven2 john marcelo max
        michel miguel norbert pablo quincy rob robert sandro shelby steph steph2 steph3 travis victor""",
}
WARPS = {
    "hibari:heart": (84, 88, 92, 96, 100, 104, 108, 112),
    "pico:en-US": (86, 91, 96, 101, 106, 111, 116),
    "pico:en-GB": (93, 100, 107),
}
FLITE_WARPS = {
    "awb": (88, 92, 96, 100, 104, 108, 112),
    "kal16": (92, 100, 108),  # of diphones: sounds it does not have to offer, so it gets fewer people
    "rms": (92, 96, 100, 104, 108, 112, 116),
    "slt": (84, 88, 92, 96, 100, 104, 108),
}
# Share of a split's utterances that each voice speaks; "espeak" is shared by all accents and variants of the split.
SHARES = {
    "test": {"pico:en-GB": 0.5, "espeak": 0.5},
    "dev": {"espeak": 1.0},
    "train": {"hibari:heart": 0.42, "pico:en-US": 0.28, "espeak": 0.30},
}
# Without espeak there are three voices, hence one a split.
SHARES_WITHOUT_ESPEAK = {"test": {"pico:en-GB": 1.0}, "dev": {"pico:en-US": 1.0}, "train": {"hibari:heart": 1.0}}


@dataclass(frozen=True)
class Speaker:
    """A speaker id, parsed: ``engine:voice[@warp]``, warp in per cent."""

    engine: str
    voice: str
    warp: float = 1.0

    @classmethod
    def parse(cls, name: str) -> "Speaker":
        """Raises ValueError for a name of another form."""
        engine, colon, rest = name.partition(":")
        voice, at, warp = rest.partition("@")
        if not (engine and colon and voice) or (at and not warp.isdigit()):
            raise ValueError(f"speaker '{name}': expected engine:voice or engine:voice@per_cent")
        return cls(engine, voice, int(warp) / 100 if at else 1.0)


def cast(split: str, engines: Collection[str]) -> dict[str, float]:
    """Speaker ids of ``split`` with the probability of each, for the ``engines`` that are installed.

    Raises
    ------
    MissingEngine
        When none of the split's voices has its engine.
    """
    shares = (SHARES if "espeak" in engines else SHARES_WITHOUT_ESPEAK)[split]
    present = {voice: share for voice, share in shares.items() if voice.partition(":")[0] in engines}
    if not present:
        raise MissingEngine(
            f"nobody can speak the {split} split: it needs {' or '.join(shares)}, and installed are "
            f"{', '.join(engines) or 'no voices'}. Install the rest with: pip install 'kwskit[voices,voices-gpl]'"
        )
    chances = {}
    for voice, share in present.items():
        own = _espeak_speakers(split) if voice == "espeak" else [f"{voice}@{warp}" for warp in WARPS[voice]]
        chances.update(dict.fromkeys(own, share / sum(present.values()) / len(own)))
    return chances


def running_speakers(engine: str) -> tuple[str, ...]:
    """Speaker ids (:class:`Speaker`) of ``engine``, all equally likely.

    Raises
    ------
    KeyError
        For an engine whose voices do not tell the times of words.
    """
    variants = [variant for own in ESPEAK_VARIANTS.values() for variant in own.split()]
    speakers = {
        "hibari": [f"hibari:heart@{warp}" for warp in WARPS["hibari:heart"]],
        "flite": [f"flite:{voice}@{warp}" for voice, warps in FLITE_WARPS.items() for warp in warps],
        "espeak": [f"espeak:{accent}+{variant}" for accent in ACCENTS for variant in variants],
        "kokoro": [f"kokoro:{voice}" for voice in VOICES],
    }
    return tuple(speakers[engine])


def installed_engines(others: Collection[str] = ()) -> tuple[list[str], list[str]]:
    """Names of the registered voices that can be made, and the reasons why others cannot; ``others`` are left aside."""
    found, reasons = [], []
    for part in registry.parts("voice"):
        if part.name in others:
            continue
        if not issubclass(part.cls, Voice):
            raise TypeError(f"voice '{part.name}' ({part.source}) must derive from kwskit.synthesis.voices.voice.Voice")
        try:
            part.cls.require()
            found.append(part.name)
        except MissingEngine as error:
            reasons.append(str(error))
    return found, reasons


def _espeak_speakers(split: str) -> list[str]:
    return [f"espeak:{accent}+{variant}" for accent in ACCENTS for variant in ESPEAK_VARIANTS[split].split()]
