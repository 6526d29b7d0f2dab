"""The page in a real browser, with a file as the microphone."""

import pytest
import soundfile

from kwskit.serve.page import Page
from kwskit.spotting.spotter import Spotter
from tests.serve.visitor import Visitor

OUTSIDE = """
const wide = document.documentElement.clientWidth;
return [...document.body.querySelectorAll("*")]
  .filter(e => !e.closest("svg, .u-over, .unseen"))
  .filter(e => { const r = e.getBoundingClientRect(); return r.width && (r.right > wide + 1 || r.left < -1); })
  .map(e => e.tagName + "." + e.className);
"""
# Number of colours in the upper and in the lower half of the picture.
COLOURS = """
const shown = document.querySelector("#plot canvas");
const canvas = Object.assign(document.createElement("canvas"), {width: shown.width, height: shown.height});
canvas.getContext("2d", {willReadFrequently: true}).drawImage(shown, 0, 0);
return [0, 0.5].map(from => {
  const values = canvas.getContext("2d").getImageData(0, from * canvas.height, canvas.width, canvas.height / 2).data;
  return new Set(new Uint32Array(values.buffer)).size;
});
"""


@pytest.fixture(scope="module")
def browser(open_browser, recording, tmp_path_factory):
    spoken = tmp_path_factory.mktemp("microphone") / "spoken.wav"
    samples, rate = soundfile.read(recording, dtype="int16")
    soundfile.write(spoken, samples, rate)  # its path has no spaces
    with open_browser(spoken=spoken) as driver:
        yield driver


@pytest.fixture(scope="module")
def address(serving, tiny_model, index):
    return f"http://127.0.0.1:{serving(Page(Spotter.load(tiny_model), index))}/"


@pytest.fixture
def visit(browser, address):
    """``visit(width)`` is a fresh visitor with a window of that width; the page must complain of nothing."""

    def arrive(width=1280, scheme="light"):
        screen = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        browser.get(address)
        visitor = Visitor(browser)
        visitor.until(lambda: browser.execute_script("return document.documentElement.dataset.ready"))
        return visitor

    yield arrive
    assert Visitor(browser).complaints() == []


def hits_of(spotter, recording, thresholds):
    """(keyword, start) of the spotter's own hits, by time."""
    for word, threshold in thresholds.items():
        spotter.enrol(word, threshold=threshold)
    found = sorted((hit.start, hit.keyword) for hit in spotter.spot(recording))
    for word in thresholds:
        spotter.forget(word)
    tenths = [(word, int(10 * start + 0.5)) for start, word in found]  # rounded as JavaScript does
    return [(word, f"{at // 600}:{at % 600 / 10:04.1f}") for word, at in tenths]


def listed(visitor):
    return [tuple(item.text.split()[:2]) for item in visitor.all("#hits li")]


def test_a_recording_is_spotted_and_the_threshold_chooses(visit, spotter, recording):
    visitor = visit()
    assert "Nothing to listen for yet" in visitor.text("#no-words")
    rocket = visitor.add("rocket")
    assert "R AA1 K AH0 T" in rocket.text
    assert "false alarm" in rocket.text
    visitor.choose(recording)
    assert min(visitor.driver.execute_script(COLOURS)) > 30
    for threshold in (0, 1.5, 16):
        visitor.slide(rocket, threshold)
        expected = hits_of(spotter, recording, {"rocket": threshold})
        visitor.until(lambda expected=expected: listed(visitor) == expected)
        assert f"{len(expected)} hit" in rocket.text
    assert "None reaches" in visitor.text("#no-hits")

    # Another keyword is listened for in what is there already.
    lemon = visitor.add("lemon")
    visitor.slide(lemon, 1)
    visitor.slide(rocket, 1)
    expected = hits_of(spotter, recording, {"rocket": 1, "lemon": 1})
    visitor.until(lambda: listed(visitor) == expected)
    lemon.find_element("css selector", ".remove").click()
    visitor.until(lambda: listed(visitor) == hits_of(spotter, recording, {"rocket": 1}))


def test_readings_are_chosen_by_ticking_them(visit, spotter, recording):
    visitor = visit()
    item = visitor.add("zorblaxen")
    said = list(spotter.enrol("zorblaxen").pronunciations)
    spotter.forget("zorblaxen")
    assert len(said) == 4
    assert [label.text for label in item.find_elements("css selector", ".said label")] == said
    assert "these are guesses" in item.text
    item.find_element("css selector", ".said summary").click()
    assert "Z as in Zoo" in item.text
    ticked = "return [...document.querySelectorAll('.said input')].map((one) => [one.checked, one.disabled])"
    for clicked, left in (((0,), [1, 2, 3]), ((2, 3), [1])):  # two before the first is answered
        visitor.driver.execute_script(
            "const boxes = document.querySelectorAll('.said input'); arguments[0].forEach((k) => boxes[k].click())",
            clicked,
        )
        expected = [[one in left, left == [one]] for one in range(4)]
        visitor.until(lambda expected=expected: visitor.driver.execute_script(ticked) == expected)
        typed = f"zorblaxen={', '.join(said[one] for one in left)}"
        threshold = f"threshold {spotter.enrol(typed, fa_per_hour=0.5).threshold:.1f}"
        visitor.until(lambda threshold=threshold: threshold in item.text)
    assert "these are guesses" not in item.text
    spotter.forget("zorblaxen")
    visitor.choose(recording)
    visitor.slide(item, 0)
    spotter.enrol(f"zorblaxen={said[1]}", threshold=0)
    expected = len(spotter.spot(recording))
    spotter.forget("zorblaxen")
    visitor.until(lambda: f"{expected} hit" in item.text)
    # Typed again, and so said otherwise.
    visitor.find("#word").send_keys("Zorblaxen~lemon\n")
    visitor.until(lambda: "L EH1 M AH0 N" in item.text)
    assert len(visitor.all("#keywords li")) == 1


def test_hits_are_heard(visit, recording):
    from selenium.webdriver import ActionChains

    visitor = visit()
    rocket = visitor.add("rocket")
    visitor.choose(recording)
    visitor.slide(rocket, 1)
    button = visitor.until(lambda: visitor.all("#hits button"))[-1]
    button.click()
    visitor.until(lambda: "playing" in button.get_attribute("class"))
    assert visitor.find("#play").get_attribute("aria-label") == "Pause"
    visitor.until(lambda: "playing" not in button.get_attribute("class"))
    visitor.find("#in").click()
    visitor.find("#whole").click()
    visitor.slide(rocket, 16)  # so that nothing is in the way
    plot = visitor.find("#plot .u-over")
    ActionChains(visitor.driver).move_to_element(plot).click().perform()
    visitor.until(lambda: visitor.text("#time").startswith("0:04"))
    visitor.find("#play").click()
    visitor.until(lambda: visitor.find("#play").get_attribute("aria-label") == "Pause")
    visitor.find("#plot").send_keys(" ")
    visitor.until(lambda: visitor.find("#play").get_attribute("aria-label") == "Play")


def test_the_microphone_is_heard(visit):
    visitor = visit()
    visitor.slide(visitor.add("rocket"), 0.5)
    visitor.find("#microphone").click()
    visitor.until(lambda: "Listening, 0:03" in visitor.text("#status"))
    visitor.until(lambda: visitor.all("#hits li"))
    visitor.slide(visitor.add("lemon"), 0)  # while it listens
    visitor.until(lambda: "Listening, 0:05" in visitor.text("#status"))
    visitor.until(lambda: "lemon" in visitor.text("#hits"))
    visitor.find("#microphone").click()
    visitor.until(lambda: "Microphone, 0:0" in visitor.text("#status"))
    assert min(visitor.driver.execute_script(COLOURS)) > 30
    button = visitor.all("#hits button")[0]
    button.click()
    visitor.until(lambda: "playing" in button.get_attribute("class"))


def test_the_index_is_searched(visit, recording, tmp_path):
    visitor = visit()
    assert "1 recording" in visitor.text("#about")
    visitor.find("#query").send_keys("rocket\n")
    buttons = visitor.until(lambda: visitor.all("#results button"))
    assert "sung words.wav" in buttons[0].text
    buttons[0].click()
    visitor.until(lambda: "playing" in buttons[0].get_attribute("class"))
    samples, rate = soundfile.read(recording, dtype="int16")
    soundfile.write(tmp_path / "said.wav", samples[2 * rate : int(2.3 * rate)], rate)
    visitor.find("#example").send_keys(str(tmp_path / "said.wav"))
    visitor.until(lambda: "said.wav" in visitor.text("#found") and "likeliest" in visitor.text("#found"))


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_the_page_fits_its_window(visit, recording, width, scheme):
    visitor = visit(width, scheme)

    def fits():
        size = visitor.driver.execute_script(
            "const e = document.documentElement; return [e.scrollWidth, e.clientWidth]"
        )
        return size[0] <= size[1] and visitor.driver.execute_script(OUTSIDE) == []

    assert fits()
    visitor.slide(visitor.add("pneumonoultramicroscopicsilicovolcanoconiosis"), 0)
    visitor.add("I scream you scream we all scream for ice cream")
    visitor.choose(recording)
    visitor.find("#query").send_keys("rocket\n")
    visitor.until(lambda: visitor.all("#results button"))
    assert fits()
    assert visitor.find("#plot canvas").rect["width"] > 0.85 * min(width, 390) - 40


def test_what_goes_wrong_is_told(visit, tmp_path):
    visitor = visit()
    assert "50 MB and 10 minutes are the most" in visitor.text("#no-sound")
    for empty in ("\n", "  \n"):
        visitor.find("#word").send_keys(empty)
        visitor.until(lambda: visitor.text("#notice") == "Type a word or a phrase.")
        visitor.find("#query").send_keys(empty)
        visitor.until(lambda: visitor.text("#found") == "Type a word or a phrase.")
    with (tmp_path / "large.wav").open("wb") as file:
        file.truncate(50_000_001)
    visitor.find("#file").send_keys(str(tmp_path / "large.wav"))
    visitor.until(lambda: visitor.text("#notice") == "large.wav has 50.0 MB: 50 MB are the most.")
    assert visitor.complaints() == []  # nothing of it was sent
    visitor.find("#word").send_keys("...\n")
    visitor.until(lambda: "cannot be read out" in visitor.text("#notice"))
    (tmp_path / "noise.wav").write_bytes(b"no sound at all")
    visitor.find("#file").send_keys(str(tmp_path / "noise.wav"))
    visitor.until(lambda: "This recording cannot be used" in visitor.text("#notice"))
    assert visitor.find("#no-sound").is_displayed()
    complaints = visitor.complaints()
    assert complaints
    assert all("Failed to load resource" in one["message"] for one in complaints)


def test_a_link_of_another_site_leads_in_where_it_has_the_token(browser, serving, spotter):
    port = serving(Page(spotter, token="a-token_of-16-and-more"))
    browser.get(f"data:text/html,<a href='http://127.0.0.1:{port}/?token=a-token_of-16-and-more'>the page</a>")
    browser.find_element("css selector", "a").click()
    visitor = Visitor(browser)
    visitor.until(lambda: browser.execute_script("return document.documentElement?.dataset.ready"))
    assert browser.current_url == f"http://127.0.0.1:{port}/"
    assert "rocket" in visitor.add("rocket").text
    assert browser.execute_script("return document.cookie") == ""
