"""The files that have the wake-word service run always give it arguments that it takes."""

import argparse
import configparser
import shlex
from pathlib import Path

import pytest

from kwskit.commands import wyoming

FOLDER = Path(__file__).parents[2] / "egs" / "wyoming"


def parsed(words):
    parser = argparse.ArgumentParser(exit_on_error=False)
    wyoming.arguments(parser)
    return parser.parse_args(words)


def test_the_unit_serves_this_machine_alone():
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(FOLDER / "kwskit-wyoming.service", "utf-8")
    program, command, *words = shlex.split(unit["Service"]["ExecStart"])
    assert (Path(program).name, command) == ("kwskit", "wyoming")
    options = parsed(words)
    assert options.uri == wyoming.HERE
    assert options.keywords_file == Path("/etc/kwskit/keywords.txt")
    assert unit["Install"]["WantedBy"] == "multi-user.target"


def test_the_container_is_reached_by_this_machine_alone():
    yaml = pytest.importorskip("ruamel.yaml")
    service = yaml.YAML(typ="safe").load(FOLDER / "compose.yaml")["services"]["kwskit"]
    assert service["ports"] == ["127.0.0.1:10400:10400"]
    options = parsed(service["command"])
    assert options.uri == "tcp://0.0.0.0:10400"  # of the container
    inside = service["volumes"][0].split(":")[1]
    assert options.keywords_file == Path(inside)
    build = service["build"]
    assert (FOLDER / build["context"] / "setup.cfg").is_file()
    assert '["kwskit", "wyoming"]' in build["dockerfile_inline"]
