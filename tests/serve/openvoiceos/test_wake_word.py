"""A wake word of OpenVoiceOS, made by the factory of its plugin manager."""

import configparser
import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from kwskit.spotting.spotter import Spotter

ROOT = Path(__file__).parents[3]
NAME = "ovos-ww-plugin-kwskit"
RATE, CHUNK = 16_000, 2048  # of the listener, in bytes


@pytest.fixture(scope="module", autouse=True)
def wakewords():
    """The plugin manager's module; not imported above, where it would read the source of all that pytest collects."""
    return pytest.importorskip("ovos_plugin_manager.wakewords", reason="the extra ovos is not installed")


@pytest.fixture(scope="module")
def wake_word(wakewords):
    """The plugin's module."""
    return importlib.import_module("kwskit.serve.openvoiceos.wake_word")


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The entry points that setup.cfg has, as pip writes them, whatever kwskit is installed."""
    setup = configparser.ConfigParser(delimiters="=")
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    folder = tmp_path / "kwskit_here-0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: kwskit-here\nVersion: 0\n")
    group = setup["options.entry_points"]["opm.wake_word"].strip()
    (folder / "entry_points.txt").write_text(f"[opm.wake_word]\n{group}\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])


@pytest.fixture
def created(installed, wakewords, wake_word, streaming_sung_model, monkeypatch):
    """``created(name, **settings)`` is the factory's engine of a wake word, with a model of tones, and its loads."""
    loads = []

    def load(model, **files):
        loads.append(model)
        return Spotter(streaming_sung_model)

    monkeypatch.setattr(Spotter, "load", load)
    wake_word._spotter.cache_clear()

    def create(name, **settings):
        own = {"module": NAME, "listen": True, **settings}
        return wakewords.OVOSWakeWordFactory.create_hotword(name, {"hotwords": {name.replace(" ", "_"): own}})

    create.loads = loads
    yield create
    wake_word._spotter.cache_clear()


def told(engine, pcm):
    """Seconds at which the engine says that it has found the wake word in (samples,) int16, asked after each chunk."""
    sound, found = pcm.astype("<i2").tobytes(), []
    for at in range(0, len(sound), CHUNK):
        engine.update(sound[at : at + CHUNK])
        if engine.found_wake_word():
            found.append(min(at + CHUNK, len(sound)) / 2 / RATE)
    return found


@pytest.fixture
def said(streaming_sung_model):
    """(samples,) int16 with keywords and silence after them, and their places."""
    pcm, places = streaming_sung_model.stream_of("jupiter", "hey nova", "tiger")
    rest = np.random.default_rng(1).normal(0, 60, 2 * RATE).astype(np.int16)
    return np.concatenate([pcm, rest]), {text: (start, stop) for text, start, stop in places}


def test_the_plugin_manager_finds_it(installed, wakewords, wake_word):
    assert wakewords.find_wake_word_plugins()[NAME] is wake_word.KwskitWakeWord
    assert issubclass(wake_word.KwskitWakeWord, wakewords.HotWordEngine)


def test_each_wake_word_is_told_once_soon_after_it_is_said(created, said):
    pcm, places = said
    for name, text in (("hey nova", "hey nova"), ("tiger", "tiger"), ("computer", "jupiter")):
        settings = {} if name == text else {"keyword": text}
        (when,) = told(created(name, threshold=4.4, **settings), pcm)
        start, stop = places[text]
        assert start < when < stop + 1.5
    assert told(created("lemon", threshold=4.4), pcm) == []
    assert len(created.loads) == 1  # they share one model


def test_what_was_heard_before_a_reset_is_forgotten(created, said):
    pcm, places = said
    start, stop = places["tiger"]
    engine = created("tiger", threshold=4.4)
    half = round((start + stop) / 2 * RATE)
    assert told(engine, pcm[:half]) == []
    engine.reset()
    assert told(engine, pcm[half:]) == []
    engine.reset()
    engine.update(pcm.astype("<i2").tobytes())
    engine.reset()
    assert not engine.found_wake_word()
    engine.update(pcm.astype("<i2").tobytes())
    assert engine.found_wake_word()
    assert not engine.found_wake_word()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"threshold": "high"}, "threshold of a wake word is a number, not 'high'"),
        ({"fa_per_hour": -1}, "-1"),
        ({"keyword": 7}, "keyword of a wake word is a text, not 7"),
        ({"keyword": "tiger", "keyword_file": "tiger.kw"}, "give no keyword beside it"),
        ({"keyword_file": "nowhere.kw"}, "nowhere.kw"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(created, settings, message):
    with pytest.raises((ValueError, OSError), match=message):
        created("tiger", **settings)
