#!/usr/bin/env bash
# A corpus of one's own: whistled words, made up in stage 0.
#   bash run.sh               everything, in a few minutes
#   bash run.sh --help        all flags
set -euo pipefail
# kwskit's repository: two folders up, or what KWSKIT_ROOT names.
# shellcheck source=tools/recipe.sh
. "${KWSKIT_ROOT:-$(dirname "${BASH_SOURCE[0]}")/../..}/tools/recipe.sh"

# shellcheck disable=SC2034 # read by tools/recipe.sh
default_size=tiny

# Stage 0: fetch the corpus, or say how a person gets it. This one is made up.
# shellcheck disable=SC2154 # data and recipe are set by tools/recipe.sh
get_data() {
    if [[ " $* " = *" --corpus "* ]]; then
        echo "nothing to fetch: the corpus is given"
    elif [ -d "$data/recordings" ]; then
        echo "nothing to fetch: the corpus is in $data"
    else
        python "$recipe/make_corpus.py" "$data"
    fi
}

run_recipe "$@"
