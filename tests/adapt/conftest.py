"""Voices that sing a keyword with an accent, and a background of other words."""

import numpy as np
import pytest

from kwskit.adapt import adapt_keyword as flow
from kwskit.adapt import fitting, speech
from kwskit.adapt.speakers import Speakers
from kwskit.registry import register
from kwskit.spotting import background as background_module
from kwskit.spotting.cohort import cohort_words
from kwskit.spotting.spotter import Spotter
from kwskit.synthesis.voices.voice import Voice

RATE = 16_000
NEAR = ["hey", "nova", "an over", "hey window", "banana nova", "hate over", "novel", "tiger"]
SPEAKERS = Speakers({"singer": ["singer:alto", "singer:bass"]}, {"singer": ["singer:tenor"]}, ["the voice 'Other'"])


@pytest.fixture(scope="module")
def background(sung_model):
    """A minute of other words."""
    words = np.random.default_rng(0).choice(cohort_words(330)[300:], 70).tolist()
    recorder = Spotter(sung_model).recorder()
    recorder.record([sung_model.stream_of(*words, pause=0.3)[0]])
    return recorder.background()


@pytest.fixture
def singers(sung_model, background, scratch_registry, monkeypatch):
    """Voices that sing five phonemes as others, so that the typed keyword is heard badly."""

    class Singer(Voice):
        package, extra, stateful = "numpy", "none", False

        def speakers(self):
            return ["alto", "bass", "tenor"]

        def synthesise(self, text, speaker, rate=1.0, pitch=1.0, seed=0):
            number = sung_model.tokenizer.symbols.index
            accent = {
                number(a): number(b) for a, b in (("OW", "AA"), ("EY", "IY"), ("AH", "UH"), ("N", "M"), ("V", "F"))
            }
            time = np.arange(round(0.09 * RATE)) / RATE
            (said, *_) = sung_model.tokenizer.encode(text)
            tones = [np.sin(2 * np.pi * sung_model._hertz[accent.get(one, one)] * time) for one in said]
            return 0.2 * np.concatenate(tones).astype(np.float32), RATE

    register("voice", "singer")(Singer)
    monkeypatch.setattr("kwskit.synthesis.engines._engines", {})
    for name, count in (("SAID", 24), ("NEAR", 24), ("HELD_OUT", 8), ("COPIES", 3)):
        monkeypatch.setattr(speech, name, count)
    monkeypatch.setattr(fitting, "STEPS", 300)
    monkeypatch.setattr(fitting, "SHARE", 1.0)  # these voices are the people of the tests
    for module in (background_module, flow):
        monkeypatch.setattr(module, "BLOCK", 8.0)
    monkeypatch.setattr(flow, "installed_speakers", lambda: SPEAKERS)
    monkeypatch.setattr(flow, "near_texts", lambda spotter, keyword: NEAR)
    monkeypatch.setattr(flow, "has_rooms", lambda: False)
    return Singer()
