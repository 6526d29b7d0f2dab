#!/usr/bin/env bash
# Everything that must hold before a change lands: linters (tools/lint.sh) and tests.
#   bash tools/test.sh                     all of it
#   bash tools/test.sh tests/losses -x     arguments go to pytest
#   KWSKIT_FUZZ=50 bash tools/test.sh tests/text tests/data/test_hostile_audio.py   damages what it damages 50 times as often
#   KWSKIT_INDEX=1 bash tools/test.sh tests/test_small_boards.py    asks the package index what a Raspberry Pi installs
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/env.sh
. "$repository/tools/env.sh" dev,train,voices,voices-gpl,zoo,speech-embedding,index,export,hub,align,wyoming,ovos,cluster,remote,mlflow,transformers
cd "$repository"

failed=()
bash tools/lint.sh || failed+=(tools/lint.sh)
echo "== pytest"
# All tests go to a process a core and one more, for many wait for servers and browsers, those of a file to the same
# one; with arguments there is one process.
cores=$(python -c 'import os; print(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())')
workers=(-n "$((cores < 8 ? cores + 1 : 8))" --dist loadfile --no-loadscope-reorder)
(($# == 0)) || workers=()
python -m pytest "${workers[@]+"${workers[@]}"}" "$@" || failed+=(pytest)
if ((${#failed[@]})); then
    printf 'failed: %s\n' "${failed[@]}" >&2
    exit 1
fi
