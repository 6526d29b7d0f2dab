"""A keyword said once to the page: which reading is heard, as a request and in a real browser."""

import io
import json
import time
from urllib.parse import parse_qs, quote, urlsplit

import numpy as np
import pytest
import soundfile

from kwskit.check.example_readings import example_readings
from kwskit.serve.page import Page
from kwskit.spotting.spotter import Spotter
from tests.serve.page_requests import asked, refusal, wav
from tests.serve.visitor import Visitor

RATE = 16_000
TICKED = """
const lines = [...document.querySelectorAll(".said label")];
return lines.filter(line => line.querySelector("input").checked).map(line => line.textContent.trim());
"""
RIGHT = "HH AA D OW K EH N"  # as nobody guesses "hadouken"


@pytest.fixture(scope="module")
def said(phoneme_sung_model):
    """(samples,) of the right reading with noise around, long enough not to begin again while somebody listens."""
    model = phoneme_sung_model
    model.tokenizer.g2p._words["sung"] = ("given", [tuple(RIGHT.split())])
    noise = np.random.default_rng(1).normal(0, 60, 30 * RATE).astype(np.int16)
    return np.concatenate([model.stream_of("sung", seed=1)[0], noise])


@pytest.fixture(scope="module")
def port(serving, phoneme_sung_model):
    return serving(Page(Spotter(phoneme_sung_model)))


@pytest.fixture(scope="module")
def browser(open_browser, said, tmp_path_factory):
    spoken = tmp_path_factory.mktemp("microphone") / "said.wav"
    soundfile.write(spoken, said, RATE)
    with open_browser(spoken=spoken) as driver:
        yield driver


def test_readings_are_in_the_order_in_which_they_fit(port, said, phoneme_sung_model):
    own = said[: 2 * RATE]
    status, _, body = asked(port, "POST", "/api/keyword/heard?text=hadouken", wav(own))
    found, expected = json.loads(body), example_readings(Spotter(phoneme_sung_model), "hadouken", [own])
    assert status == 200
    assert found["typed"] == expected.typed == f"hadouken={RIGHT}"
    assert found["readings"] == [one.phonemes for one in expected.readings]
    assert found["doubts"] == [doubt.replace("example 1: ", "This recording: ") for doubt in expected.doubts]
    assert found["signs"].items() >= {"HH": "Hat", "OW": "gO", "N": "Nose"}.items()


SILENCE, LONG = wav(np.zeros(RATE, np.int16)), wav(np.random.default_rng(0).normal(0, 3000, 8 * RATE).astype(np.int16))


@pytest.mark.parametrize(
    ("text", "body", "status", "reason"),
    [
        ("hadouken", SILENCE, 400, "This recording: an example is silent"),
        ("hadouken", LONG, 400, "This recording: an example takes"),
        ("hadouken", b"", 400, "This recording is empty"),
        ("hadouken", b"no sound", 415, "This recording cannot be used"),
        ("", SILENCE, 400, "Type a word"),
        ("hadouken=HH%20QQ", SILENCE, 400, "cannot be read out"),
        ("kw:0123456789abcdef", SILENCE, 404, "does not know this keyword's file"),
    ],
)
def test_what_cannot_be_read_off_is_told(port, text, body, status, reason):
    found = refusal(port, "POST", f"/api/keyword/heard?text={text}", body)
    assert found[0] == status
    assert reason in found[1]


def test_a_reading_is_read_aloud(port, browser):
    pytest.importorskip("espeakng_loader")
    assert json.loads(asked(port, "GET", "/api/about")[2])["voice"]
    status, headers, body = asked(port, "GET", f"/api/keyword/aloud?phonemes={quote(RIGHT)}")
    assert (status, headers["Content-Type"]) == (200, "audio/wav")
    samples, rate = soundfile.read(io.BytesIO(body))
    assert rate == RATE
    assert 0.3 < len(samples) / rate < 2
    assert (
        refusal(port, "GET", "/api/keyword/aloud?phonemes=HH%20QQ")[1]
        == "'QQ' is no phoneme of English, such as HH or EY1."
    )
    assert refusal(port, "GET", "/api/keyword/aloud")[0] == 400
    browser.get(f"http://127.0.0.1:{port}/")
    visitor = Visitor(browser)
    visitor.until(lambda: browser.execute_script("return document.documentElement.dataset.ready"))
    visitor.add("hadouken")
    browser.execute_script(
        "HTMLMediaElement.prototype.play = function () { window.heard = this.src; return Promise.resolve(); }"
    )
    visitor.find(".said .aloud").click()
    first = visitor.text(".said label").split()
    assert parse_qs(urlsplit(browser.execute_script("return window.heard")).query) == {"phonemes": [" ".join(first)]}
    assert visitor.complaints() == []


def test_without_a_voice_nothing_is_read_aloud(port, monkeypatch):
    monkeypatch.setattr("kwskit.serve.reading_aloud.has_voice", lambda: False)
    status, reason = refusal(port, "GET", "/api/keyword/aloud?phonemes=HH")
    assert status == 404
    assert "kwskit[voices-gpl]" in reason


def test_a_visitor_says_it_and_it_is_listened_for(browser, port):
    browser.get(f"http://127.0.0.1:{port}/")
    visitor = Visitor(browser)
    visitor.until(lambda: browser.execute_script("return document.documentElement.dataset.ready"))
    visitor.add("hadouken")

    def ticked():
        return browser.execute_script(TICKED)

    def press(then):
        visitor.find(".say").click()
        visitor.until(lambda: browser.execute_script("return document.querySelector('.say').textContent") == then)

    assert RIGHT not in ticked()
    press("Said it")
    time.sleep(2)
    press("Say it")
    visitor.until(lambda: ticked() == [RIGHT])
    assert visitor.text(".said label") == RIGHT
    assert "something else is said" in visitor.text(".said")  # none of the guesses fits
    assert visitor.complaints() == []
