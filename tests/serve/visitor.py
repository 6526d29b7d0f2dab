"""Somebody in front of the page of kwskit serve."""

import time

SLIDE = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'));"


class Visitor:
    """Somebody in front of the page."""

    def __init__(self, driver):
        self.driver = driver

    def find(self, selector):
        return self.driver.find_element("css selector", selector)

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def text(self, selector):
        return self.find(selector).text

    def until(self, condition, seconds=60):
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < end, f"{self.text('#status')!r} {self.text('#notice')!r}"
            time.sleep(0.05)
        return found

    def add(self, word):
        count = len(self.all("#keywords li"))
        self.find("#word").send_keys(f"{word}\n")
        self.until(lambda: len(self.all("#keywords li")) > count)
        return self.all("#keywords li")[-1]

    def choose(self, path):
        self.find("#file").send_keys(str(path))
        self.until(lambda: "listened to" in self.text("#status"))

    def slide(self, item, threshold):
        self.driver.execute_script(SLIDE, item.find_element("css selector", ".slider input"), threshold)
        time.sleep(0.1)

    def complaints(self):
        return [entry for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
