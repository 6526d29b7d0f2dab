#!/usr/bin/env bash
# Builds the wheel and the source distribution of the last commit into a folder, and tries both: dist.sh FOLDER
set -euo pipefail
[ $# = 1 ] || { echo "usage: bash $0 FOLDER" >&2; exit 2; }
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mkdir -p "$1"
dist=$(cd "$1" && pwd)
[ -z "$(ls -A "$dist")" ] || { echo "$0: $dist is not empty: what is there would be published, too" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"${KWSKIT_PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check build twine
# Of what is committed: a working tree has corpora, and builds of before with files that are gone since.
mkdir "$work/source"
git -C "$repository" archive HEAD | tar -x -C "$work/source"
"$work/venv/bin/python" -m build --outdir "$dist" "$work/source" >"$work/log" 2>&1 || { tail -n 30 "$work/log" >&2; exit 1; }
"$work/venv/bin/python" -m twine check --strict "$dist"/*
for built in "$dist"/*.whl "$dist"/*.tar.gz; do bash "$repository/tools/try_dist.sh" "$built"; done
