#!/usr/bin/env bash
# Everything that must hold before a change lands: linter, formatter, type checker, tests.
#   bash tools/test.sh                     all of it
#   bash tools/test.sh tests/losses -x     arguments go to pytest
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/env.sh
. "$repository/tools/env.sh" dev,voices,voices-gpl
cd "$repository"
python -m ruff check .
python -m ruff format --check .
python -m mypy
python -m pytest "$@"
