#!/usr/bin/env bash
# Google Speech Commands with a model that has not been trained on it: accuracy, EER, AUC and confusion matrices.
#   bash recipes/speech_commands/run.sh --model recipes/synth/exp/small/model
#   bash recipes/speech_commands/run.sh --model DIR --corpus /data/speech_commands_v0.02
#   bash recipes/speech_commands/run.sh --train all                   train on its words as well
#   bash recipes/speech_commands/run.sh --help      all flags
set -euo pipefail
# shellcheck source=tools/recipe.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/recipe.sh"

# shellcheck disable=SC2034 # read by tools/recipe.sh
zero_shot=1 default_size=full own_flags="corpus test_set recordings train"
for flag in "$@"; do
    # shellcheck disable=SC2034 # read by tools/recipe.sh
    [[ $flag != --train && $flag != --train=* ]] || zero_shot=0
done
# shellcheck disable=SC2034 # read by tools/recipe.sh
own_usage="  --corpus DIR      the corpus as published (default: the --data folder, where stage 0 puts it)
  --test_set DIR    the official test set, unpacked (default: in the corpus' folder or beside it)
  --recordings WHICH  of the ten words, for PhonMatchNet's protocol: all (default) or testing
  --train WORDS     train on these, with commas, or on all: whatever no list names, with dev by validation_list.txt
                    (default: nothing is trained, --model is scored)
  --size tiny       ten recordings of each word, to see that it works"

get_data() {
    if [[ " $* " = *" --corpus "* ]]; then
        echo "nothing to fetch: the corpus is given"
    else
        # shellcheck disable=SC2154 # set by tools/recipe.sh
        kwskit fetch speech-commands speech-commands-test --to "$data"
    fi
}

prepare() {
    # shellcheck disable=SC2154 # set by tools/recipe.sh
    python "$recipe/prepare.py" "$@"
}

run_recipe "$@"
