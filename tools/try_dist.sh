#!/usr/bin/env bash
# Installs a wheel or a source distribution into a fresh venv, and spots there: try_dist.sh FILE
# KWSKIT_PYTHON names the interpreter (default: python3).
set -euo pipefail
[ -f "${1:-}" ] || { echo "usage: bash $0 FILE, a wheel or a source distribution" >&2; exit 2; }
built=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" # where no kwskit lies about

"${KWSKIT_PYTHON:-python3}" -m venv venv
PATH=$work/venv/bin:$PATH
unset PYTHONPATH
python -m pip install --quiet --disable-pip-version-check "$built"
python - <<'END'
import numpy as np
import soundfile

time = np.arange(3 * 16_000) / 16_000
soundfile.write("tone.wav", 0.1 * np.sin(2 * np.pi * 220 * time), 16_000)
END
kwskit --version
kwskit models english >/dev/null # its files are as released
kwskit spot --keyword "hello world" tone.wav
echo "$(basename "$built") installs and spots with $(python --version)"
