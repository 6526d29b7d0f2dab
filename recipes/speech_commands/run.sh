#!/usr/bin/env bash
# Google Speech Commands with a model that has not been trained on it: accuracy, EER, AUC and confusion matrices.
#   bash recipes/speech_commands/run.sh --model recipes/synth/exp/small/model
#   bash recipes/speech_commands/run.sh --model DIR --corpus /data/speech_commands_v0.02
#   bash recipes/speech_commands/run.sh --model DIR --size tiny       ten recordings of each word, to see that it works
#   bash recipes/speech_commands/run.sh --train all                   train on its words as well
#   bash recipes/speech_commands/run.sh --help      all flags
set -euo pipefail
# shellcheck source=tools/recipe.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/recipe.sh"

# shellcheck disable=SC2034 # read by tools/recipe.sh
zero_shot=1 default_size=full
for flag in "$@"; do
    # shellcheck disable=SC2034 # read by tools/recipe.sh
    [[ $flag != --train && $flag != --train=* ]] || zero_shot=0
done

get_data() {
    if [[ " $* " = *" --corpus "* ]]; then
        echo "nothing to fetch: the corpus is given"
    else
        # shellcheck disable=SC2154 # set by tools/recipe.sh
        kwskit fetch speech-commands speech-commands-test --to "$data"
    fi
}

run_recipe "$@"
