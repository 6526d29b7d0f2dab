"""A server of files that tests of downloads share."""

import shutil
import threading

import pytest

from kwskit.corpora.download import download
from tests.corpora.file_server import DATA, Server
from tests.corpora.librispeech_parts import PARTS


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(download, "PAUSE", 0.001)
    with Server() as served:
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        served.files["x.bin"] = DATA
        yield served
        served.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def original(make_librispeech, tmp_path_factory):
    folder = tmp_path_factory.mktemp("original")
    make_librispeech(folder, PARTS)
    return folder


@pytest.fixture
def corpus(original, tmp_path):
    shutil.copytree(original, tmp_path / "c")
    return tmp_path / "c"
