#!/usr/bin/env bash
# ADML's training: words of King-ASR-066 (Speechocean, licensed), 250 keywords x 2 utterances a batch.
#   bash recipes/king_asr_066/run.sh --corpus /disk/King-ASR-066 --alignments /disk/king_aligned --ngpu 2
#   bash recipes/king_asr_066/run.sh ... --musan /disk/musan --rirs /disk/RIRS_NOISES
#   bash recipes/king_asr_066/run.sh --help            all flags
set -euo pipefail
# shellcheck source=tools/recipe.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/recipe.sh"

# shellcheck disable=SC2034 # read by tools/recipe.sh
{
    default_size=full # ADML's own sizes
    own_flags="corpus alignments channels held_out_speakers dev_words test_words segments min_seconds max_seconds negatives"
    own_usage="\
  --corpus DIR      King-ASR-066, with DATA/ in it (default: the folder of --data)
  --alignments PATH TextGrids, a .ctm, or CSVs (default: alignments/ in either folder)
  --channels N,M    microphones (default 0)
  --held_out_speakers SHARE   of the speakers for dev, and for test (default 0.05)
  --dev_words N, --test_words N   words that only dev, only test has (default 1000 and 3000)
  --segments N      of dev and test at most (default 18000)
  --min_seconds S, --max_seconds S   lengths of words (default 0.2 and 2.5)
  --negatives N     other words that a segment is tried with (default 50)
  --musan DIR, --rirs DIR   MUSAN and RIRS_NOISES for augmentation"
}

get_data() {
    echo "King-ASR-066 is licensed by Speechocean (https://en.speechocean.com): name its folder with --corpus."
    echo "The open stand-in of that kind: bash recipes/librispeech/run.sh --protocol king"
}

prepare() {
    # shellcheck disable=SC2154 # set by tools/recipe.sh
    python "$recipe/prepare.py" "$@"
}

run_recipe "$@"
