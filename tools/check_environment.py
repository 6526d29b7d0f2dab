"""Tell what this Python lacks to run kwskit: ``check_environment.py REPOSITORY [EXTRA,...]``.

Reads the requirements of setup.cfg, or those of the installed kwskit where REPOSITORY has none, and the versions of
the installed packages, and imports none of them: a tenth of a second. Prints what is missing, separated by commas, and
exits with 1; nothing and 0 where all is there.
"""

import configparser
import sys
from importlib import import_module, metadata
from pathlib import Path


def packaging(module):
    """A module of packaging, or of the copy that pip brings."""
    try:
        return import_module(f"packaging.{module}")
    except ImportError:
        return import_module(f"pip._vendor.packaging.{module}")


Requirement = packaging("requirements").Requirement
SpecifierSet = packaging("specifiers").SpecifierSet


def missing(repository, extras):
    """Requirements of ``repository``, with ``extras``, that are not installed in a fitting version."""
    if not (Path(repository) / "setup.cfg").exists():
        return _missing_of_installed(extras)
    setup = configparser.ConfigParser()
    setup.read(Path(repository) / "setup.cfg", encoding="utf-8")
    wanted = setup["options"]["install_requires"]
    for extra in extras:
        if extra not in setup["options.extras_require"]:
            sys.exit(f"no extra '{extra}' in setup.cfg")
        wanted += setup["options.extras_require"][extra]
    if not SpecifierSet(setup["options"]["python_requires"]).contains(".".join(map(str, sys.version_info[:3]))):
        return [f"Python {setup['options']['python_requires']}"]
    lines = (line.split("#")[0].strip() for line in wanted.splitlines())
    return [line for line in lines if line and not _installed(line)]


def _missing_of_installed(extras):
    known = metadata.metadata("kwskit").get_all("Provides-Extra", [])
    for extra in extras:
        if extra not in known:
            sys.exit(f"kwskit {metadata.version('kwskit')} has no extra '{extra}'")
    wanted = map(Requirement, metadata.requires("kwskit") or [])
    asked = [{"extra": extra} for extra in ("", *extras)]
    needed = (one for one in wanted if not one.marker or any(map(one.marker.evaluate, asked)))
    return [f"{one.name}{one.specifier}" for one in needed if not _installed(f"{one.name}{one.specifier}")]


def _installed(line):
    requirement = Requirement(line)
    if requirement.marker and not requirement.marker.evaluate():
        return True  # not wanted here
    try:
        return requirement.specifier.contains(metadata.version(requirement.name), prereleases=True)
    except metadata.PackageNotFoundError:
        return False


if __name__ == "__main__":
    lacks = missing(sys.argv[1], [extra for extra in "".join(sys.argv[2:]).split(",") if extra])
    print(", ".join(lacks))
    sys.exit(bool(lacks))
