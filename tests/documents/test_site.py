"""The site as it is built: pages fit a phone, and what a page marks is filled in. Needs the extra docs."""

import functools
import http.server
import importlib.util
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ["", "docs/COMMAND_LINE/", "docs/PARTS/", "docs/PYTHON/", "docs/PEOPLE/"]
PAGES += ["egs/notebooks/spot.ipynb/", "recipes/synth/RESULTS/"]

if not all(map(importlib.util.find_spec, ("mkdocs", "material", "mkdocstrings"))):
    pytest.skip("needs the extra docs", allow_module_level=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", "tools/site/mkdocs.yml", "-d", str(folder)]
    environment = {**os.environ, "REPO_URL": "https://github.com/somebody/kwskit"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder


def test_marks_are_filled_in(site):
    page = (site / "docs/COMMAND_LINE/index.html").read_text("utf-8")
    for path in (ROOT / "docs/schemas").glob("[!c]*.json"):
        for field in json.loads(path.read_text("utf-8"))["properties"]:
            assert f"<td><code>{field}</code></td>" in page
    assert "<code>words[].edits</code>" in page
    page = (site / "docs/PYTHON/index.html").read_text("utf-8")
    assert 'id="kwskit.spotting.spotter.Spotter.enrol"' in page
    assert "<p>the threshold is set for so many false alarms an hour</p>" in page  # not its type
    assert ":mod:" not in page


def test_sources_that_pages_link_to_are_shown(site):
    assert 'href="../../kwskit/data/records.py/"' in (site / "docs/FILES/index.html").read_text("utf-8")
    assert "with_normal_form" in (site / "kwskit/data/records.py/index.html").read_text("utf-8")
    places = {
        one["location"].partition("#")[0] for one in json.loads((site / "search/search_index.json").read_text())["docs"]
    }
    assert "docs/PARTS/" in places
    assert "kwskit/data/records.py/" not in places


def test_notebooks_are_pages_with_a_link_to_colab(site):
    for path in ROOT.glob("egs/notebooks/*.ipynb"):
        page = (site / f"egs/notebooks/{path.name}/index.html").read_text("utf-8")
        link = f"https://colab.research.google.com/github/somebody/kwskit/blob/main/egs/notebooks/{path.name}"
        assert f'href="{link}"' in page
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            if cell["source"][0].startswith("#"):
                assert cell["source"][0].lstrip("# ").strip().rstrip("?") in page
        assert "&quot;cell_type&quot;" not in page


def test_pages_fit_a_phone(site, open_browser):
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=site)
    handler.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, open_browser() as driver:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        phone = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
        for page in PAGES:
            driver.get(f"http://127.0.0.1:{server.server_port}/{page}")
            widths = "return [document.documentElement.scrollWidth, innerWidth]"
            assert driver.execute_script(widths) == [390, 390], page
        server.shutdown()
