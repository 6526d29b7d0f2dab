"""The exported folder as an npm package."""

import json
import os
import shutil
import subprocess

import pytest

TYPESCRIPT = "5.9.3"
CHECKED = """
import { Spotter, type Hit } from "kwskit";
const spotter: Spotter = await Spotter.load("/kwskit/", (loaded: number, total: number) => loaded / total);
await spotter.enrol("hey nova", { faPerHour: 0.5 });
const hits: Hit[] = await spotter.spot(new Int16Array(16000));
export const names: string[] = hits.map(({ keyword }) => keyword);
// @ts-expect-error: a keyword is typed
await spotter.enrol(7);
"""


@pytest.fixture(scope="module")
def npm():
    program = shutil.which("npm")
    if program is None:
        pytest.skip("needs npm")

    def run(*arguments, cwd):
        command = [program, *map(str, arguments), "--no-audit", "--no-fund", "--loglevel=error"]
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, env={**os.environ, "CI": "1"})

    return run


@pytest.fixture(scope="module")
def project(web, npm, tmp_path_factory):
    """A project in which the packed folder is installed."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "package.json").write_text('{"name": "project", "private": true, "type": "module"}')
    packed = npm("pack", web, "--pack-destination", folder, cwd=folder)
    assert packed.returncode == 0, packed.stderr
    (archive,) = folder.glob("kwskit-*.tgz")
    installed = npm("install", archive, "--offline", cwd=folder)
    assert installed.returncode == 0, installed.stderr
    return folder


def test_the_package_is_imported_by_its_name(project, node, web):
    script = """
import { Spotter } from "kwskit";
const spotter = await Spotter.load();
const { name, threshold } = await spotter.enrol("your country");
console.log(JSON.stringify({ name, threshold, model: spotter.model, minutes: spotter.backgroundMinutes }));
"""
    found = node(script, project)
    assert (found["name"], found["model"]) == ("your country", "english")
    assert found["threshold"] == pytest.approx(3.67, abs=0.05)
    own = json.loads((project / "node_modules/kwskit/package.json").read_text())
    assert own["version"] == json.loads((web / "package.json").read_text())["version"]


def test_the_types_are_right(project, web, npm):
    installed = npm("install", f"typescript@{TYPESCRIPT}", cwd=project)
    if installed.returncode:
        pytest.skip(f"npm cannot fetch typescript: {installed.stderr[-300:]}")
    (project / "use.ts").write_text(CHECKED)
    tsc = ["node_modules/.bin/tsc", "--noEmit", "--strict", "--module", "nodenext", "--target", "esnext"]
    used = subprocess.run([*tsc, "use.ts"], cwd=project, capture_output=True, text=True)
    assert used.returncode == 0, used.stdout
