"""The spotters that benchmarks compare tell what their packages tell."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).parents[2] / "tools/bench"


@pytest.fixture(autouse=True)
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    yield
    for name in [name for name in sys.modules if name.split(".")[0] in ("spotters", "speech_like", "spotting")]:
        del sys.modules[name]


def test_sound_like_speech_is_as_long_as_asked_and_as_loud():
    from speech_like import speech_like

    pcm = speech_like(3, seed=1)
    assert pcm.dtype == np.int16
    assert len(pcm) == 48_000
    assert 8_000 < np.abs(pcm.astype(int)).max() < 16_000
    assert not np.array_equal(pcm, speech_like(3, seed=2))


def test_a_word_ends_where_its_sound_does():
    from spotter_measurement import end_of_speech

    rng = np.random.default_rng(0)
    wave = 20 * rng.standard_normal(32_000)
    wave[8_000:16_000] += 5_000 * np.sin(np.arange(8_000))
    assert end_of_speech(wave.astype(np.int16)) == pytest.approx(1.0, abs=0.04)


def test_pocketsphinx_detects_from_its_score_on():
    pytest.importorskip("pocketsphinx")
    from speech_like import speech_like
    from spotters.pocketsphinx_spotter import PocketSphinxSpotter, not_in_dictionary

    assert not_in_dictionary(["hey computer", "hey xyzzyx"]) == ["hey xyzzyx"]
    pcm, keywords = speech_like(8), ["no", "away"]
    found = PocketSphinxSpotter(keywords, 1e-60, restart=False).whole(pcm)
    best = max(found, key=lambda result: result.score)
    assert 0 <= best.start < best.stop <= 8
    for more, accepted in ((-0.5, True), (0.5, False)):
        spotter = PocketSphinxSpotter(keywords, 10 ** (best.score + more))
        result = [one for at in range(0, len(pcm), 1280) for one in spotter.push(pcm[at : at + 1280])]
        assert bool([*result, *spotter.finish()]) == accepted


def test_livekit_models_hear_the_same_frame_by_frame(tmp_path, monkeypatch):
    pytest.importorskip("livekit.wakeword")
    onnx = pytest.importorskip("onnx")
    from speech_like import speech_like
    from spotters import livekit_spotter

    tensor = onnx.helper.make_tensor_value_info
    mean = onnx.helper.make_node("ReduceMean", ["x", "axes"], ["y"], keepdims=0)
    axes = onnx.numpy_helper.from_array(np.array([1], np.int64), "axes")
    first = onnx.helper.make_node("Slice", ["y", "0", "1", "1"], ["z"])
    bounds = [onnx.numpy_helper.from_array(np.array([k], np.int64), str(k)) for k in (0, 1)]
    given, got = tensor("x", 1, ["n", 16, 96]), tensor("z", 1, ["n", 1])
    graph = onnx.helper.make_graph([mean, first], "head", [given], [got], [axes, *bounds])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, tmp_path / "head.onnx")
    monkeypatch.setattr(livekit_spotter, "THRESHOLD", -math.inf)
    pcm = speech_like(4)
    spotter = livekit_spotter.LiveKitSpotter(["one", "two"], str(tmp_path / "head.onnx"), once=True)
    whole = [result.score for result in spotter.whole(pcm) if result.keyword == "one"]
    result = [one for at in range(0, len(pcm), 700) for one in spotter.push(pcm[at : at + 700])]
    streamed = [one.score for one in result if one.keyword == "one"]
    assert len(streamed) == len([one for one in result if one.keyword == "two"])
    # The stream begins with silence, and the mel features look some samples back.
    assert np.corrcoef(streamed[-15:], whole[-15:])[0, 1] > 0.9
