"""The packaged model runs with what egs/export/requirements.txt lists, and with nothing else that is installed."""

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEECH = ROOT / "egs" / "spot" / "ask_not.flac"
CODE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {refused!r}:
            raise ModuleNotFoundError(f"{{name}} is not among the requirements", name=name)

sys.meta_path.insert(0, Refuse())
from kwskit import Spotter
from kwskit.check.check_keywords import check_keywords

spotter = Spotter.load()
spotter.enrol("fellow americans")
spotter.enrol("hadouken")  # of no dictionary
print([hit.keyword for hit in spotter.spot({speech!r})])
check_keywords(spotter, ["hey nova"], count=1)
"""


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def with_their_own(names: set[str]) -> set[str]:
    """Distributions, and those that they require."""
    found, todo = set(), set(names)
    while todo:
        found |= (now := todo)
        todo = set()
        for name in now:
            try:
                wanted = [one for one in requires(name) or [] if "extra ==" not in one]
            except PackageNotFoundError:  # for another system, or another Python
                continue
            todo |= {plain(re.match(r"[\w.-]+", one)[0]) for one in wanted} - found
    return found


def test_the_packaged_model_needs_no_more_than_the_requirements(tmp_path):
    pytest.importorskip("livekit.wakeword", reason="livekit-wakeword needs Python 3.11")
    lines = (ROOT / "egs" / "export" / "requirements.txt").read_text("utf-8").splitlines()
    listed = {plain(re.match(r"[\w.-]+", line)[0]) for line in lines if line and not line.startswith("#")}
    allowed = with_their_own(listed) | {"kwskit", "g2p-en"}
    modules = packages_distributions().items()
    refused = {module for module, names in modules if not allowed & {plain(name) for name in names}}
    assert {"torch", "pyarrow", "yaml"} & refused
    code = CODE.format(refused=refused, speech=str(SPEECH))
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "['fellow americans']"
