"""Flite: four speakers of CMU's recordings, and very fast."""

import ctypes
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from kwskit.registry import register
from kwskit.synthesis.voices.timed_speech import TimedSpeech, UntimedSpeech
from kwskit.synthesis.voices.voice import MissingEngine, Voice

_LIBRARY = "libflite.so.1"
_VOICE_LIBRARY = "libflite_cmu_us_{}.so.1"
_SPEAKERS = ("awb", "kal16", "rms", "slt")
_FIXED_PITCH = ("rms",)  # its model of f0 has no shift: it is played faster instead, formants and all
_STRETCH: dict[str, float] = {}  # of each voice as it was when it was registered


class _Wave(ctypes.Structure):  # cst_wave of cst_wave.h
    _fields_ = (
        ("type", ctypes.c_char_p),
        ("sample_rate", ctypes.c_int),
        ("num_samples", ctypes.c_int),
        ("num_channels", ctypes.c_int),
        ("samples", ctypes.POINTER(ctypes.c_short)),
    )


class _VoiceStruct(ctypes.Structure):  # the head of cst_voice of cst_voice.h
    _fields_ = (("name", ctypes.c_char_p), ("features", ctypes.c_void_p))


_POINTER, _TEXT = ctypes.c_void_p, ctypes.c_char_p
_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "flite_init": (ctypes.c_int, []),
    "flite_synth_text": (_POINTER, [_TEXT, _POINTER]),
    "delete_utterance": (None, [_POINTER]),
    "utt_wave": (ctypes.POINTER(_Wave), [_POINTER]),
    "utt_relation": (_POINTER, [_POINTER, _TEXT]),
    "relation_head": (_POINTER, [_POINTER]),
    "item_next": (_POINTER, [_POINTER]),
    "item_parent": (_POINTER, [_POINTER]),
    "item_as": (_POINTER, [_POINTER, _TEXT]),
    "item_feat_float": (ctypes.c_float, [_POINTER, _TEXT]),
    "feat_float": (ctypes.c_float, [_POINTER, _TEXT]),
    "feat_present": (ctypes.c_int, [_POINTER, _TEXT]),
    "feat_set_float": (None, [_POINTER, _TEXT, ctypes.c_float]),
}


@register("voice", "flite")
class Flite(Voice):
    """CMU Flite (its own permissive licence), a system library: 16 kHz, about 150 words a second and core.

    Its speakers: ``slt`` (female, American), ``rms`` (male, American), ``awb`` (male, Scottish) and ``kal16`` (male,
    American, of diphones).
    """

    package = "flite"
    extra = "none"
    stateful = False
    timed = True

    def __init__(self) -> None:
        self._lib = self._load(_LIBRARY)
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(self._lib, name)
            function.restype, function.argtypes = result, arguments
        self._lib.flite_init()
        self._seed_noise = ctypes.CDLL(None).srand  # Flite's noise comes from the C library's rand()
        self._voices = {}
        for name in self.speakers():
            enter = getattr(self._load(_VOICE_LIBRARY.format(name)), f"register_cmu_us_{name}")
            enter.restype, enter.argtypes = ctypes.POINTER(_VoiceStruct), [_TEXT]
            self._voices[name] = enter(None)
        # The library has one of each voice a process, which an engine before this one may have slowed.
        self._stretch = {
            name: _STRETCH.setdefault(name, self._feature(name, b"duration_stretch")) for name in _SPEAKERS
        }

    def speakers(self) -> list[str]:
        return list(_SPEAKERS)

    def synthesise(
        self, text: str, speaker: str, rate: float = 1.0, pitch: float = 1.0, seed: int = 0
    ) -> tuple[np.ndarray, int]:
        spoken, _ = self._speak(text, speaker, rate, pitch, seed)
        return spoken.samples, spoken.sample_rate

    def speak_words(
        self,
        words: Sequence[str],
        speaker: str,
        rate: float = 1.0,
        pitch: float = 1.0,
        seed: int = 0,
        said: Sequence[Sequence[str]] | None = None,
    ) -> TimedSpeech:
        """See :meth:`Voice.speak_words`; times are those of Flite's segments."""
        self.check_words(words)
        spoken, tokens = self._speak(" ".join(words), speaker, rate, pitch, seed)
        if len(tokens) != len(words):
            raise UntimedSpeech(f"Flite reads {' '.join(words)!r} as {len(tokens)} words, not {len(words)}")
        return spoken

    def _speak(self, text: str, speaker: str, rate: float, pitch: float, seed: int) -> tuple[TimedSpeech, np.ndarray]:
        """The speech and its tokens' spans, which are in it too."""
        self.check_speaker(speaker)
        voice = self._voices[speaker]
        lib, features = self._lib, voice.contents.features
        faster = pitch if speaker in _FIXED_PITCH else 1.0
        lib.feat_set_float(features, b"duration_stretch", self._stretch[speaker] * faster / rate)
        lib.feat_set_float(features, b"f0_shift", pitch)
        self._seed_noise(ctypes.c_uint(seed & 0xFFFFFFFF))
        utterance = lib.flite_synth_text(text.encode(), voice)
        if not utterance:
            raise RuntimeError(f"Flite could not speak {text!r} as {speaker}")
        try:
            wave = lib.utt_wave(utterance).contents
            pcm = np.ctypeslib.as_array(wave.samples, (wave.num_samples,)).astype(np.float32) / 32768.0
            sample_rate = round(wave.sample_rate * faster)
            spans = self._spans(utterance) * (wave.sample_rate / sample_rate)
        finally:
            lib.delete_utterance(utterance)
        spans = np.minimum(spans, len(pcm) / sample_rate)
        return TimedSpeech(pcm, sample_rate, spans), spans

    def _spans(self, utterance: int) -> np.ndarray:
        """(tokens, 2) seconds; a token is what stands between blanks, several words where it is a number."""
        lib = self._lib
        segments, began = [], 0.0
        segment = lib.relation_head(lib.utt_relation(utterance, b"Segment"))
        while segment:
            ended = lib.item_feat_float(segment, b"end")
            segments.append((self._token(segment), began, ended))
            segment, began = lib.item_next(segment), ended
        found = [list(own) for token, own in groupby(segments, key=lambda one: one[0]) if token]
        return np.array([(own[0][1], own[-1][2]) for own in found], np.float64).reshape(-1, 2)

    def _token(self, segment: int) -> int | None:
        """Address of the token that a segment belongs to; None for a pause."""
        lib = self._lib
        phone = lib.item_as(segment, b"SylStructure")
        word = phone and lib.item_parent(lib.item_parent(phone))
        return (word and lib.item_parent(lib.item_as(word, b"Token"))) or None

    def _feature(self, speaker: str, name: bytes) -> float:
        features = self._voices[speaker].contents.features
        return float(self._lib.feat_float(features, name)) if self._lib.feat_present(features, name) else 1.0

    @classmethod
    def require(cls) -> None:
        cls._load(_LIBRARY)
        for name in _SPEAKERS:
            cls._load(_VOICE_LIBRARY.format(name))

    @staticmethod
    def _load(name: str) -> ctypes.CDLL:
        try:
            return ctypes.CDLL(name)
        except OSError as error:
            raise MissingEngine(
                f"the voice 'Flite' needs the library {name}, which cannot be loaded ({error}); "
                f"install it with: apt-get install flite"
            ) from error
