"""A recipe whose Python only writes down what it was asked."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

RUN = """#!/usr/bin/env bash
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/recipe.sh"
get_data() { python get_data "$@"; }
run_recipe "$@"
"""
# Read, but never run.
PREPARE = """import no_such_module
parser = no_such_module.Parser()
parser.add_argument("--seed", type=int, help=f"handed over: {parser}")
parser.add_argument("--corpus", metavar="DIR", help="folder of the corpus, 100 %% as it was published")
parser.add_argument(
    "--alignments", default="ctm", metavar="PATH", help="alignments of the corpus, which are a long story, told here "
    "in more than one line (default %(default)s)"
)
parser.add_argument("--parts", action="store_true")
"""
# A call a line, its arguments between bars; the report writes what the real one does; $FAIL fails one call.
PYTHON = """#!/bin/bash
case "$*" in */check_environment.py*) exit 0 ;; esac
(IFS='|'; echo "$*") >> "$CALLS"
if [ -n "${FAIL:-}" ] && [[ "$*" = *"$FAIL"* ]]; then exit 3; fi
if [ "$3" != report ]; then exit; fi
mkdir -p "$7/report"
printf '# Title\\n\\n| AP |\\n|--|\\n\\n| EER |\\n' > "$7/report/RESULTS.md"
"""


class Recipe:
    """A recipe ``toy`` in a repository whose path has a space, called from another folder."""

    def __init__(self, folder: Path):
        self.repository = folder / "a repository"
        self.home = self.repository / "recipes/toy"
        self.calls_file = folder / "calls"
        self.cwd = folder / "some where"
        self.hparams = self.repository / "recipes/hparams"
        for path in (self.hparams, self.home / "hparams", folder / "env/bin", self.cwd):
            path.mkdir(parents=True)
        shutil.copytree(ROOT / "tools", self.repository / "tools")
        (self.home / "run.sh").write_text(RUN)
        (self.home / "prepare.py").write_text(PREPARE)
        (self.hparams / "adml.yaml").write_text("seed: 1\nlosses:\n  phn: 1\ntraining:\n  epochs: 1\n")
        (self.hparams / "small.yaml").write_text("dim: 64\n")
        (self.home / "hparams/corpus.yaml").write_text("keywords: 9\n")
        (self.cwd / "trained/model").mkdir(parents=True)
        (self.cwd / "trained/model/model.safetensors").touch()
        (self.cwd / "no mal.yaml").write_text("losses: null\n")
        (self.cwd / "other.yaml").write_text("extra: 3\n")
        (self.cwd / "words").mkdir()
        self.environment = folder / "env"
        (self.environment / "bin/python").write_text(PYTHON)
        (self.environment / "bin/python").chmod(0o755)
        self.programs = folder / "programs"
        self.programs.mkdir()
        (self.programs / "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        (self.programs / "python3").chmod(0o755)

    def run(self, *flags: str, status: int = 0, **variables: str) -> tuple[list[list[str]], str, str]:
        """Calls, stdout and stderr of ``bash run.sh FLAGS``."""
        self.calls_file.write_text("")
        env = {
            "PATH": f"{self.programs}:/usr/bin:/bin",
            "VIRTUAL_ENV": str(self.environment),
            "CALLS": str(self.calls_file),
            "HOME": os.environ.get("HOME", "/"),
            **variables,
        }
        command = ["bash", str(self.home / "run.sh"), *flags]
        done = subprocess.run(command, env=env, cwd=self.cwd, capture_output=True, text=True, timeout=60)
        assert done.returncode == status, done.stderr
        return [line.split("|") for line in self.calls_file.read_text().splitlines()], done.stdout, done.stderr

    def refusal(self, *flags: str, **variables: str) -> str:
        """What is told when ``flags`` are refused, which must be before anything is run."""
        calls, out, message = self.run(*flags, status=2, **variables)
        assert calls == []
        assert out == ""
        assert message.startswith("run.sh: ")
        assert len(message.splitlines()) == 1
        return message
