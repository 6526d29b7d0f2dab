#!/usr/bin/env bash
# Words of LibriSpeech, cut by their alignments: JMCL's protocol, and the open stand-in for King-ASR-066.
#   bash recipes/librispeech/run.sh --overlay recipes/hparams/system/jmcl.yaml     everything, as JMCL has it
#   bash recipes/librispeech/run.sh --data /disk/LibriSpeech --alignments /disk/alignments --stage 1
#   bash recipes/librispeech/run.sh --protocol king --overlay recipes/librispeech/hparams/king.yaml --ngpu 8
#   bash recipes/librispeech/run.sh --protocol mini --size small                   mini LibriSpeech, 0.5 GB
#   bash recipes/librispeech/run.sh --help                                         all flags
set -euo pipefail
# shellcheck source=tools/recipe.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/recipe.sh"

# shellcheck disable=SC2034 # read by tools/recipe.sh
default_size=full # ADML's own sizes

get_data() {
    local wanted
    # shellcheck disable=SC2154 # set by tools/recipe.sh
    read -ra wanted < <(python "$recipe/prepare.py" --parts "$@")
    if [[ " $* " = *" --corpus "* ]]; then
        echo "nothing to fetch: the corpus is given (wanted: ${wanted[*]})"
        return
    fi
    # shellcheck disable=SC2154 # set by tools/recipe.sh
    kwskit fetch "${wanted[@]/#/librispeech-}" --to "$data"
    [[ " $* " = *" --alignments "* ]] || kwskit fetch librispeech-alignments --to "$data"
}

run_recipe "$@"
