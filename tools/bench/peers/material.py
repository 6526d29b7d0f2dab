"""What peers hear: people's wake words among other speech, or voices' words among voices' phrases."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from people.clip import some
from people.sentences import held_back_sentences
from people.wake_streams import WakeSpeech, wake_speech

from kwskit.adapt.speakers import installed_speakers
from kwskit.adapt.speaking import FLOOR, spoken
from kwskit.atomic_write import atomic_write
from kwskit.constants import SAMPLE_RATE
from kwskit.corpora.findings import Findings
from kwskit.corpora.wake_words.benchmark import Sound, decoded
from kwskit.synthesis.voices.voice import MissingEngine
from kwskit.text.normal_form import normal_form
from kwskit.text_file import read_text

WORDS = ("amelia", "android", "athena", "computer", "hey computer")
PHRASES = Path(__file__).parents[1] / "keywords.txt"
SAYINGS = 10  # of each word by voices
EDGE = 0.2  # s of almost silence around what a voice says


def peoples(speech: Path, half: str, keywords: Sequence[str], most: int | None, jobs: int) -> WakeSpeech:
    """The half's wake words, and, as other speech, what :func:`wake_speech` has and sentences of held-back people.

    Parameters
    ----------
    speech : folder of people's speech
    keywords : of it that are enrolled; none for all
    most : recordings of a kind at most; None for all
    jobs : processes that decode

    Raises
    ------
    FileNotFoundError
        When a keyword is not said in it.
    """
    sounds = wake_speech(speech, half, most, jobs)
    texts = [normal_form(keyword) for keyword in keywords] or list(sounds.keywords)
    if missing := [text for text in texts if text not in sounds.keywords]:
        raise FileNotFoundError(
            f"{speech}: nobody says {', '.join(missing)} there in the {half} half, but {', '.join(sounds.keywords)}"
        )
    files = [
        Path(one["path"])
        for _, one in held_back_sentences(speech, half)
        if not any(f" {text} " in f" {normal_form(one['text'])} " for text in sounds.keywords)
    ]
    sentences = decoded(some(files, most), "sentences", jobs, Findings())
    return WakeSpeech({text: sounds.keywords[text] for text in texts}, [*sounds.background, *sentences])


def voices(folder: Path, keywords: Sequence[str], most: int | None, seed: int) -> WakeSpeech:
    """Keywords (``WORDS`` if none are given) and the phrases of ``PHRASES``, said by the installed synthesis voices.

    Parameters
    ----------
    folder : takes the recordings
    most : sayings of each keyword, and phrases, at most
    seed : of voices and rates

    Raises
    ------
    MissingEngine
        When no voice is installed.
    """
    try:
        found = installed_speakers()
    except MissingEngine as error:
        raise MissingEngine(f"{error}; or --speech names recordings of people") from error
    speakers = {name: [*found.training.get(name, ()), *found.held_out.get(name, ())] for name in found.training}
    rng = np.random.default_rng(seed)
    texts = [normal_form(keyword) for keyword in keywords or WORDS]
    others = [normal_form(line) for line in read_text(PHRASES).splitlines() if line.strip()]
    others = [text for text in others if not any(f" {word} " in f" {text} " for word in texts)]

    def say(name: str, lines: Sequence[str]) -> list[Sound]:
        sounds = []
        for number, (_, own, _) in enumerate(spoken(lines, speakers, (), rng)):
            edge = np.zeros(round(EDGE * SAMPLE_RATE))
            wave = np.concatenate([edge, own, edge]) + rng.normal(0, FLOOR, len(own) + 2 * len(edge))
            pcm = np.clip(np.rint(wave), -32768, 32767).astype(np.int16)
            path = folder / f"{name.replace(' ', '_')}_{number:03d}.flac"
            with atomic_write(path) as partial:
                soundfile.write(partial, pcm, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
            sounds.append(Sound(path, len(pcm), float(np.abs(pcm.astype(np.int32)).max()) / 32768))
        return sounds

    said = {text: say(text, [text] * min(SAYINGS, most or SAYINGS)) for text in texts}
    return WakeSpeech(said, say("other speech", some(others, most)))
