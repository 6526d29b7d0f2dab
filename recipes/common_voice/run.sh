#!/usr/bin/env bash
# Words of Mozilla Common Voice, or of any folder of transcribed recordings, cut by their alignments.
#   bash recipes/common_voice/run.sh --corpus /disk/cv-corpus-13.0-2023-03-09
#   bash recipes/common_voice/run.sh --corpus /disk/recordings           with text.tsv: file, sentence …
#   bash recipes/common_voice/run.sh --help                              all flags
set -euo pipefail
# shellcheck source=tools/recipe.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/recipe.sh"

# shellcheck disable=SC2034 # read by tools/recipe.sh
default_size=full # ADML's own sizes

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

run_recipe "$@"
