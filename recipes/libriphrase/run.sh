#!/usr/bin/env bash
# LibriPhrase: typed phrases of one to four words against speech, by the three protocols that papers use.
#   bash recipes/libriphrase/run.sh                                 everything: train-clean-100 and -360, official test
#   bash recipes/libriphrase/run.sh --train none --dev none --model recipes/librispeech/exp/full/model
#   bash recipes/libriphrase/run.sh --build train-other-500         a test set of its own, drawn with --seed
#   bash recipes/libriphrase/run.sh --help                          all flags
set -euo pipefail
# shellcheck source=tools/recipe.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/recipe.sh"

# shellcheck disable=SC2034 # read by tools/recipe.sh
{
    default_size=full # ADML's own sizes
    own_flags="corpus alignments csv wavs build pairs train dev test least most most_dev protocols negatives"
    own_usage="\
  --corpus DIR      LibriSpeech, if it is not in --data
  --alignments PATH TextGrids, a .ctm, or CSVs audio_filename,start,end,text (default: alignments/ in either folder)
  --csv DIR         libriphrase_diffspk_all_{1..4}word.csv (default: libriphrase/ in either folder)
  --wavs DIR        segments that LibriPhrase's script has cut (default: cut from LibriSpeech by the alignments)
  --build PARTS     build a test set from these parts, with --seed, instead of reading CSVs; --pairs N is 3
  --train PARTS     parts to train on, comma separated, or none (likewise --dev PARTS, --test PARTS)
  --least N --most N  occurrences that a phrase needs in training, and that are kept (default 2 and 50)
  --protocols NAMES phonmatchnet, mmkws, clap_ipa (default: all three)"
}

get_data() {
    local wanted
    # shellcheck disable=SC2154 # set by tools/recipe.sh
    read -ra wanted < <(python "$recipe/prepare.py" --parts "$@") || true
    if [[ " $* " = *" --corpus "* ]] || ((${#wanted[@]} == 0)); then
        echo "nothing of LibriSpeech to fetch (wanted: ${wanted[*]:-nothing})"
    else
        # shellcheck disable=SC2154 # set by tools/recipe.sh
        kwskit fetch "${wanted[@]/#/librispeech-}" --to "$data"
        [[ " $* " = *" --alignments "* ]] || kwskit fetch librispeech-alignments --to "$data"
    fi
    if ! [[ " $* " = *" --csv "* || " $* " = *" --build "* ]]; then
        kwskit fetch libriphrase --to "$data"
    fi
}

prepare() {
    python "$recipe/prepare.py" "$@"
}

run_recipe "$@"
