#!/usr/bin/env bash
# Words of learners of English, half of them children, cut by their alignments.
#   bash recipes/speechocean762/run.sh                                    stage 0 fetches the corpus
#   bash recipes/speechocean762/run.sh --corpus /disk/speechocean762      it is there already
#   bash recipes/speechocean762/run.sh --help                             all flags
set -euo pipefail
# shellcheck source=tools/recipe.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/recipe.sh"

# shellcheck disable=SC2034 # read by tools/recipe.sh
{
    default_size=full # ADML's own sizes
    own_flags="corpus alignments least_score least segments min_seconds max_seconds negatives"
    own_usage="\
  --corpus DIR      the folder with WAVE, train and test (default: in --data)
  --alignments PATH TextGrids, a .ctm, or CSVs (default: alignments/ in either folder; if there are none, stage 1
                    says how kwskit align makes them)
  --least_score S   mean score of an utterance's alignment, below which its text does not fit (default 0.02)
  --least N         occurrences that a word needs to be in the training (default 2)
  --segments N      of dev and test at most (default 18000)
  --min_seconds S, --max_seconds S   lengths of words (default 0.2 and 2.5)
  --negatives N     other words that a segment is tried with (default 50)"
}

get_data() {
    if [[ " $* " = *" --corpus "* ]]; then
        echo "nothing to fetch: the corpus is given"
    else
        # shellcheck disable=SC2154 # set by tools/recipe.sh
        kwskit fetch speechocean762 --to "$data"
    fi
}

prepare() {
    # shellcheck disable=SC2154 # set by tools/recipe.sh
    python "$recipe/prepare.py" "$@"
}

run_recipe "$@"
