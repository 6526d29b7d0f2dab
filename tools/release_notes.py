"""Print what the changelog says of a release, if it may be published: ``release_notes.py TAG``.

The tag is ``v`` and the version of kwskit/__init__.py, and that version's section of docs/CHANGELOG.md has a date.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def notes(tag: str, package: str, changelog: str) -> str:
    """The section of a release (ours).

    Parameters
    ----------
    tag : tag of the release, such as v0.1.0
    package : text of kwskit/__init__.py
    changelog : text of docs/CHANGELOG.md

    Raises
    ------
    ValueError
        Where tag, version and changelog do not agree, or the section has no date or is empty.
    """
    declared = re.search(r'^__version__ = "(.+)"$', package, re.M)
    version = declared[1] if declared else "missing"
    if tag != f"v{version}":
        raise ValueError(f"the tag is {tag}, and __version__ in kwskit/__init__.py is {version}: tag v{version}")
    head = re.search(rf"^## \[{re.escape(version)}\](.*)$", changelog, re.M)
    if head is None:
        raise ValueError(f"docs/CHANGELOG.md has no section ## [{version}] - YYYY-MM-DD")
    if not re.fullmatch(r" - \d{4}-\d\d-\d\d", head[1]):
        raise ValueError(f"docs/CHANGELOG.md: write the day of the release, ## [{version}] - YYYY-MM-DD")
    section = re.split(r"^## ", changelog[head.end() :], maxsplit=1, flags=re.M)[0].strip()
    if not section:
        raise ValueError(f"docs/CHANGELOG.md says nothing of {version}")
    return section


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: release_notes.py TAG")
    try:
        print(
            notes(
                sys.argv[1],
                (ROOT / "kwskit/__init__.py").read_text("utf-8"),
                (ROOT / "docs/CHANGELOG.md").read_text("utf-8"),
            )
        )
    except ValueError as error:
        sys.exit(f"release_notes.py: {error}")
