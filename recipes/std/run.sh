#!/usr/bin/env bash
# Spoken term detection: typed and spoken words searched in long recordings, with a model trained elsewhere.
#   bash recipes/std/run.sh --model recipes/synth/exp/small/model
#   bash recipes/std/run.sh --model DIR --corpus /data/talks --alignments /data/talks.ctm --join none
#   bash recipes/std/run.sh --help      all flags
set -euo pipefail
# shellcheck source=tools/recipe.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/recipe.sh"

# shellcheck disable=SC2034 # read by tools/recipe.sh
zero_shot=1 default_size=small

get_data() {
    if [[ " $* " = *" --corpus "* ]]; then
        echo "nothing to fetch: the recordings are given"
        return
    fi
    # shellcheck disable=SC2154 # set by tools/recipe.sh
    kwskit fetch librispeech-test-clean --to "$data"
    [[ " $* " = *" --alignments "* ]] || kwskit fetch librispeech-alignments --to "$data"
}

prepare() {
    local defaults=()
    [[ " $* " = *" --corpus "* || " $* " = *" --join "* ]] || defaults=(--join chapter)
    # shellcheck disable=SC2154 # set by tools/recipe.sh
    python "$recipe/prepare.py" "$@" "${defaults[@]+"${defaults[@]}"}"
}

run_recipe "$@"
