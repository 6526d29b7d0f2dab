#!/usr/bin/env bash
# Fine-tunes a trained model on recordings of one's own, a folder a word, and scores it before and after.
#   bash recipes/finetune/run.sh --model recipes/synth/exp/small/model --words my_words --out exp/mine
#   bash recipes/finetune/run.sh --model english --words my_words --dev other_people --replay manifest.tsv
#   bash recipes/finetune/run.sh --help                      all flags
set -euo pipefail
# shellcheck source=tools/recipe.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/recipe.sh"

# shellcheck disable=SC2034 # read by tools/recipe.sh
{
    default_size=own # one size: the overlays of sizes are of models, and this one is made
    base_config=$recipe/hparams/finetune.yaml
    data_with_exp=1
    [[ " $* " != *" --model"[\ =]"english "* ]] || extras=speech-embedding # its front end, which is not in the package
    stage_names[3]=fine-tune
    own_usage="\
  --epochs N        number of epochs, as --training.epochs N
  --out DIR         folder of the run, as --exp DIR"
}

arguments=() words='' model_given=''
for argument in "$@"; do
    case $argument in
    --epochs | --epochs=*) argument=--training.epochs${argument#--epochs} ;;
    --out | --out=*) argument=--exp${argument#--out} ;;
    --words | --words=*) words=1 ;;
    --model | --model=*) model_given=1 ;;
    -h | --help) words=1 model_given=1 ;;
    esac
    arguments+=("$argument")
done
# Nothing is kept for a test then.
if [[ " $* " = *" --split_speakers"[\ =]"0 "* ]]; then arguments=(--stop_stage 3 "${arguments[@]}"); fi
[ -n "$model_given" ] || complain "--model is missing: what shall be fine-tuned, e.g. recipes/synth/exp/small/model"
[ -n "$words" ] || complain "--words is missing: a folder a word, with recordings inside"

get_data() {
    echo "nothing to fetch: the recordings are your own"
}

# What is in $exp/before is what the report compares with.
# shellcheck disable=SC2154 # all of them are set by tools/recipe.sh
stage_3() {
    local before=$exp/before/model kind path keywords overlays=() lexicon=()
    kwskit adopt --model "$model" --exp "$exp/before" "${plugin_flags[@]+"${plugin_flags[@]}"}"
    kind=$(sed -n 's/^system: *!system:\([A-Za-z0-9_]*\).*/\1/p' "$before/model.yaml")
    [ -f "$recipe/hparams/$kind.yaml" ] ||
        echo "$recipe/hparams has no losses for the system $kind: --overlay one with system: losses:" >&2
    for path in "${yamls[0]}" "$recipe/hparams/$kind.yaml" "${yamls[@]:1}"; do
        [ ! -f "$path" ] || overlays+=(--overlay "$path")
    done
    [ ! -f "$before/lexicon.tsv" ] || lexicon=(--tokenizer.lexicon "$before/lexicon.tsv")
    keywords=$(python "$recipe/batch_words.py" "$data/store/train")
    kwskit_on_gpus train --config "$before/model.yaml" "${overlays[@]}" --data "$data" --exp "$exp" \
        ${seed:+--seed "$seed"} "${plugin_flags[@]+"${plugin_flags[@]}"}" "${device_flags[@]+"${device_flags[@]}"}" \
        "${lexicon[@]+"${lexicon[@]}"}" --training.init "$model" --training.keywords "$keywords" \
        "${override_flags[@]+"${override_flags[@]}"}"
}

run_recipe "${arguments[@]}"
