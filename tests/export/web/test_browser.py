"""The exported page in a real browser, with a file as the microphone."""

import base64

import numpy as np
import pytest
import soundfile

from tests.export.web.conftest import KEYWORDS, listen, same_hits, served
from tests.serve.visitor import Visitor

SPOT = """
const [keywords, encoded, done] = arguments;
const bytes = Uint8Array.from(atob(encoded), (one) => one.charCodeAt(0));
import("./index.js").then(async ({ Spotter }) => {
  const spotter = await Spotter.load();
  for (const typed of keywords) await spotter.enrol(typed, { faPerHour: 0.5 });
  const started = performance.now();
  const hits = await spotter.spot(new Int16Array(bytes.buffer));
  done({ hits, seconds: (performance.now() - started) / 1000 });
}).catch((error) => done({ error: String(error) }));
"""


@pytest.fixture(scope="module")
def browser(open_browser, pcm, tmp_path_factory):
    spoken = tmp_path_factory.mktemp("microphone") / "spoken.wav"
    soundfile.write(spoken, np.concatenate([np.zeros(8000, np.int16), pcm, np.zeros(16000, np.int16)]), 16_000)
    with open_browser(spoken=spoken) as driver:
        driver.set_script_timeout(300)
        yield driver


@pytest.fixture(scope="module")
def address(web):
    with served(web) as place:
        yield place


def arrive(browser, address):
    browser.get(address)
    visitor = Visitor(browser)
    visitor.until(lambda: browser.execute_script("return document.documentElement.dataset.ready"), 300)
    return visitor


def test_hits_in_the_page_are_those_of_python(browser, address, spotter, pcm):
    arrive(browser, address[0])
    found = browser.execute_async_script(SPOT, KEYWORDS, base64.b64encode(pcm.tobytes()).decode())
    assert "error" not in found, found
    same_hits(found["hits"], spotter.spot(pcm))


def test_hits_in_what_the_microphone_gives_are_those_of_python(browser, address, spotter, pcm):
    arrive(browser, address[0])
    hits, heard = listen(browser, KEYWORDS, {"faPerHour": 0.5}, len(pcm) / 16_000 + 2)
    assert {"fellow americans", "your country"} <= {hit["keyword"] for hit in hits}
    same_hits(hits, spotter.spot(heard))


def test_the_microphone_is_heard(browser, address):
    visitor = arrive(browser, address[0])
    assert not visitor.find("#microphone").is_enabled()
    for word in ("fellow americans", "your country"):
        visitor.add(word)
    assert "F EH L OW | AH M EH R" in visitor.text("#keywords")
    visitor.find("#microphone").click()
    visitor.until(lambda: "fellow americans" in visitor.text("#hits"), 300)
    visitor.until(lambda: "your country" in visitor.text("#hits"), 300)
    visitor.find("#microphone").click()
    visitor.until(lambda: "Heard 0:" in visitor.text("#status"))
    visitor.find("#word").send_keys("zorblaxen\n")
    visitor.until(lambda: "zorblaxen=" in visitor.text("#notice"))
    # onnxruntime complains that a browser does not tell the processor's maker.
    assert [one for one in visitor.complaints() if "cpuid_info" not in one["message"]] == []


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_fits_its_window(browser, address, width):
    screen = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    visitor = arrive(browser, address[0])
    visitor.add("I scream you scream we all scream for ice cream")
    size = browser.execute_script("const e = document.documentElement; return [e.scrollWidth, e.clientWidth]")
    assert size[0] <= size[1]


def test_the_page_works_offline_after_the_first_visit(browser, address):
    visitor = arrive(browser, address[0])
    kept = "return navigator.serviceWorker.getRegistration().then(r => Boolean(r && r.active && !r.installing))"
    visitor.until(lambda: browser.execute_script(kept), 300)
    address[1].shutdown()
    address[1].server_close()
    visitor = arrive(browser, address[0])
    assert "K AH M P Y UW T ER" in visitor.add("computer").text
