#!/usr/bin/env bash
# ADML's test on the Wall Street Journal: corrupted words of speakers and in rooms that the model has not heard.
#   bash recipes/wsj/run.sh --corpus /ldc/wsj --alignments /ldc/wsj_aligned --model recipes/king_asr_066/exp/full/model
#   bash recipes/wsj/run.sh --corpus /ldc/wsj --alignments /ldc/wsj_aligned --train si_tr_s     train on it as well
#   bash recipes/wsj/run.sh --help                                                              all flags
set -euo pipefail
# shellcheck source=tools/recipe.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/recipe.sh"

# shellcheck disable=SC2034 # read by tools/recipe.sh
{
    zero_shot=1
    for flag in "$@"; do
        [[ $flag != --train && $flag != --train=* ]] || zero_shot=0
    done
}

get_data() {
    echo "WSJ is licensed by LDC: https://catalog.ldc.upenn.edu/LDC93S6A (WSJ0) and LDC94S13A (WSJ1)."
    echo "Name the folder of the discs with --corpus. MUSAN and RIRS_NOISES: kwskit fetch musan rirs-noises --to DIR"
}

run_recipe "$@"
