#!/usr/bin/env bash
# Words of LibriSpeech, cut by their alignments: JMCL's protocol, and the open stand-in for King-ASR-066.
#   bash recipes/librispeech/run.sh --overlay recipes/hparams/system/jmcl.yaml     everything, as JMCL has it
#   bash recipes/librispeech/run.sh --data /disk/LibriSpeech --alignments /disk/alignments --stage 1
#   bash recipes/librispeech/run.sh --protocol king --overlay recipes/librispeech/hparams/king.yaml --ngpu 8
#   bash recipes/librispeech/run.sh --protocol mini --size small                   mini LibriSpeech, 0.5 GB
#   bash recipes/librispeech/run.sh --help                                         all flags
set -euo pipefail
# shellcheck source=tools/recipe.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/recipe.sh"

# shellcheck disable=SC2034 # read by tools/recipe.sh
{
    default_size=full # ADML's own sizes
    own_flags="corpus alignments protocol train dev test least phrases split_speakers negatives"
    own_usage="\
  --corpus DIR      LibriSpeech, if it is not in --data
  --alignments PATH TextGrids, a .ctm, or CSVs audio_filename,start,end,text (default: alignments/ in either folder)
  --protocol NAME   jmcl (train-clean-100, words of 0.5 to 2 s; the default), king (all 960 h, 0.2 to 2.5 s),
                    or mini (5 h of OpenSLR 31)
  --train PARTS     parts to train on, comma separated, or none (likewise --dev PARTS, --test PARTS)
  --least N         occurrences that a word needs to be in the training (default 4, king: 2)
  --phrases N-M     words in a segment, e.g. 1-4 (default 1)
  --split_speakers N,M   take dev from N and test from M speakers of --train, held out by --seed
  --negatives N     other words that a test segment is tried with (default 50)"
}

get_data() {
    local wanted
    # shellcheck disable=SC2154 # set by tools/recipe.sh
    read -ra wanted < <(python "$recipe/prepare.py" --parts "$@")
    if [[ " $* " = *" --corpus "* ]]; then
        echo "nothing to fetch: the corpus is given (wanted: ${wanted[*]})"
        return
    fi
    # shellcheck disable=SC2154 # set by tools/recipe.sh
    kwskit fetch "${wanted[@]/#/librispeech-}" --to "$data"
    [[ " $* " = *" --alignments "* ]] || kwskit fetch librispeech-alignments --to "$data"
}

prepare() {
    python "$recipe/prepare.py" "$@"
}

run_recipe "$@"
