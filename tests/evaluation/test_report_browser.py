"""The report's page in a real browser, on a phone and on a desktop."""

import pytest

from kwskit.evaluation.report import write_report

# What an element shows outside the window, unless it scrolls inside its own box or a drawing's own space.
OUTSIDE = """
const wide = document.documentElement.clientWidth;
return [...document.body.querySelectorAll("*")]
  .filter(e => !e.closest("svg") && !(e.parentElement.closest(".scroll, pre")))
  .filter(e => { const r = e.getBoundingClientRect(); return r.width && (r.right > wide + 1 || r.left < -1); })
  .map(e => e.tagName + "." + e.className);
"""
AUDIO = """
const done = arguments[0];
const all = [...document.querySelectorAll("audio")];
Promise.all(all.map(a => a.readyState >= 1 || a.error ? 0 : new Promise(go => {
  a.addEventListener("loadedmetadata", go, {once: true}); a.addEventListener("error", go, {once: true}); a.load();
}))).then(() => done(all.map(a => [a.readyState, a.duration, a.getBoundingClientRect().width])));
"""
PLAY = """
const done = arguments[0], audio = document.querySelector("audio");
audio.muted = true;
audio.onended = () => done("ended");
audio.play().catch(error => done(String(error)));
"""
# The smallest text of a drawing as it appears on the screen, in CSS pixels.
SMALLEST_TEXT = """
return Math.min(...[...document.querySelectorAll("svg text")].filter(t => t.textContent.trim()).map(t =>
  parseFloat(getComputedStyle(t).fontSize) * t.ownerSVGElement.getScreenCTM().a));
"""


@pytest.fixture(scope="module")
def browser(open_browser):
    with open_browser("autoplay-policy=no-user-gesture-required") as driver:  # a test is no person who presses play
        yield driver


@pytest.fixture(scope="module")
def page(run):
    return write_report(*run)


@pytest.fixture(params=[390, 1280])
def shown(request, browser, page):
    """The page open in a window of that width."""
    screen = {"width": request.param, "height": 844, "deviceScaleFactor": 1, "mobile": request.param < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.get(page.as_uri())
    return browser


def test_page_fits_its_window_and_is_legible(shown):
    size = shown.execute_script("const e = document.documentElement; return [e.scrollWidth, e.clientWidth, innerWidth]")
    assert size[0] <= size[1] <= size[2]
    assert shown.execute_script(OUTSIDE) == []
    shown.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert shown.execute_script(OUTSIDE) == []
    assert shown.execute_script("const e = document.documentElement; return e.scrollWidth - e.clientWidth") <= 0
    pictures = shown.execute_script(
        "return [...document.querySelectorAll('svg, svg image')].map(e => e.getBoundingClientRect())"
        ".map(r => [r.width, r.height])"
    )
    assert len(pictures) > 20
    assert min(width for width, _ in pictures) > 200
    assert min(height for _, height in pictures) > 40
    assert shown.execute_script(SMALLEST_TEXT) >= 9.5
    assert [entry for entry in shown.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []


def test_recordings_can_be_played(shown):
    recordings = shown.execute_async_script(AUDIO)
    assert len(recordings) == 16
    for ready, duration, width in recordings:
        assert ready >= 1
        assert 0.2 < duration < 2
        assert width > 150
    assert shown.execute_async_script(PLAY) == "ended"


def test_pointing_at_a_word_fades_the_others(shown):
    shown.execute_script("document.querySelector('.word').focus()")
    first, *others = shown.execute_script(
        "return [...document.querySelectorAll('.word')]"
        ".map(w => (w.style.transition = 'none', getComputedStyle(w).opacity))"
    )
    assert first == "1"
    assert set(others) == {"0.1"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser, page, scheme):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get(page.as_uri())
    ratios = browser.execute_script(
        """
        const style = getComputedStyle(document.documentElement);
        const light = name => {
          const hex = style.getPropertyValue(name).trim().slice(1);
          const [r, g, b] = [0, 2, 4].map(i => parseInt(hex.slice(i, i + 2), 16) / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        return ["--ink", "--muted", "--accent", "--warm"].flatMap(text => ["--paper", "--card"].map(ground => {
          const [a, b] = [light(text), light(ground)].sort((x, y) => y - x);
          return (a + 0.05) / (b + 0.05);
        }));
        """
    )
    assert len(ratios) == 8
    assert min(ratios) >= 4.5  # WCAG 2.2, level AA
