"""Which voices speak a keyword for training, and which are held out."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from typing import cast as cast_type

from kwskit import registry
from kwskit.synthesis.casting import cast, installed_engines, running_speakers
from kwskit.synthesis.voices.voice import MissingEngine, Voice
from kwskit.text.pronunciation import Pronunciation


class Speakers(NamedTuple):
    """Speaker ids (:class:`kwskit.synthesis.casting.Speaker`), by engine.

    Attributes
    ----------
    training, held_out : of each engine; no voice is in both, as in the synthetic corpus
    left_out : why other engines do not speak
    """

    training: dict[str, list[str]]
    held_out: dict[str, list[str]]
    left_out: list[str]


def installed_speakers() -> Speakers:
    """Those of every installed engine (ours): the test voices of the synthetic corpus are held out, all others train.

    Where Flite is installed, its Scottish voice is held out, too.

    Raises
    ------
    MissingEngine
        When no voice for training is installed.
    """
    engines, reasons = installed_engines()
    training, held_out = _cast(("train", "dev"), engines), _cast(("test",), engines)
    for engine in ("flite", "kokoro"):
        if engine in engines:
            everybody = running_speakers(engine)
            held_out += [one for one in everybody if one.startswith("flite:awb")]
            training += [one for one in everybody if not one.startswith("flite:awb")]
    if not training:
        raise MissingEngine(
            "nobody can speak the keyword: no synthesis voice is installed (pip install 'kwskit[voices,voices-gpl]')"
        )
    held_out = [one for one in held_out if one not in training]
    return Speakers(_by_engine(training), _by_engine(held_out), [reason.partition(" (")[0] for reason in reasons])


def told(speakers: Mapping[str, list[str]], said: Sequence[str | Pronunciation]) -> dict[str, list[str]]:
    """Those of ``speakers`` whose engines can say all of ``said``: phonemes are told to some of them alone."""
    if all(isinstance(one, str) for one in said):
        return dict(speakers)
    classes = {name: cast_type(type[Voice], registry.get("voice", name).cls) for name in speakers}
    return {name: own for name, own in speakers.items() if classes[name].takes_phonemes}


def _cast(splits: tuple[str, ...], engines: list[str]) -> list[str]:
    found: dict[str, None] = {}
    for split in splits:
        try:
            found |= dict.fromkeys(cast(split, engines))
        except MissingEngine:
            continue
    return list(found)


def _by_engine(speakers: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in speakers:
        found.setdefault(one.partition(":")[0], []).append(one)
    return found
