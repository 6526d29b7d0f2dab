#!/usr/bin/env bash
# LibriPhrase: typed phrases of one to four words against speech, by the three protocols that papers use.
#   bash recipes/libriphrase/run.sh                                 everything: train-clean-100 and -360, official test
#   bash recipes/libriphrase/run.sh --train none --dev none --model recipes/librispeech/exp/full/model
#   bash recipes/libriphrase/run.sh --build train-other-500         a test set of its own, drawn with --seed
#   bash recipes/libriphrase/run.sh --help                          all flags
set -euo pipefail
# shellcheck source=tools/recipe.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/recipe.sh"

# shellcheck disable=SC2034 # read by tools/recipe.sh
default_size=full # ADML's own sizes

get_data() {
    local wanted
    # shellcheck disable=SC2154 # set by tools/recipe.sh
    read -ra wanted < <(python "$recipe/prepare.py" --parts "$@") || true
    if [[ " $* " = *" --corpus "* ]] || ((${#wanted[@]} == 0)); then
        echo "nothing of LibriSpeech to fetch (wanted: ${wanted[*]:-nothing})"
    else
        # shellcheck disable=SC2154 # set by tools/recipe.sh
        kwskit fetch "${wanted[@]/#/librispeech-}" --to "$data"
        [[ " $* " = *" --alignments "* ]] || kwskit fetch librispeech-alignments --to "$data"
    fi
    if ! [[ " $* " = *" --csv "* || " $* " = *" --build "* ]]; then
        kwskit fetch libriphrase --to "$data"
    fi
}

run_recipe "$@"
