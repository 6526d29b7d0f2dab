"""A browser without a window, for tests of pages."""

import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def open_browser():
    """``with open_browser(*switches, spoken=path) as driver`` is a headless Chromium; without one the test is skipped.

    ``spoken`` is a WAV that it hears once as its microphone.
    """
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    driver = shutil.which("chromedriver")
    if not (program and driver):
        pytest.skip("needs chromium and chromedriver")

    @contextmanager
    def opened(*switches: str, spoken: Path | None = None):
        if spoken is not None:
            switches += "mute-audio", "use-fake-device-for-media-stream", "use-fake-ui-for-media-stream"
            switches += (f"use-file-for-fake-audio-capture={spoken}%noloop",)
        options = webdriver.ChromeOptions()
        options.binary_location = program
        for switch in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "window-size=1280,900", *switches):
            options.add_argument(f"--{switch}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
        yield browser
        browser.quit()

    return opened
