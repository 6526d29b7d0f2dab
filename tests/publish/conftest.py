"""A Hub that takes uploads, for this process, and a model to publish."""

import shutil
from pathlib import Path

import pytest

from kwskit.speech_model import packaged_models
from tests.publish.upload_server import UploadServer


@pytest.fixture(scope="session")
def released() -> Path:
    """Directory of a model with a card, safetensors and ONNX graphs; do not change it."""
    return packaged_models.FOLDER / packaged_models.SELF_CONTAINED


@pytest.fixture
def model(released, tmp_path) -> Path:
    """A copy of it, beside whose files lie some of its owner's."""
    directory = tmp_path / "exp" / "model"
    shutil.copytree(released, directory)
    (directory / "notes.txt").write_text("of me alone")
    (directory / "train").mkdir()
    (directory / "train" / "optimizer.ckpt").write_bytes(b"checkpoint")
    (directory / "kitchen.wav").write_bytes(b"RIFF")
    (directory / ".DS_Store").write_bytes(b"me")
    return directory


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """The server, which huggingface_hub has for the Hub, with the token of somebody called me and an empty cache."""
    constants = pytest.importorskip("huggingface_hub.constants", reason="the extra hub is not installed")
    server = UploadServer()
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    monkeypatch.delenv("HUGGING_FACE_HUB_TOKEN", raising=False)
    settings = {
        "ENDPOINT": server.url,
        "HUGGINGFACE_CO_URL_TEMPLATE": server.url + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HUB_CACHE": str(tmp_path / "cache"),
        "HF_TOKEN_PATH": str(tmp_path / "token"),
        "HF_STORED_TOKENS_PATH": str(tmp_path / "tokens"),
        "HF_HUB_OFFLINE": False,
        **dict.fromkeys(("HF_HUB_ETAG_TIMEOUT", "HF_HUB_DOWNLOAD_TIMEOUT"), 120),  # seconds; machines may be busy
        "HF_HUB_DISABLE_XET": True,  # another way to store large files, of a package and a server of its own
    }
    for name, value in settings.items():
        monkeypatch.setattr(constants, name, value)
    yield server
    server.shutdown()
    server.server_close()
