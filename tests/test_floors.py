"""The folders of kwskit stand on each other as docs/ARCHITECTURE.md draws them, and no arrow goes up."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/ARCHITECTURE.md").read_text("utf-8")
# They hand out what is above: Spotter, and the commands.
FRONT_DOORS = {"__init__", "__main__", "cli"}


def imported(path):
    """Dotted names below kwskit that a file imports, at its top or later."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "kwskit":
            yield from (f"kwskit.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.fixture(scope="module")
def arrows():
    """folder -> folder -> files that import; the ground is the folder ''."""
    package = ROOT / "kwskit"
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    found = defaultdict(lambda: defaultdict(set))
    for path in package.rglob("*.py"):
        inside = path.relative_to(package)
        own = inside.parts[0] if len(inside.parts) > 1 else ""
        if not own and path.stem in FRONT_DOORS:
            continue
        for name in imported(path):
            parts = name.split(".")
            if parts[0] == "kwskit" and len(parts) > 1 and parts[1] in folders and parts[1] != own:
                found[own][parts[1]].add(f"{inside} imports {name}")
    return folders, found


@pytest.fixture(scope="module")
def floors():
    """Folder -> floor of the picture."""
    (picture,) = re.findall(r"^```\n(9 .*?)```", PAGE, re.S | re.M)
    lines = [re.split(r" {3,}", line)[0].split() for line in picture.splitlines()]
    return {folder: int(floor) for floor, *names in lines for folder in names}


def test_every_folder_has_a_floor(arrows, floors):
    assert set(floors) == arrows[0]


def test_no_arrow_goes_up(arrows, floors):
    up = [
        where
        for own, others in arrows[1].items()
        for other, files in others.items()
        if floors.get(own, -1) <= floors[other]
        for where in files
    ]
    assert not up


def test_the_table_has_what_each_stands_on(arrows):
    table = PAGE.split("| folder | stands on |")[1].split("\n\n")[0]
    listed = {}
    for line in table.splitlines()[2:]:
        _, names, others, _ = line.split("|")
        for name in re.findall(r"`(\w+)`", names):
            listed[name] = set(re.findall(r"`(\w+)`", others))
    found = {own: set(others) for own, others in arrows[1].items()}
    del listed["commands"]
    assert listed == {name: found.get(name, set()) for name in listed}
    assert set(listed) == set(found) - {"commands", ""} | {"text", "aligners"}
