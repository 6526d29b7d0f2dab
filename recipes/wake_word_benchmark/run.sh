#!/usr/bin/env bash
# Wake words in hours of noise and speech, after Picovoice's public benchmark, with a model trained elsewhere.
#   bash recipes/wake_word_benchmark/run.sh --model recipes/synth/exp/small/model
#   bash recipes/wake_word_benchmark/run.sh --model DIR --corpus /data/my_wake_words --background /data/podcasts \
#       --noise /data/noises --hours 12
#   bash recipes/wake_word_benchmark/run.sh --help      all flags
set -euo pipefail
# shellcheck source=tools/recipe.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/recipe.sh"

# shellcheck disable=SC2034 # read by tools/recipe.sh
zero_shot=1 default_size=full

# shellcheck disable=SC2154 # data and recipe are set by tools/recipe.sh
get_data() {
    local names=()
    [[ " $* " = *" --corpus "* ]] || names+=(wake-word-benchmark)
    [[ " $* " = *" --background "* ]] || names+=(librispeech-test-clean)
    [[ " $* " = *" --noise "* ]] || names+=(demand)
    if ((${#names[@]})); then
        kwskit fetch "${names[@]}" --to "$data"
    else
        echo "nothing to fetch: keywords, background and noise are given"
    fi
}

run_recipe "$@"
