#!/usr/bin/env bash
# Words and phrases of people's open corpora: the protocol people_words, on which the papers' tables are trained.
#   bash recipes/people_words/run.sh --librispeech DIR --common_voice DIR --speechocean762 DIR      each is optional
#   bash recipes/people_words/run.sh --help                                                         all flags
set -euo pipefail
# shellcheck source=tools/recipe.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/recipe.sh"

# shellcheck disable=SC2034 # read by tools/recipe.sh
extras=align

get_data() {
    echo "nothing to fetch: name corpora that are there; kwskit fetch librispeech-train-clean-5 and speechocean762 bring two"
}

run_recipe "$@"
