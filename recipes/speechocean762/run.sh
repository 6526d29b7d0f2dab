#!/usr/bin/env bash
# Words of learners of English, half of them children, cut by their alignments.
#   bash recipes/speechocean762/run.sh                                    stage 0 fetches the corpus
#   bash recipes/speechocean762/run.sh --corpus /disk/speechocean762      it is there already
#   bash recipes/speechocean762/run.sh --help                             all flags
set -euo pipefail
# shellcheck source=tools/recipe.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/recipe.sh"

# shellcheck disable=SC2034 # read by tools/recipe.sh
default_size=full # ADML's own sizes

get_data() {
    if [[ " $* " = *" --corpus "* ]]; then
        echo "nothing to fetch: the corpus is given"
    else
        # shellcheck disable=SC2154 # set by tools/recipe.sh
        kwskit fetch speechocean762 --to "$data"
    fi
}

run_recipe "$@"
