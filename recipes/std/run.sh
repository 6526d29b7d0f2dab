#!/usr/bin/env bash
# Spoken term detection: typed and spoken words searched in long recordings, with a model trained elsewhere.
#   bash recipes/std/run.sh --model recipes/synth/exp/small/model
#   bash recipes/std/run.sh --model DIR --corpus /data/talks --alignments /data/talks.ctm --join none
#   bash recipes/std/run.sh --help      all flags
set -euo pipefail
# shellcheck source=tools/recipe.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/recipe.sh"

# shellcheck disable=SC2034 # read by tools/recipe.sh
zero_shot=1 default_size=small
# shellcheck disable=SC2034 # read by tools/recipe.sh
own_flags="corpus alignments join queries num_queries vocabulary ecf rttm windows dev exemplars"
# shellcheck disable=SC2034 # read by tools/recipe.sh
own_usage="  --corpus DIR      any folder of audio (default: LibriSpeech test-clean, which stage 0 fetches)
  --alignments PATH reference: TextGrids, .ctm or CSV of these files (default: alignments/ of the corpus)
  --join HOW        chapter: files <recording>-<nnnn> become one; folder: those of a folder; none: files as they are
                    (default: chapter without --corpus, none with it)
  --queries FILE    one a line, or NIST's kwlist.xml (default: drawn from what is said)
  --num_queries N   how many are drawn (default 100; 20 with --size tiny, 300 with base)
  --vocabulary FILE manifest or word list of the training: results for known and new words apart
  --ecf FILE --rttm FILE   NIST's reference instead of alignments
  --windows LIST    lengths in seconds (default 0.3,0.5,0.8,1.2)
  --dev SHARE       of the speakers, that calibrate the threshold (default 0.25)
  --exemplars SHARE of the speakers, that give spoken queries (default 0.15; 0: none)"

get_data() {
    if [[ " $* " = *" --corpus "* ]]; then
        echo "nothing to fetch: the recordings are given"
        return
    fi
    # shellcheck disable=SC2154 # set by tools/recipe.sh
    kwskit fetch librispeech-test-clean --to "$data"
    [[ " $* " = *" --alignments "* ]] || kwskit fetch librispeech-alignments --to "$data"
}

prepare() {
    local defaults=()
    [[ " $* " = *" --corpus "* || " $* " = *" --join "* ]] || defaults=(--join chapter)
    # shellcheck disable=SC2154 # set by tools/recipe.sh
    python "$recipe/prepare.py" "$@" "${defaults[@]+"${defaults[@]}"}"
}

run_recipe "$@"
