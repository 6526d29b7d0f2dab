#!/usr/bin/env bash
# The papers' tables in miniature, a demonstration: every row trained on the same data with the same budget and seeds.
#   bash recipes/synth/run_table.sh --table adml1                          one table
#   bash recipes/synth/run_table.sh --table all --seeds 1 --size tiny      all of them, to see that it works
#   bash recipes/synth/run_table.sh --help                                 all flags
set -euo pipefail
# shellcheck source=tools/table.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/table.sh"

# shellcheck disable=SC2034 # read by tools/table.sh
extras=voices,voices-gpl

make_corpus() {
    # shellcheck disable=SC2154 # set by tools/table.sh
    bash "$recipe/run.sh" --size "$size" --data "$data" --stop_stage 2
}

run_tables "$@"
