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
    own_flags="corpus alignments test train segments words dev_words microphone min_seconds max_seconds negatives musan rirs"
    own_usage="\
  --corpus DIR      LDC's discs, e.g. with 11-1.1/wsj0 … in it (default: the folder of --data)
  --alignments PATH TextGrids, a .ctm, or CSVs (default: alignments/ in either folder; if there are none,
                    stage 1 makes ready what kwskit align needs, and says so)
  --test SETS       sets or .ndx files, with commas (default si_et_20,si_et_h1,si_dt_20)
  --train SETS      train on these, e.g. si_tr_s (default: nothing is trained, --model is scored)
  --segments N      of the test (default 18000)
  --words N         of the test (default 3200)
  --dev_words N     words of --train that are held out for dev (default 500)
  --microphone N    1 is .wv1, 2 is .wv2 (default 1)
  --min_seconds S, --max_seconds S   lengths of words (default 0.2 and 2.5)
  --negatives N     other words that a segment is tried with (default 50)
  --musan DIR       MUSAN (default: synthetic noise)
  --rirs DIR        RIRS_NOISES (default: simulated rooms)"
    zero_shot=1
    for flag in "$@"; do
        [[ $flag != --train && $flag != --train=* ]] || zero_shot=0
    done
}

get_data() {
    echo "WSJ is licensed by LDC: https://catalog.ldc.upenn.edu/LDC93S6A (WSJ0) and LDC94S13A (WSJ1)."
    echo "Name the folder of the discs with --corpus. MUSAN and RIRS_NOISES: kwskit fetch musan rirs-noises --to DIR"
}

prepare() {
    # shellcheck disable=SC2154 # set by tools/recipe.sh
    python "$recipe/prepare.py" "$@"
}

run_recipe "$@"
