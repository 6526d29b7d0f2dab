"""Readings that are read aloud, by a synthesis voice that can be told phonemes."""

from kwskit.serve.refusal import Refusal
from kwskit.serve.upload import wav
from kwskit.synthesis.casting import installed_engines
from kwskit.synthesis.engines import engine

ENGINE, SPEAKER, RATE = "espeak", "en-us", 0.85


def has_voice() -> bool:
    """Whether there is one: the extra voices-gpl."""
    return ENGINE in installed_engines()[0]


def read_aloud(phonemes: str) -> bytes:
    """A WAV file of ``phonemes``, such as ``HH EY1 | N OW1 V AH0``.

    Raises
    ------
    Refusal
        Without a voice, or for what is no phoneme.
    """
    if not has_voice():
        raise Refusal(404, "There is no voice to read it: pip install 'kwskit[voices-gpl]'.")
    from kwskit.synthesis.conditioning import condition  # needs SciPy, which the extra brings

    try:
        with engine(ENGINE) as voice:
            said = condition(*voice.speak_phonemes(phonemes.split(), SPEAKER, RATE))
    except ValueError as error:
        raise Refusal(400, f"{error}.") from error
    return wav(said)
