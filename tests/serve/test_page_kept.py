"""What the page keeps where it is asked to, in a real browser: played, judged, deleted; and keyword files."""

import base64
import json
from dataclasses import replace

import numpy as np
import pytest

from kwskit.serve.page import Page
from kwskit.spotting.adapted.card import AdaptationCard, HeldOut
from kwskit.spotting.adapted.head import AdaptedHead
from kwskit.spotting.adapted.keyword_file import AdaptedKeyword
from kwskit.spotting.kept import near
from kwskit.spotting.kept.kept_folder import KeptFolder
from kwskit.spotting.spotter import Spotter
from tests.serve.page_requests import asked, refusal, spot
from tests.serve.visitor import Visitor


@pytest.fixture
def kept(tmp_path):
    return KeptFolder.create(tmp_path / "kept")


@pytest.fixture
def keyword_file(spotter, tmp_path):
    """A keyword "lemon" whose head moves all scores by nearly 4."""
    keyword = spotter.enrol("lemon", threshold=0)
    spotter.forget("lemon")
    unmoved = AdaptedHead.unmoved(spotter.model.dim)
    head = replace(unmoved, bias=np.full_like(unmoved.bias, 10), out=np.ones_like(unmoved.out))
    none = HeldOut(0, 0, 0)
    card = AdaptationCard(("singer",), (), 1, 1, 0, 0.5, 2.0, 0.0, 4.0, none, none, none, none)
    model = spotter.model
    path = tmp_path / "lemon.kw"
    AdaptedKeyword("lemon", model.name, model.digest, spotter.streaming, keyword.tokens, head, card).save(path)
    return path


def test_what_set_it_off_is_played_and_judged(
    open_browser, serving, tiny_model, kept, keyword_file, recording, spotter
):
    port = serving(Page(Spotter.load(tiny_model), keyword_files=[keyword_file], keep=kept))
    with open_browser("mute-audio") as driver:
        driver.get(f"http://127.0.0.1:{port}/")
        visitor = Visitor(driver)
        visitor.until(lambda: visitor.text("#kept-state") == "Nothing has been kept yet.")
        assert "clips of what sets a keyword off, and of what nearly does, are kept there" in visitor.text("#no-sound")
        assert "50 MB at most, and 30 days unless they are judged" in visitor.text("#kept")
        (lemon,) = visitor.until(lambda: visitor.all("#keywords li"))
        assert "Adapted: by a file" in lemon.text
        lemon.find_element("css selector", ".remove").click()
        visitor.slide(visitor.add("rocket"), 1)
        visitor.choose(recording)
        hits = spotter.enrol("rocket", threshold=1) and spotter.spot(recording)
        spotter.forget("rocket")
        items = visitor.until(lambda: visitor.all("#clips li"))
        named = [item.find_element("css selector", ".word").text for item in items]
        assert named.count("rocket") == len(hits) > 0
        assert set(named) <= {"rocket", "rocket, nearly"}
        assert visitor.text("#kept-state") == f"{len(items)} clips, {len(items)} to judge."
        first = items[0]
        first.find_element("css selector", ".listen").click()
        visitor.until(lambda: "playing" in first.find_element("css selector", ".listen").get_attribute("class"))
        for pressed, verdict in (("it_was_not", "it_was_not"), ("it_was", "it_was"), ("it_was", "unmarked")):
            first.find_element("css selector", f"[data-verdict={pressed}]").click()
            visitor.until(lambda verdict=verdict: kept.kept()[0].verdict == verdict)
            visitor.until(lambda v=verdict, p=pressed: shown(first, p) == str(v == p).lower())
        first.find_element("css selector", ".remove").click()
        visitor.until(lambda: len(visitor.all("#clips li")) == len(items) - 1 == len(kept.kept()))
        # A keyword's file is loaded, and takes the place of what was typed.
        visitor.add("lemon")
        visitor.find("#adapted").send_keys(str(keyword_file))
        visitor.until(lambda: "Adapted: by a file" in visitor.all("#keywords li")[-1].text)
        assert len(visitor.all("#keywords li")) == 2
        assert visitor.complaints() == []


def shown(item, verdict):
    return item.find_element("css selector", f"[data-verdict={verdict}]").get_attribute("aria-pressed")


def test_nothing_is_kept_where_nobody_asked(port, recording):
    assert json.loads(asked(port, "GET", "/api/about")[2])["kept"] is None
    assert refusal(port, "GET", "/api/kept")[0] == 404


def test_clips_over_the_network(serving, tiny_model, kept, recording, listen, spotter, monkeypatch):
    monkeypatch.setattr(near, "MARGIN", 0.0)
    port = serving(Page(Spotter.load(tiny_model), keep=kept))
    path = "/api/spot?keyword=rocket&threshold="
    assert refusal(port, "POST", f"{path}x", recording.read_bytes())[1] == "Each keyword has one threshold, a number."
    assert asked(port, "POST", f"{path}1", recording.read_bytes())[0] == 200
    told = json.loads(asked(port, "GET", "/api/kept")[2])
    assert told["count"] == len(told["clips"]) == len(kept.kept()) > 0
    one = f"/api/kept/{told['clips'][0]['id']}"
    status, headers, sound = asked(port, "GET", one)
    assert (status, headers["content-type"], sound[:4]) == (200, "audio/flac", b"fLaC")
    assert refusal(port, "POST", one, '{"verdict": "../x"}')[0] == 400
    assert refusal(port, "POST", one, '{"verdict": "it_was"}', Origin="http://elsewhere.example")[0] == 403
    assert refusal(port, "DELETE", one, Origin=None)[0] == 403
    assert refusal(port, "GET", "/api/kept/..%2f..%2fetc")[0] == 404
    (kept.path / "unmarked" / kept.kept()[0].path.name).unlink()
    assert refusal(port, "GET", one) == (404, "This clip is not there any more.")
    # A microphone that is unplugged has been listened to as well.
    before = len(kept.listening()[0])
    with listen(port, "rocket") as microphone:
        microphone.send(bytes(32_000))
        microphone.recv()
    Visitor(None).until(lambda: len(kept.listening()[0]) > before)
    assert kept.listening()[0][-1].seconds == 1


def test_an_adapted_keyword_is_not_read_off_a_recording(port, keyword_file, recording):
    key = json.loads(asked(port, "POST", "/api/keyword/file", keyword_file.read_bytes())[2])["text"]
    found = refusal(port, "POST", f"/api/keyword/heard?text={key}", recording.read_bytes())
    assert found == (400, "An adapted keyword is said as it was adapted.")


def test_a_keyword_file_is_scored_by_its_head(port, keyword_file, recording):
    status, _, answer = asked(port, "POST", "/api/keyword/file", keyword_file.read_bytes())
    key = json.loads(answer)["text"]
    assert status == 200
    assert refusal(port, "POST", "/api/keyword/file", b"PK no keyword")[1].startswith("This file: no adapted keyword")
    assert "load it again" in refusal(port, "POST", f"/api/spot?keyword=kw:{'0' * 16}", b"")[1]
    body = json.dumps({"text": key, "fa_per_hour": 0.5})
    told = json.loads(asked(port, "POST", "/api/keyword", body)[2])
    assert (told["name"], told["typed"], told["adapted"], told["choosable"]) == ("lemon", key, True, False)
    scores = [
        np.concatenate([np.frombuffer(base64.b64decode(one["scores"]), "<f4") for one in found[1:]])
        for found in (spot(port, recording.read_bytes(), [name]) for name in ("lemon", key))
    ]
    moved = scores[1] - scores[0]
    assert moved[np.isfinite(moved)].min() > 3
