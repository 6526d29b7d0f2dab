"""Links between the documents of the repository lead somewhere, and the site's navigation lists every document."""

import importlib
import re
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FRONT_MATTER = re.compile(r"\A---\n.*?^---\n\s*", re.M | re.S)  # what the Hub reads of a Space
# A form to fill in, and the README of a package that is made of its folder.
ELSEWHERE = {".github/pull_request_template.md", "kwskit/export/web/static/README.md"}


DOCUMENTS = sorted(
    subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
)


def prose(path):
    """A document without what is fenced in it, and what is above it."""
    return re.sub(r"^ *```.*?^ *```", "", FRONT_MATTER.sub("", path.read_text("utf-8")), flags=re.M | re.S)


@cache
def anchors(path):
    """Anchors of a document as GitHub makes them of headings, doubles numbered; and those of <a id>."""
    text = prose(path)
    found, seen = set(re.findall(r'<a id="([^"]+)">', text)), Counter()
    for heading in re.findall(r"^#{1,6} (.+)$", text, re.M):
        shown = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading.replace("`", "").replace("*", ""))
        slug = re.sub(r"[^\w\- ]", "", shown.strip().lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_relative_link_meets_a_file_and_an_anchor(name):
    path = ROOT / name
    wrong = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(path)):
        if re.match(r"\w+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if not target.exists() or not target.is_relative_to(ROOT):
            wrong.append(link)
        elif anchor and anchor not in anchors(target):
            wrong.append(f"{link}: no such heading; there are {sorted(anchors(target))}")
    assert not wrong


def navigation():
    """Paths that the navigation lists, each with its title."""

    class Loader(yaml.SafeLoader):
        """One that takes MkDocs' own tags for what they hold."""

    Loader.add_multi_constructor("!", lambda loader, tag, node: None)
    settings = yaml.load((ROOT / "tools/site/mkdocs.yml").read_text("utf-8"), Loader)
    return [page for tab in settings["nav"] for pages in tab.values() for one in pages for page in one.values()]


def test_the_navigation_lists_every_document_once():
    assert sorted(navigation()) == sorted(set(DOCUMENTS) - ELSEWHERE), "tools/site/mkdocs.yml: nav"


def test_every_document_begins_with_its_only_title():
    for name in navigation():
        titles = re.findall(r"^# .+$", prose(ROOT / name), re.M)
        assert len(titles) == 1, f"{name}: {titles}"
        assert prose(ROOT / name).startswith(titles[0]), name


def test_marks_name_what_there_is():
    marks = [
        (ROOT / name, *mark)
        for name in DOCUMENTS
        for mark in re.findall(r"^<!-- (\w+): (\S+) -->$", (ROOT / name).read_text("utf-8"), re.M)
    ]
    assert {kind for _, kind, _ in marks} == {"python", "fields"}
    for path, kind, what in marks:
        if kind == "fields":
            assert (path.parent / what).is_file(), f"{path}: {what}"
        elif what != "kwskit.errors":
            module, _, name = what.rpartition(".")
            assert getattr(importlib.import_module(module), name).__doc__, f"{path}: {what}"
