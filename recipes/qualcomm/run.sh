#!/usr/bin/env bash
# The Qualcomm Keyword Speech Dataset with a model that has not been trained on it: four keywords, each tried with each.
#   bash recipes/qualcomm/run.sh --model recipes/synth/exp/small/model --corpus /data/qualcomm_keyword_speech_dataset
#   bash recipes/qualcomm/run.sh --help      all flags
set -euo pipefail
# shellcheck source=tools/recipe.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/recipe.sh"

# shellcheck disable=SC2034 # read by tools/recipe.sh
zero_shot=1 default_size=full

# shellcheck disable=SC2154 # data and recipe are set by tools/recipe.sh
get_data() {
    local folder
    if [[ " $* " = *" --corpus "* ]]; then
        echo "nothing to fetch: the corpus is given"
        return
    fi
    for folder in "$data/hey_android" "$data"/*/hey_android; do
        if [ -d "$folder" ]; then
            echo "nothing to fetch: the corpus is in $data"
            return
        fi
    done
    cat >&2 <<END
The Qualcomm Keyword Speech Dataset cannot be fetched by a program: its licence has to be accepted by a person.
  1. Open https://www.qualcomm.com/developer/software/keyword-speech-dataset, sign in, accept the licence, download.
  2. Unpack the archive: it holds hey_android, hey_snapdragon, hi_galaxy and hi_lumina, in them a folder a speaker.
  3. Name that folder: --corpus DIR; or unpack it into $data.
END
    return 1
}

run_recipe "$@"
