"""Adapters of other packages fit what these offer, and say what they lack."""

import inspect
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("people_bench")
RATE = 16_000


def test_what_a_peer_lacks_is_said(tmp_path, monkeypatch):
    from peers import peer as peers
    from peers.peer import PEERS, PeerSettings, PeerUnavailable, build

    for name, package in PEERS.items():
        if name not in ("kwskit", "livekit-wakeword"):
            module = {"Porcupine": "pvporcupine", "openWakeWord": "pyopen_wakeword"}.get(name, name.lower())
            with monkeypatch.context() as absent:
                absent.setitem(sys.modules, module.replace("-", "_"), None)
                for loaded in [
                    one for one in sys.modules if one.startswith(("peers.", "spotters.")) and one != "peers.peer"
                ]:
                    absent.delitem(sys.modules, loaded)
                with pytest.raises(PeerUnavailable, match=f"{name}: pip install {package.distribution} "):
                    build(name, PeerSettings(), False)
    with pytest.raises(PeerUnavailable, match="x: --y FOLDER of z"):
        peers.folder_of("x", None, "--y", "z")
    with pytest.raises(PeerUnavailable, match="no such folder; it holds z"):
        peers.folder_of("x", tmp_path / "none", "--y", "z")


def test_sherpa_asks_for_its_model_and_writes_keywords_in_its_pieces(tmp_path):
    sherpa_onnx = pytest.importorskip("sherpa_onnx", reason="sherpa-onnx is not installed")
    from peers.peer import PeerSettings, PeerUnavailable, build
    from peers.sherpa_peer import keyword_lines

    with pytest.raises(PeerUnavailable, match="--sherpa FOLDER of a keyword-spotting model"):
        build("sherpa-onnx", PeerSettings(), False)
    with pytest.raises(PeerUnavailable, match=r"has no encoder\*\.onnx"):
        build("sherpa-onnx", PeerSettings(sherpa=tmp_path), False)
    taken = inspect.signature(sherpa_onnx.KeywordSpotter.__init__).parameters
    assert {"tokens", "encoder", "decoder", "joiner", "keywords_file", "num_threads", "keywords_threshold"} <= set(
        taken
    )
    assert taken["keywords_threshold"].default == 0.25
    for method in ("create_stream", "is_ready", "decode_stream", "get_result", "reset_stream"):
        assert callable(getattr(sherpa_onnx.KeywordSpotter, method))

    class Letters:
        def encode(self, text, out_type):
            return [letter.replace(" ", "▁") for letter in text]

    tokens = tmp_path / "tokens.txt"
    tokens.write_text("H 0\nI 1\n▁ 2\nO 3\n", encoding="utf-8")
    assert keyword_lines(["hi oh"], Letters(), tokens) == {"hi oh": "H I ▁ O H @hi_oh"}
    with pytest.raises(PeerUnavailable, match=r"'box': .*tokens\.txt lacks B, X"):
        keyword_lines(["box"], Letters(), tokens)


def test_vosk_asks_for_its_model_and_finds_keywords_in_results(tmp_path):
    pytest.importorskip("vosk", reason="vosk is not installed")
    from peers.peer import PeerSettings, PeerUnavailable, build
    from peers.vosk_peer import keywords_of

    with pytest.raises(PeerUnavailable, match="--vosk FOLDER of a small model"):
        build("Vosk", PeerSettings(), False)
    with pytest.raises(PeerUnavailable, match="no model of Vosk's"):
        build("Vosk", PeerSettings(vosk=tmp_path), False)
    words = [("[unk]", 0, 1, 1.0), ("hey", 1, 1.5, 0.9), ("computer", 1.5, 2, 0.7), ("computer", 4, 5, 0.8)]
    result = {"result": [dict(zip(("word", "start", "end", "conf"), one, strict=True)) for one in words]}
    assert keywords_of(result, ["hey computer", "computer", "athena"]) == [
        ("hey computer", 1, 2, 0.7),
        ("computer", 1.5, 2, 0.7),
        ("computer", 4, 5, 0.8),
    ]
    assert keywords_of({"text": ""}, ["computer"]) == []


def test_porcupine_asks_for_a_key_and_for_keywords(tmp_path, monkeypatch):
    pvporcupine = pytest.importorskip("pvporcupine", reason="pvporcupine is not installed")
    from peers.peer import PeerSettings, PeerUnavailable, build
    from peers.porcupine_peer import KEY, keyword_paths

    monkeypatch.delenv(KEY, raising=False)
    with pytest.raises(PeerUnavailable, match=r"access key of console\.picovoice\.ai in PICOVOICE_ACCESS_KEY"):
        build("Porcupine", PeerSettings(), False)
    own = tmp_path / "hey-computer_en_linux_v4_0_0.ppn"
    own.touch()
    assert keyword_paths(["computer", "hey computer"], tmp_path) == [pvporcupine.KEYWORD_PATHS["computer"], str(own)]
    with pytest.raises(PeerUnavailable, match=r"no \.ppn of athena, hey computer: .*blueberry"):
        keyword_paths(["computer", "athena", "hey computer"], None)
    taken = inspect.signature(pvporcupine.create).parameters
    assert {"access_key", "device", "keyword_paths", "sensitivities"} <= set(taken)
    monkeypatch.setenv(KEY, "not a key")
    peer = build("Porcupine", PeerSettings(), False)
    with pytest.raises(PeerUnavailable, match="it refuses the key of PICOVOICE_ACCESS_KEY"):
        peer.enrol(["computer"])


def test_openwakeword_is_measured_for_its_cost_unless_it_has_heads(tmp_path):
    pytest.importorskip("pyopen_wakeword", reason="pyopen-wakeword is not installed")
    import pyopen_wakeword
    from peers.peer import PeerSettings, PeerUnavailable, build

    peer = build("openWakeWord", PeerSettings(), False)
    assert not peer.detects
    peer.enrol(["athena"])
    assert [*peer.push(np.zeros(1280, np.int16)), *peer.finish()] == []
    with pytest.raises(PeerUnavailable, match=r"lacks hey_computer\.tflite"):
        build("openWakeWord", PeerSettings(openwakeword=tmp_path), False).enrol(["hey computer"])
    heads = Path(pyopen_wakeword.__file__).parent / "models"
    peer = build("openWakeWord", PeerSettings(openwakeword=heads), True)
    assert peer.detects
    peer.enrol(["hey jarvis"])
    scores = iter([0.0, 0.2, 0.9, 0.3, *[0.0] * 20, 0.6, *[0.0] * 20])
    peer._features = type("Features", (), {"process_streaming": lambda self, sound: [0], "reset": lambda self: None})()
    peer._heads = {
        "hey jarvis": type("H", (), {"process_streaming": lambda s, e: [next(scores)], "reset": lambda s: 0})()
    }
    found = [one for _ in range(45) for one in peer.push(np.zeros(1280, np.int16))] + [*peer.finish()]
    assert [(one.score, one.stop) for one in found] == [(0.9, pytest.approx(0.24)), (0.6, pytest.approx(2.0))]


def test_livekit_is_measured_for_its_cost():
    pytest.importorskip("livekit.wakeword", reason="livekit-wakeword is not installed")
    from peers.peer import PeerSettings, build

    peer = build("livekit-wakeword", PeerSettings(), False)
    peer.enrol(["athena"])
    assert not peer.detects
    assert [*peer.push(np.zeros(2 * RATE, np.int16)), *peer.finish()] == []
