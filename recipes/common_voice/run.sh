#!/usr/bin/env bash
# Words of Mozilla Common Voice, or of any folder of transcribed recordings, cut by their alignments.
#   bash recipes/common_voice/run.sh --corpus /disk/cv-corpus-13.0-2023-03-09
#   bash recipes/common_voice/run.sh --corpus /disk/recordings           with text.tsv: file, sentence …
#   bash recipes/common_voice/run.sh --help                              all flags
set -euo pipefail
# shellcheck source=tools/recipe.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/recipe.sh"

# shellcheck disable=SC2034 # read by tools/recipe.sh
{
    default_size=full # ADML's own sizes
    own_flags="corpus list language alignments least_score least segments min_seconds max_seconds negatives"
    own_usage="\
  --corpus DIR      a release, one language of it, or a folder of recordings with text.tsv (default: --data)
  --list NAME       table of the release (default validated; of version 1 e.g. cv-valid-train)
  --language CODE   its folder in the release (default en; alignments and phonemes are those of English)
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
        echo "Common Voice (CC0) is given to whoever agrees not to find out who speaks:"
        echo "https://commonvoice.mozilla.org/datasets"
        # shellcheck disable=SC2154 # set by tools/recipe.sh
        echo "Name the folder of a release with --corpus, or unpack it in $data"
    fi
}

prepare() {
    # shellcheck disable=SC2154 # set by tools/recipe.sh
    python "$recipe/prepare.py" "$@"
}

run_recipe "$@"
