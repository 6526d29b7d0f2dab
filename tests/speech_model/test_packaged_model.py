"""The packaged model hears a person: John F. Kennedy, of egs/spot."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kwskit import Spotter
from kwskit.speech_model.packaged_models import DEFAULT, FOLDER

ROOT = Path(__file__).parents[2]
SPEECH = ROOT / "egs" / "spot" / "ask_not.flac"
# Seconds in which each is said: "And so, my fellow Americans: ask not what your country can do for you ..."
SAID = {"fellow americans": [(1.2, 2.6)], "your country": [(5.4, 6.6), (9.6, 10.5)]}
NEVER = ["banana", "computer", "kitchen", "hey nova", "umbrella"]


@pytest.fixture(scope="module")
def spotter():
    pytest.importorskip("livekit.wakeword", reason="livekit-wakeword needs Python 3.11")
    return Spotter.load()


def test_it_is_the_default(spotter):
    assert spotter.model.name == DEFAULT


def test_typed_keywords_are_heard_where_they_are_said(spotter):
    for text in (*SAID, *NEVER):
        spotter.enrol(text)
    hits = list(spotter.spot(SPEECH))
    for text, places in SAID.items():
        found = [(hit.start, hit.end) for hit in hits if hit.keyword == text]
        assert all(any(start < high and stop > low for start, stop in found) for low, high in places), (text, found)
        assert all(any(start < high and stop > low for low, high in places) for start, stop in found), (text, found)
    assert not {hit.keyword for hit in hits} & set(NEVER)


def test_what_is_said_scores_higher_than_what_is_not(spotter):
    assert spotter.score(SPEECH, "fellow americans") > max(spotter.score(SPEECH, text) for text in NEVER) + 0.5


def test_it_needs_no_torch(tmp_path):
    code = "import sys; from kwskit import Spotter; s = Spotter.load(); s.enrol('country'); "
    code += f"list(s.spot({str(SPEECH)!r})); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path).returncode == 0


def test_the_command_line_says_the_same(tmp_path):
    shutil.copy(SPEECH, tmp_path / "speech.flac")
    options = ["--keyword", "fellow americans", "--fa-per-hour", "5", "speech.flac"]
    command = [sys.executable, "-m", "kwskit", "spot", *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert '"keyword": "fellow americans"' in done.stdout


def test_it_ships_small():
    """What spots, its background, and the weights that training goes on from."""
    sizes = {path.relative_to(FOLDER / DEFAULT): path.stat().st_size for path in (FOLDER / DEFAULT).rglob("*.*")}
    background, weights = sizes.pop(Path("onnx/background.npz")), sizes.pop(Path("model.safetensors"))
    assert sum(sizes.values()) < 8_000_000
    assert background < 8_000_000
    assert weights < 8_000_000
