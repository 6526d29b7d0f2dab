"""Backgrounds of other words: as they are, and said by two at once, to a model that hears phonemes."""

import numpy as np
import pytest

from kwskit.spotting.cohort import cohort_words
from kwskit.spotting.said_words import SaidWords, pronunciations_of, spoken
from kwskit.spotting.spotter import Spotter

RATE = 16_000


@pytest.fixture(scope="session")
def others():
    """Words that are said there."""
    return cohort_words(330)[300:]


@pytest.fixture(scope="session")
def babble(phoneme_sung_model, others):
    """Four minutes of words with others over them, then one drawn out: (samples,) int16, and (text, start, stop)."""
    rng = np.random.default_rng(0)
    pcm, said = phoneme_sung_model.stream_of(*rng.choice(others, 280).tolist(), pause=0.3)
    pcm = 0.6 * (pcm + 0.6 * np.roll(pcm, 7 * RATE))
    phonemes = np.split(phoneme_sung_model.say("tiger"), 4)
    drawn = [part for phoneme in phonemes for part in (phoneme, rng.normal(0, 60, RATE // 2))]
    return np.concatenate([pcm, *drawn]).astype(np.int16), said


@pytest.fixture(scope="session")
def babble_background(phoneme_sung_model, babble):
    """What the model that knows phonemes hears in it."""
    pcm, said = babble
    recorder = Spotter(phoneme_sung_model).recorder()
    words = [[spoken(one) for one in pronunciations_of(text, phoneme_sung_model.tokenizer)] for text, _, _ in said]
    start, stop = (np.array([row[k] for row in said]) for k in (1, 2))
    recorder.record([pcm[:100_001], pcm[100_001:]], SaidWords(start, stop, words))
    return recorder.background()


@pytest.fixture(scope="session")
def sound(sung_model, others):
    """Two minutes of other words in random order: (samples,) int16, and (text, start, stop)."""
    rng = np.random.default_rng(0)
    return sung_model.stream_of(*rng.choice(others, 130).tolist(), pause=0.3)


@pytest.fixture(scope="session")
def background(sung_model, sound):
    """What a model that hears no phonemes hears in it."""
    return recorded(Spotter(sung_model), *sound)


def recorded(spotter, pcm, said):
    recorder = spotter.recorder()
    words = [[spoken(one) for one in pronunciations_of(text, spotter.model.tokenizer)] for text, _, _ in said]
    start, stop = (np.array([row[k] for row in said]) for k in (1, 2))
    recorder.record([pcm[:100_000], pcm[100_000:]], SaidWords(start, stop, words))
    return recorder.background()
