"""A voice whose words are tones, and what it has spoken."""

import hashlib

import numpy as np

from kwskit import registry
from kwskit.data.records import read_records
from kwskit.synthesis.running_plan import RunningPlan, SpeechPart
from kwskit.synthesis.voices.timed_speech import TimedSpeech
from kwskit.synthesis.voices.voice import MARKS, Voice

RATE = 8000


HELD_OUT = ("the", "of", "seven")


SPEAKERS = ("chimes:low", "chimes:low@110", "chimes:high")


def pitch_of(word):
    """Hz, of its own for every word."""
    return 300 + int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") % 2000


@registry.register("voice", "chimes")
class Chimes(Voice):
    """A test voice that says every word as its own tone, with 30 ms between words and 300 ms at a comma."""

    package = "numpy"
    stateful = False
    timed = True
    asked: list[tuple] = []  # noqa: RUF012 — shared on purpose: what all engines of a test spoke

    def speakers(self):
        return ["low", "high"]

    def speak_words(self, words, speaker, rate=1.0, pitch=1.0, seed=0, said=None):
        self.asked.append((tuple(words), speaker, rate, pitch, seed, said))
        pieces, spans, at = [np.zeros(RATE // 5)], [], 0.2
        for word in words:
            bare = word.rstrip(MARKS)
            seconds = round(0.3 / rate * RATE) / RATE
            pieces.append(0.3 * np.sin(2 * np.pi * pitch_of(bare) * np.arange(round(seconds * RATE)) / RATE))
            spans.append((at, at + seconds))
            silence = RATE * 3 // 10 if word.endswith(",") else RATE * 3 // 100
            pieces.append(np.zeros(silence))
            at += seconds + silence / RATE
        return TimedSpeech(np.concatenate(pieces).astype(np.float32), RATE, np.array(spans))


def chimes_plan(sentences=30, seed=4, **settings):
    return RunningPlan({"chimes": SpeechPart(seed, sentences, SPEAKERS)}, HELD_OUT, shard=8, **settings)


def rows_of(folder):
    tables = [read_records(folder / f"manifests/{name}.tsv", "manifest")[0] for name in ("train", "dev")]
    return [row for table in tables for row in table.to_pylist()]
