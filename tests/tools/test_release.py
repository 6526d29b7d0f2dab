"""What publishes kwskit: versions and notes agree, and the workflows call what is there."""

import configparser
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import kwskit

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PACKAGE = '__version__ = "1.2.0"\n'
CHANGELOG = """# Changelog

## [1.2.0] - 2026-12-01

### Added

- A bell.

## [1.2] - 2026-11-01

- A whistle.
"""


@pytest.fixture(scope="module")
def notes():
    spec = importlib.util.spec_from_file_location("release_notes", ROOT / "tools/release_notes.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.notes


def jobs():
    """(file, name, job) of all workflows."""
    for path in WORKFLOWS:
        for name, job in yaml.safe_load(path.read_text("utf-8"))["jobs"].items():
            yield path, name, job


def setup(section, key):
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser[section][key]


def test_the_notes_of_a_release_are_its_section(notes):
    assert notes("v1.2.0", PACKAGE, CHANGELOG) == "### Added\n\n- A bell."


@pytest.mark.parametrize(
    ("tag", "changelog", "message"),
    [
        ("v1.3.0", CHANGELOG, "the tag is v1.3.0, and __version__ in kwskit/__init__.py is 1.2.0"),
        ("1.2.0", CHANGELOG, "tag v1.2.0"),
        ("v1.2.0", CHANGELOG.replace("1.2.0", "1.2.1"), r"no section ## \[1.2.0\]"),
        ("v1.2.0", CHANGELOG.replace("2026-12-01", "unreleased"), "write the day"),
        ("v1.2.0", "## [1.2.0] - 2026-12-01\n\n## [1.1.0] - 2026-11-01\n\n- A bell.\n", "says nothing of 1.2.0"),
    ],
)
def test_a_release_that_does_not_agree_is_refused(notes, tag, changelog, message):
    with pytest.raises(ValueError, match=message):
        notes(tag, PACKAGE, changelog)


def test_the_version_stands_in_one_place_and_the_changelog_has_it():
    assert setup("metadata", "version") == "attr: kwskit.__version__"
    assert re.search(rf"^## \[{re.escape(kwskit.__version__)}\]", (ROOT / "docs/CHANGELOG.md").read_text("utf-8"), re.M)
    assert "version" not in yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))


def test_a_tag_of_another_version_ends_the_release():
    command = [sys.executable, str(ROOT / "tools/release_notes.py"), "v0.0.0"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"tag v{kwskit.__version__}" in done.stderr


def test_workflows_call_scripts_that_exist():
    called = set()
    for path, name, job in jobs():
        texts = [job.get("uses", ""), *(step.get("run", "") for step in job.get("steps", []))]
        for script in re.findall(r"(?:tools|\.ci|\.github|recipes|egs)/[\w./-]+", "\n".join(texts)):
            assert (ROOT / script).is_file(), f"{path.name}, {name}: there is no {script}"
            called.add(script)
    assert {"tools/test.sh", "tools/dist.sh", "tools/try_dist.sh", "tools/release_notes.py"} <= called


def test_artifacts_are_downloaded_after_jobs_that_upload_them():
    uploads, downloads = set(), set()
    for _, _, job in jobs():
        for step in job.get("steps", []):
            kind = step.get("uses", "").partition("@")[0]
            if kind == "actions/upload-artifact":
                uploads.add(step["with"]["name"])
            elif kind == "actions/download-artifact" and "name" in step["with"]:
                downloads.add(step["with"]["name"])
    assert downloads <= uploads == {"dist", "notes"}


def test_only_jobs_that_publish_may_ask_for_an_identity():
    asking = [(path.name, name) for path, name, job in jobs() if "id-token" in job.get("permissions", {})]
    assert asking == [("docs.yml", "publish"), ("release.yml", "pypi")]
    (publish,) = (job for path, name, job in jobs() if (path.name, name) == ("docs.yml", "publish"))
    assert publish["if"] == "github.ref == 'refs/heads/main'"  # never of a pull request
    for path in WORKFLOWS:
        assert yaml.safe_load(path.read_text("utf-8"))["permissions"] == {"contents": "read"}, path


def test_the_oldest_python_is_tested_and_all_that_are_tested_are_declared():
    (tested,) = (
        job["strategy"]["matrix"]["python"] for path, name, job in jobs() if (path.stem, name) == ("tests",) * 2
    )
    assert len(tested) == 3
    assert setup("options", "python_requires") == f">={tested[0]}"
    assert {f"Programming Language :: Python :: {python}" for python in tested} <= set(
        setup("metadata", "classifiers").splitlines()
    )


def test_the_hook_before_a_commit_and_the_tests_run_the_same_linters():
    (repo,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert [(hook["entry"], hook["pass_filenames"]) for hook in repo["hooks"]] == [("bash tools/lint.sh", False)]
    assert "bash tools/lint.sh" in (ROOT / "tools/test.sh").read_text("utf-8")
    for name in re.findall(r"\.github/\S+\.yml|CITATION\.cff", (ROOT / "tools/lint.sh").read_text("utf-8")):
        assert list(ROOT.glob(name)), name
