import hashlib

import numpy as np
import pytest

from kwskit import registry
from kwskit.synthesis.casting import ESPEAK_VARIANTS
from kwskit.synthesis.voices.voice import MissingEngine

SPEAKERS = {
    "hibari": ["heart"],
    "pico": ["en-US", "en-GB"],
    "espeak": ["en-us", "en-us+f2", "en-gb+m1", "en-gb-scotland+Alex"],
}


@pytest.fixture(params=SPEAKERS)
def engine(request):
    pytest.importorskip(registry.get("voice", request.param).cls.package)
    voice = registry.build("voice", request.param)
    yield voice
    voice.close()


def first_speakers(voice):
    return next(names for names in SPEAKERS.values() if names[0] in voice.speakers())


def fundamental(samples, sample_rate):
    """Hz, from the autocorrelation of the loudest 60 ms."""
    width = int(0.06 * sample_rate)
    starts = range(0, len(samples) - width, width // 4)
    loudest = max(starts, key=lambda at: np.sum(samples[at : at + width] ** 2))
    frame = samples[loudest : loudest + width] - samples[loudest : loudest + width].mean()
    correlation = np.correlate(frame, frame, "full")[width - 1 :]
    shortest, longest = int(sample_rate / 400), int(sample_rate / 60)
    return sample_rate / (shortest + np.argmax(correlation[shortest:longest]))


def test_speaks(engine):
    heard = []
    for speaker in first_speakers(engine):
        samples, sample_rate = engine.synthesise("banana", speaker)
        assert samples.dtype == np.float32
        assert samples.ndim == 1
        assert 0.3 < len(samples) / sample_rate < 2.5
        assert 0.02 < np.abs(samples).max() <= 1.0
        heard.append(hashlib.sha256(samples).hexdigest())
    assert len(set(heard)) == len(heard), "two speakers sound the same"


def test_new_engine_repeats_the_same_calls(engine):
    name = next(name for name in SPEAKERS if registry.get("voice", name).cls is type(engine))
    calls = [("window", speaker, rate, 1.1, 5) for speaker in first_speakers(engine) for rate in (0.9, 1.2)]
    first = [engine.synthesise(*call)[0] for call in calls]
    again = registry.build("voice", name)
    for call, samples in zip(calls, first, strict=True):
        np.testing.assert_array_equal(again.synthesise(*call)[0], samples)
        engine.synthesise("telephone", *call[1:])  # the older engine is still alive and does not disturb
    again.close()


def test_stateless_engine_forgets(engine):
    if engine.stateful:
        pytest.skip("the corpus makes a new one for each shard")
    speakers = engine.speakers()
    first = engine.synthesise("zoo", speakers[0], 1.1, 0.9, 3)[0]
    blocks = []
    for size in (10_000, 700_000, 30_000):
        blocks.append(np.full(size, 77, np.int32))  # dirty memory for an engine that reads what it never wrote
        del blocks[::2]
        engine.synthesise("telephone", speakers[-1], 0.8, 1.2, size)
        np.testing.assert_array_equal(engine.synthesise("zoo", speakers[0], 1.1, 0.9, 3)[0], first)


def test_rate_and_pitch(engine):
    speaker = first_speakers(engine)[0]
    slow, sample_rate = engine.synthesise("marmalade", speaker, rate=0.8)
    fast, _ = engine.synthesise("marmalade", speaker, rate=1.4)
    assert len(fast) < 0.85 * len(slow)
    low, _ = engine.synthesise("banana", speaker, pitch=0.85)
    high, _ = engine.synthesise("banana", speaker, pitch=1.2)
    assert fundamental(high, sample_rate) > 1.15 * fundamental(low, sample_rate)


def test_unknown_speaker(engine):
    with pytest.raises(ValueError, match="has no speaker 'nobody'; it has: "):
        engine.synthesise("word", "nobody")


def test_espeak_keeps_the_end_of_a_word():
    pytest.importorskip("espeakng_loader")
    voice = registry.build("voice", "espeak")
    samples, sample_rate = voice.synthesise("butter", "en-us+m1")
    voice.close()
    tail = samples[-int(0.02 * sample_rate) :]
    assert np.abs(tail).max() < 0.01 * np.abs(samples).max()


@pytest.mark.parametrize(("name", "extra"), [("hibari", "voices"), ("pico", "voices"), ("espeak", "voices-gpl")])
def test_missing_package_names_its_extra(name, extra, monkeypatch):
    voice = registry.get("voice", name).cls
    monkeypatch.setattr(voice, "package", "no_such_engine")
    with pytest.raises(MissingEngine, match=rf"no_such_engine.*pip install 'kwskit\[{extra}\]'"):
        registry.build("voice", name)


def test_every_espeak_voice_of_the_cast_says_a_word_the_same_way_twice():
    pytest.importorskip("espeakng_loader", reason="needs the extra 'voices-gpl'")
    heard = []
    for _ in range(2):
        engine = registry.build("voice", "espeak")
        variants = [variant for names in ESPEAK_VARIANTS.values() for variant in names.split()]
        heard.append([engine.synthesise("arkansas", f"en-us+{name}", 1.1, 1.05, 7)[0] for name in variants])
        engine.close()
    for name, first, second in zip(variants, *heard, strict=True):
        np.testing.assert_array_equal(first, second, err_msg=name)
