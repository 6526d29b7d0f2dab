#!/usr/bin/env bash
# The papers' tables on people's words: every row trained on the same data with the same budget and seeds.
#   bash recipes/people_words/run.sh --librispeech DIR --common_voice DIR --speechocean762 DIR --stop_stage 2
#   bash recipes/people_words/run_table.sh --table all                     all of them, for days on two cores
#   bash recipes/people_words/run_table.sh --help                          all flags
set -euo pipefail
# shellcheck source=tools/table.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/table.sh"

# shellcheck disable=SC2034 # read by tools/table.sh
own_tables=people

make_corpus() {
    # shellcheck disable=SC2154 # set by tools/table.sh
    complain "there is no corpus in $data yet: bash $recipe/run.sh --data $data --stop_stage 2, with its corpora's flags"
}

run_tables "$@"
