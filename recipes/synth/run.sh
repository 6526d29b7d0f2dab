#!/usr/bin/env bash
# From nothing to a table: synthesises a corpus, trains ADML on it, scores it on words and voices it has not heard.
#   bash recipes/synth/run.sh                      everything, the small size
#   bash recipes/synth/run.sh --size tiny          everything in a minute, to see that it works
#   bash recipes/synth/run.sh --help               all flags
set -euo pipefail
# shellcheck source=tools/recipe.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/recipe.sh"

# shellcheck disable=SC2034 # read by tools/recipe.sh
extras=voices,voices-gpl

get_data() {
    echo "nothing to fetch: stage 1 synthesises the corpus with the voices that are installed"
}

run_recipe "$@"
