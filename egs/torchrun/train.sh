#!/usr/bin/env bash
# Train and score a recipe on several machines; README.md beside this file says what they must share.
# Usage, on every machine:  bash egs/torchrun/train.sh RECIPE MACHINES FIRST_MACHINE [FLAG VALUE]...
set -euo pipefail
if (($# < 3)); then
    sed -n '2,3s/^# //p' "$0" >&2
    exit 2
fi
recipe=$1 machines=$2
export MASTER_ADDR=$3
shift 3
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
exec bash "$recipe/run.sh" --stage 3 --stop_stage 4 --nnodes "$machines" "$@"
