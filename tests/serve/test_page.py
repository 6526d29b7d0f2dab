"""What the page's server answers, and what it refuses."""

import base64
import contextlib
import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from websockets.exceptions import InvalidStatus

from kwskit.data.audio import read_segment
from kwskit.serve.guard import HEADERS
from kwskit.serve.page import Page
from kwskit.spotting.spoken_example import trimmed
from tests.serve.page_requests import asked, refusal, spot, wav

sync = pytest.importorskip("websockets.sync.client", reason="the extra serve is not installed")


def post(port, path, value):
    status, _, body = asked(port, "POST", path, json.dumps(value))
    assert status == 200, body
    return json.loads(body)


def test_every_answer_has_the_headers_of_a_strict_page(port):
    for path in ("/", "/static/page.js", "/api/about", "/nowhere", "/api/snippet/77"):
        _, headers, _ = asked(port, "GET", path)
        assert {name: headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in HEADERS["content-security-policy"]
    assert asked(port, "GET", "/", Host="elsewhere.example")[1]["content-security-policy"]


def test_the_page_needs_nothing_from_elsewhere(port):
    static = Path(sys.modules["kwskit.serve.page"].__file__).parent / "static"
    for path in [*static.glob("*.html"), *static.glob("*.js"), *static.glob("*.css")]:
        text = path.read_text("utf-8")
        assert "http://" not in text.replace("http://www.w3.org", "")
        assert "https://" not in text
        assert " style=" not in text  # the policy would refuse it
        assert " onclick=" not in text
    assert (static / "vendor/uPlot.LICENSE.txt").read_text().startswith("The MIT License")
    about = json.loads(asked(port, "GET", "/api/about")[2])
    assert about["index"]["recordings"] == 1
    assert about["calibrated"]


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:80", "192.168.1.9:8000"])
def test_numbers_and_localhost_are_known(port, host):
    assert asked(port, "GET", "/api/about", Host=host)[0] == 200


@pytest.mark.parametrize("host", ["rebound.example", "localhost.example:8000", "127.0.0.1.example", "", "[", "a@b"])
def test_other_names_may_be_somebody_elses(port, host):
    assert refusal(port, "GET", "/api/about", Host=host)[0] == 403


def test_a_name_that_was_given_is_known(serving, spotter):
    port = serving(Page(spotter, names={"Kitchen.local"}))
    assert asked(port, "GET", "/api/about", Host=f"kitchen.local:{port}")[0] == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://[", "null", None, "http://127.0.0.1:1", "http://localhost"]
)
def test_only_the_page_itself_may_ask(port, origin):
    body = json.dumps({"text": "rocket", "fa_per_hour": 1})
    for path in ("/api/keyword", "/api/spot", "/api/search", "/api/wav"):
        assert refusal(port, "POST", path, body, Origin=origin)[0] == 403
    with pytest.raises(InvalidStatus, match="403"), sync.connect(f"ws://127.0.0.1:{port}/api/listen", origin=origin):
        pass


@pytest.mark.parametrize(
    "path",
    ["../page.py", "..%2fpage.py", "%2e%2e/page.py", "..%5cpage.py", "vendor/../../page.py", "/etc/passwd", "%00", "."],
)
def test_paths_do_not_escape(port, path):
    assert refusal(port, "GET", f"/static/{path}")[0] in (404, 405)


def test_a_keyword_has_pronunciations_and_a_threshold_for_its_false_alarms(port, spotter):
    message = post(port, "/api/keyword", {"text": "  rocket ", "fa_per_hour": 2})
    expected = spotter.enrol("rocket", fa_per_hour=2)
    assert message["name"] == "rocket"
    assert message["pronunciations"] == ["R AA1 K AH0 T"]
    assert message["threshold"] == expected.threshold
    assert len(message["rates"]) == 65
    assert message["rates"] == sorted(message["rates"], reverse=True)
    for place in (4, 20, 40):
        assert message["rates"][place] == pytest.approx(
            spotter.background.false_alarms(expected, message["step"] * place), abs=1e-3, rel=1e-3
        )
    spotter.forget("rocket")
    assert post(port, "/api/keyword", {"text": "rocket", "fa_per_hour": 0.1})["threshold"] > message["threshold"]


def test_a_keyword_may_say_how_it_is_said(port, recording, index):
    plain = post(port, "/api/keyword", {"text": "rocket", "fa_per_hour": 2})
    assert (plain["name"], plain["typed"]) == ("rocket", "rocket")
    for typed in ("Zorb = R AA1 K AH0 T", "Zorb~rocket"):
        message = post(port, "/api/keyword", {"text": typed, "fa_per_hour": 2})
        assert (message["name"], message["word"]) == ("Zorb", "zorb")
        assert message["signs"] == {"AA": "fAther", "AH": "cUp, About", "K": "Key", "R": "Red", "T": "Tea"}
        assert message["choosable"]
        assert not message["guessed"]
        for same in ("pronunciations", "threshold", "rates", "refractory"):
            assert message[same] == plain[same], same
    guessed = post(port, "/api/keyword", {"text": "hadouken", "fa_per_hour": 2})
    assert guessed["guessed"]
    assert len(guessed["pronunciations"]) == 4
    kept = post(port, "/api/keyword", {"text": f"hadouken={guessed['pronunciations'][2]}", "fa_per_hour": 2})
    assert (kept["pronunciations"], kept["guessed"]) == (guessed["pronunciations"][2:3], False)
    heard = spot(port, recording.read_bytes(), ["Zorb=R AA1 K AH0 T", "rocket"])
    scores = np.concatenate([np.frombuffer(base64.b64decode(part["scores"]), "<f4") for part in heard[1:]])
    np.testing.assert_array_equal(*scores.reshape(-1, 2).T)
    assert post(port, "/api/search", {"text": "Zorb~rocket"}) == post(port, "/api/search", {"text": "rocket"})
    for wrong in ("zorb=", "zorb=R OR K", "zorb=" + "R AA1 K, " * 300, "z" * 101 + "=R AA1 K"):
        assert refusal(port, "POST", "/api/keyword", json.dumps({"text": wrong, "fa_per_hour": 1}))[0] == 400


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[1]",
        "[" * 9_000,
        '{"fa_per_hour": 1}',
        *(
            json.dumps({"text": text, "fa_per_hour": 1})
            for text in ("", " \t", "🎉", "...", "日本", "a" * 101, 7, None, "a\ud800", "a=\udc00")
        ),
        *(f'{{"text": "rocket", "fa_per_hour": {rate}}}' for rate in ("0", "-1", "NaN", "Infinity", "true", '"1"')),
    ],
)
def test_what_is_no_keyword_is_told(port, body):
    assert refusal(port, "POST", "/api/keyword", body)[0] == 400


def test_too_much_text_is_not_read(port):
    assert refusal(port, "POST", "/api/keyword", "x" * 20_000)[0] == 413


def test_an_index_is_searched_and_what_is_found_can_be_heard(port, index, recording):
    found = post(port, "/api/search", {"text": "rocket"})["results"]
    assert [one["score"] for one in found] == [hit.score for hit in index.search("rocket", top=50)]
    assert {one["name"] for one in found} == {"sung words.wav"}
    best = found[0]
    assert "path" not in best
    path = f"/api/snippet/{best['recording']}?start={best['start']}&stop={best['stop']}"
    status, headers, body = asked(port, "GET", path)
    assert (status, headers["content-type"]) == (200, "audio/wav")
    expected = read_segment(recording, max(0, best["start"] - 0.35), min(8.5, best["stop"] + 0.35))
    np.testing.assert_array_equal(soundfile.read(io.BytesIO(body), dtype="int16")[0], expected)

    example = wav(read_segment(recording, 2.0, 2.3))
    status, _, body = asked(port, "POST", "/api/search/example", example)
    assert status == 200
    found = json.loads(body)["results"]
    expected = index.search_example(trimmed(read_segment(recording, 2.0, 2.3)), top=50)
    assert [(one["start"], one["score"]) for one in found] == [(hit.start, hit.score) for hit in expected]


@pytest.mark.parametrize(
    "path",
    [
        "99?start=0&stop=1",
        "0?start=0&stop=60",
        "0?start=nan&stop=1",
        "0?start=1&stop=0",
        "0",
        "0?start=a&stop=1",
        "9" * 5_000,
    ],
)
def test_snippets_are_of_what_was_found(port, path):
    post(port, "/api/search", {"text": "rocket"})
    assert refusal(port, "GET", f"/api/snippet/{path}")[0] in (400, 404)


@pytest.mark.parametrize("path", ["..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "-1", "0/../../x"])
def test_snippets_have_no_path(port, path):
    assert refusal(port, "GET", f"/api/snippet/{path}?start=0&stop=1")[0] == 404


def test_bad_searches_are_told(port, strict):
    for text in ("", "🎉", "x" * 200):
        assert refusal(port, "POST", "/api/search", json.dumps({"text": text}))[0] == 400
    assert refusal(port, "POST", "/api/search/example", wav(np.zeros(16_000 * 11, np.int16)))[0] == 413
    assert "silent" in refusal(port, "POST", "/api/search/example", wav(np.zeros(16_000, np.int16)))[1]
    assert refusal(strict, "POST", "/api/search", '{"text": "rocket"}')[0] == 404


def test_nothing_is_written(listen, port, recording, writes):
    body = recording.read_bytes()
    with writes() as written:
        post(port, "/api/keyword", {"text": "harbor", "fa_per_hour": 1})
        spot(port, body, ["harbor"])
        refusal(port, "POST", "/api/spot", body[:5000])
        asked(port, "POST", "/api/wav", body)
        with listen(port, "harbor") as connection:
            connection.send(body[:4000])
            connection.recv(10)
    assert written == []


_WATCHERS: list[list[str]] = []


def _watch(event, arguments):
    if _WATCHERS and event == "open" and isinstance(arguments[0], str | bytes):
        path, mode, flags = arguments
        if (mode and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & 3):
            _WATCHERS[-1].append(str(path))


@pytest.fixture(scope="module")
def writes():
    """``with writes() as written:`` lists what this process opens for writing."""
    sys.addaudithook(_watch)

    @contextlib.contextmanager
    def watched():
        _WATCHERS.append([])
        try:
            yield _WATCHERS[-1]
        finally:
            _WATCHERS.pop()

    return watched
