"""espeak-ng: robot-like, but eight English accents times many speakers, and fast."""

import _ctypes
import ctypes
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kwskit.registry import register
from kwskit.synthesis.voices.espeak_event import LAST, SOUND, WORD, Event, Happening
from kwskit.synthesis.voices.espeak_phonemes import espeak_phonemes
from kwskit.synthesis.voices.timed_speech import TimedSpeech, UntimedSpeech
from kwskit.synthesis.voices.voice import Voice

_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS of speak_lib.h: espeak_Synth returns after the last callback
_PHONEME_EVENTS = 0x0001  # espeakINITIALIZE_PHONEME_EVENTS
_RATE, _PITCH = 1, 3  # espeak_PARAMETER
_UTF8 = 0x0001  # espeakCHARS_UTF8
_PHONEMES = 0x0100  # espeakPHONEMES: what is in [[ ]] are phonemes
_END_PAUSE = 0x1000  # espeakENDPAUSE: without it the word's last sounds are cut off
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event))

# Accent, as in the speaker's name -> the name espeak-ng loads it by.
ACCENTS = {
    "en-us": "en-us",
    "en-us-nyc": "en-us-nyc",
    "en-gb": "gmw/en",
    "en-gb-x-rp": "en-gb-x-rp",
    "en-gb-scotland": "en-gb-scotland",
    "en-gb-x-gbclan": "en-gb-x-gbclan",
    "en-gb-x-gbcwmd": "en-gb-x-gbcwmd",
    "en-029": "en-029",
}


@register("voice", "espeak")
class Espeak(Voice):
    """espeak-ng through its library (GPL-3.0, hence an extra of its own): 22.05 kHz, about 1000 words a second.

    A speaker is ``accent+variant``, such as ``en-gb-x-rp+f3``, or an accent alone.
    """

    package = "espeakng_loader"
    extra = "voices-gpl"
    timed = True
    takes_phonemes = True

    def __init__(self) -> None:
        loader = self.module()
        data = loader.get_data_path()
        self._variants = sorted(path.name for path in Path(data, "voices", "!v").iterdir())
        # Flutter, phase and the callback live in the library's globals. A copy of its file is loaded as a library of
        # its own, so each engine starts afresh and leaves the others alone.
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            self._lib = ctypes.CDLL(shutil.copy(loader.get_library_path(), folder))
        self._lib.espeak_ng_SetRandSeed.argtypes = [ctypes.c_long]
        self._sample_rate = self._lib.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), _PHONEME_EVENTS)
        if self._sample_rate <= 0:
            raise RuntimeError(f"espeak-ng did not start with its data in {data} (code {self._sample_rate})")
        self._chunks: list[np.ndarray] = []
        self._happenings: list[Happening] = []
        self._callback = _CALLBACK(self._take)  # kept: the library holds only a pointer
        self._lib.espeak_SetSynthCallback(self._callback)

    def speakers(self) -> list[str]:
        return [f"{accent}{variant}" for accent in ACCENTS for variant in ("", *(f"+{v}" for v in self._variants))]

    def synthesise(
        self, text: str, speaker: str, rate: float = 1.0, pitch: float = 1.0, seed: int = 0
    ) -> tuple[np.ndarray, int]:
        return self._speak(text, _UTF8 | _END_PAUSE, speaker, rate, pitch, seed)

    def speak_phonemes(
        self, phonemes: Sequence[str], speaker: str, rate: float = 1.0, pitch: float = 1.0, seed: int = 0
    ) -> tuple[np.ndarray, int]:
        return self._speak(espeak_phonemes(phonemes), _UTF8 | _END_PAUSE | _PHONEMES, speaker, rate, pitch, seed)

    def _speak(
        self, text: str, flags: int, speaker: str, rate: float, pitch: float, seed: int
    ) -> tuple[np.ndarray, int]:
        accent, plus, variant = speaker.partition("+")
        name = ACCENTS.get(accent, "?") + plus + variant
        if self._lib.espeak_SetVoiceByName(name.encode()) != 0 or (plus and variant not in self._variants):
            self.check_speaker(speaker)
        self._lib.espeak_SetParameter(_RATE, round(175 * rate), 0)
        # espeak's 0..99 is about two octaves around 50.
        self._lib.espeak_SetParameter(_PITCH, int(np.clip(round(50 + 50 * np.log2(pitch)), 0, 99)), 0)
        self._lib.espeak_ng_SetRandSeed(seed & 0x7FFFFFFF)
        self._chunks.clear()
        self._happenings.clear()
        encoded = text.encode()
        if self._lib.espeak_Synth(encoded, len(encoded) + 1, 0, 0, 0, flags, None, None) != 0:
            raise RuntimeError(f"espeak-ng could not speak {text!r} as {speaker}")
        pcm = np.concatenate(self._chunks) if self._chunks else np.zeros(0, np.int16)
        return pcm.astype(np.float32) / 32768.0, self._sample_rate

    def speak_words(
        self,
        words: Sequence[str],
        speaker: str,
        rate: float = 1.0,
        pitch: float = 1.0,
        seed: int = 0,
        said: Sequence[Sequence[str]] | None = None,
    ) -> TimedSpeech:
        """See :meth:`Voice.speak_words`; espeak speaks a few pairs ("of the") as one word, which are untimed."""
        self.check_words(words)
        samples, sample_rate = self.synthesise(" ".join(words), speaker, rate, pitch, seed)
        sounds = [one for one in self._happenings if one.sound]
        begins, first = [], []  # in seconds; number of each word's first sound
        position = 1  # espeak counts characters from 1
        for word in words:
            announced = [one.seconds for one in self._happenings if not one.sound and one.position == position]
            heard = [k for k, one in enumerate(sounds) if one.position == position and not one.pause]
            if not announced or not heard:
                raise UntimedSpeech(f"espeak-ng tells no time of '{word}' in {' '.join(words)!r} as {speaker}")
            # A sound's event comes behind the closure of a stop, a word's before the last nasal of the one before.
            begins.append(announced[0] if sounds[heard[0]].stop else sounds[heard[0]].seconds)
            first.append(heard[0])
            position += len(word) + 1
        ends = []
        for k, following in enumerate([*first[1:], len(sounds)]):
            last = max(i for i in range(first[k], following) if not sounds[i].pause)
            if last + 1 < following:
                ends.append(sounds[last + 1].seconds)  # a pause
            else:
                ends.append(begins[k + 1] if k + 1 < len(words) else len(samples) / sample_rate)
        return TimedSpeech(samples, sample_rate, np.stack([begins, ends], axis=1))

    def close(self) -> None:
        self._lib.espeak_Terminate()
        if sys.platform == "win32":
            _ctypes.FreeLibrary(self._lib._handle)
        else:
            _ctypes.dlclose(self._lib._handle)

    def _take(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, events: "ctypes._Pointer[Event]") -> int:
        if samples and count > 0:
            self._chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        number = 0
        while events[number].type != LAST:
            if events[number].type in (WORD, SOUND):
                self._happenings.append(Happening.of(events[number], self._sample_rate))
            number += 1
        return 0
