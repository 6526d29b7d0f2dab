"""The packaged model as a folder for browsers, and what Python hears."""

import base64
import json
import os
import shutil
import subprocess
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwskit import Spotter
from kwskit.errors import ExportError
from kwskit.export.web.export_web import export_web
from kwskit.export.web.onnxruntime_web import VERSION, onnxruntime_web
from kwskit.speech_model.model_source import ModelSource

ROOT = Path(__file__).parents[3]
RECORDING = ROOT / "egs/spot/ask_not.flac"
KEYWORDS = [
    "fellow americans",
    "your country",
    "either record",  # several readings
    "able",  # one of the cohort
    "hadouken=HH AH D UW K AH N",
    "Don't ask-not",
]


@pytest.fixture(scope="session")
def runtime(tmp_path_factory):
    """Folder of onnxruntime-web; skipped where npm cannot fetch it."""
    try:
        files = onnxruntime_web()
    except ExportError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("onnxruntime-web")
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="session")
def web(runtime, tmp_path_factory):
    """The folder of ``english``."""
    target = tmp_path_factory.mktemp("web") / "page"
    export_web(ModelSource.find("english"), target, runtime)
    return target


@pytest.fixture(scope="session")
def node():
    """``node(script, folder)`` is the JSON that an ES module prints; skipped where there is no Node.js."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("needs node")

    def run(script: str, folder: Path):
        command = [program, "--input-type=module", "--eval", script]
        environment = {**os.environ, "NODE_OPTIONS": ""}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def pcm():
    """(samples,) int16 at 16 kHz of a person."""
    samples, rate = soundfile.read(RECORDING, dtype="int16")
    assert rate == 16_000
    return samples


@pytest.fixture(scope="session")
def spotter():
    """Python's, with the same keywords."""
    found = Spotter.load("english")
    for typed in KEYWORDS:
        found.enrol(typed, fa_per_hour=0.5)
    return found


@contextmanager
def served(folder):
    """Where the folder is served, as any static server does, and the server."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


LISTEN = """
const [keywords, choice, seconds, done] = arguments;
import("./index.js").then(async ({ Spotter, Microphone }) => {
  const spotter = await Spotter.load();
  for (const typed of keywords) await spotter.enrol(typed, choice);
  const stream = spotter.listen(), microphone = new Microphone(), chunks = [], told = [];
  let left = seconds * 16000;
  await new Promise((enough, refused) => microphone.open((chunk) => {
    if (left <= 0) return;
    left -= chunk.length;
    chunks.push(chunk);
    told.push(stream.push(chunk));
    if (left <= 0) enough();
  }).catch(refused));
  microphone.close();
  told.push(stream.finish());
  const hits = (await Promise.all(told)).flat(), reader = new FileReader();
  reader.onload = () => done({ hits, heard: reader.result.split(",")[1] });
  reader.readAsDataURL(new Blob(chunks));
}).catch((error) => done({ error: String(error) }));
"""


def listen(browser, keywords, choice, seconds):
    """The page's hits in what its microphone gives, and these samples (N,) int16 at 16 kHz."""
    found = browser.execute_async_script(LISTEN, keywords, choice, seconds)
    assert "error" not in found, found
    return found["hits"], np.frombuffer(base64.b64decode(found["heard"]), np.int16)


def same_hits(found, expected):
    """Whether a page's hits are Python's: keyword and place, the score and what it is made of within 0.05."""
    assert [hit["keyword"] for hit in found] == [hit.keyword for hit in expected]
    parts = [name for name in ("embedding", "phonemes") if expected and getattr(expected[0], name) is not None]
    assert all(set(hit) == {"keyword", "start", "end", "score", "threshold", *parts} for hit in found)
    for name in ("start", "end", "score", "threshold", *parts):
        np.testing.assert_allclose([hit[name] for hit in found], [getattr(hit, name) for hit in expected], atol=0.05)


__all__ = ["KEYWORDS", "VERSION", "listen", "same_hits", "served"]
