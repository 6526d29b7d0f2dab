"""What espeak-ng tells of the speech it makes, as its audio is handed over."""

import ctypes
from dataclasses import dataclass

LAST, WORD, SOUND = 0, 1, 7  # espeak_EVENT_TYPE of speak_lib.h: list terminated, word, phoneme
STOPS = "ptkbdg?"


class _Identity(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h; positions in the text count characters from 1, ``sample`` counts samples."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Identity),
    )


@dataclass(frozen=True)
class Happening:
    """An event that was kept: the beginning of a word (``sound`` is None) or of one of its sounds.

    Attributes
    ----------
    position : in the text, of the word
    seconds : in the audio
    sound : espeak's mnemonic of the phoneme, such as ``'eI`` or ``_:``, a pause
    """

    position: int
    seconds: float
    sound: str | None

    @classmethod
    def of(cls, event: Event, sample_rate: int) -> "Happening":
        """Of an event of a word or a sound."""
        sound = event.id.string.decode("utf-8", "replace") or "_" if event.type == SOUND else None
        return cls(event.text_position, event.sample / sample_rate, sound)

    @property
    def pause(self) -> bool:
        """Whether it is silence."""
        return self.sound is not None and self.sound.startswith("_")

    @property
    def stop(self) -> bool:
        """Whether it is a sound that begins with a closure."""
        return self.sound is not None and self.sound.lstrip("',")[:1] in tuple(STOPS)
