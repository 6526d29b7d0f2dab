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
    own_usage="\
  --musan DIR       folder of MUSAN, for augmentation (default: synthetic noise)
  --rirs DIR        folder of RIRS_NOISES, for augmentation (default: simulated rooms)"
}

get_data() {
    echo "King-ASR-066 is licensed by Speechocean (https://en.speechocean.com): name its folder with --corpus."
    echo "The open stand-in of that kind: bash recipes/librispeech/run.sh --protocol king"
}

run_recipe "$@"
