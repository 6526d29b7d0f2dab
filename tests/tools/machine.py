"""A machine whose commands are scripts."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


FILES = ("tools/env.sh", "tools/venv_stamp.sh", "tools/make_venv.sh", "tools/check_environment.py")


# Answers as Python 3.11; `-m venv DIR` copies itself there; $LOG gets every other call.
PYTHON = """#!/bin/bash
case "$*" in
    --version) echo "Python 3.11.0" ;;
    -c*) exit "${TOO_OLD:-0}" ;;
    "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    "-m pip install"*)
        echo "pip ${*:3}" >> "$LOG"
        echo "Installing collected packages: a, b"
        sleep "${PIP_SECONDS:-0}"
        if [ -n "${PIP_FAILS:-}" ]; then echo "ERROR: no network"; exit 1; fi ;;
    */check_environment.py*)
        echo "check $0" >> "$LOG"
        case "$0" in */good/*) ;; *) echo "torch>=2.11"; exit 1 ;; esac ;;
esac
"""


class Machine:
    """A copy of the set-up scripts in a folder with a space, and a PATH with nothing but the interpreters."""

    def __init__(self, folder: Path):
        self.root = folder / "a repository"
        self.bin = folder / "bin"
        self.log = folder / "log"
        for name in FILES:
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.root / name)
        (self.root / "setup.cfg").write_text("[options]\n")
        (self.root / "pyproject.toml").write_text("")
        self.command("python3.11", PYTHON)
        self.command("curl", "#!/bin/sh\nexit ${CURL:-6}\n")
        self.venv = self.root / ".venv"

    def command(self, name: str, script: str, folder: Path | None = None) -> Path:
        path = (folder or self.bin) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script)
        path.chmod(0o755)
        return path

    def start(self, extras: str = "", **environment: str) -> subprocess.Popen[str]:
        script = (
            f'set -euo pipefail; . "{self.root}/tools/env.sh" "{extras}"; command -v python; echo "${{PYTHONPATH:-}}";'
            'echo "bytecode ${PYTHONDONTWRITEBYTECODE:-}${PYTHONPYCACHEPREFIX:-}"'
        )
        env = {"PATH": f"{self.bin}:/usr/bin:/bin", "LOG": str(self.log), **environment}
        pipe = subprocess.PIPE
        return subprocess.Popen(
            ["bash", "-c", script], env=env, cwd="/", stdout=pipe, stderr=pipe, text=True, start_new_session=True
        )

    def use(self, extras: str = "", status: int = 0, **environment: str) -> tuple[str, str, str]:
        """(the python that is used, PYTHONPATH, what was told) of a script that sources env.sh."""
        process = self.start(extras, **environment)
        out, message = process.communicate(timeout=60)
        assert process.returncode == status, message
        python, pythonpath = [*out.splitlines(), "", ""][:2]
        return python, pythonpath, message

    def pip(self) -> list[str]:
        """The pip calls since the last look, without their common options."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        quiet = "pip install --no-compile --no-input --progress-bar off --disable-pip-version-check "
        return [line.removeprefix(quiet) for line in lines if line.startswith("pip")]
