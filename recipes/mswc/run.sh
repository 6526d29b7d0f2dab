#!/usr/bin/env bash
# The Multilingual Spoken Words Corpus: the open corpus of single words with 340,000 keywords in 50 languages.
#   bash recipes/mswc/run.sh --ngpu 1                                    English, downloaded
#   bash recipes/mswc/run.sh --corpus /disk/mswc                         where en/clips and en_splits.csv are
#   bash recipes/mswc/run.sh --language de --overlay recipes/hparams/text/characters.yaml
#   bash recipes/mswc/run.sh --help                                      all flags
set -euo pipefail
# shellcheck source=tools/recipe.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/recipe.sh"

# shellcheck disable=SC2034 # read by tools/recipe.sh
default_size=full # ADML's own sizes

language=en
for ((position = 1; position <= $#; position++)); do
    case ${!position} in
    --language=*) language=${!position#*=} ;;
    --language) next=$((position + 1)) && language=${!next:-en} ;;
    esac
done

# Phonemes are those of English. Said before anything is downloaded.
check_tokenizer() {
    [ "$language" != en ] || return 0
    # shellcheck disable=SC2154 # set by tools/recipe.sh
    if { [ -n "$model" ] && grep -q '!tokenizer:phoneme' "$model/model.yaml"; } ||
        { [ -z "$model" ] && grep -h '^tokenizer:' "${yamls[@]}" | tail -n 1 | grep -q '!tokenizer:phoneme'; }; then
        complain "--language $language: the phoneme tokenizer speaks English only;" \
            "add --overlay recipes/hparams/text/characters.yaml${model:+, or take a model trained so}"
    fi
}

get_data() {
    check_tokenizer
    if [[ " $* " = *" --corpus "* ]]; then
        echo "nothing to fetch: the corpus is given"
        return
    fi
    local languages
    IFS=, read -ra languages <<<"$language"
    # shellcheck disable=SC2154 # set by tools/recipe.sh
    kwskit fetch "${languages[@]/#/mswc-}" --to "$data"
}

prepare() {
    check_tokenizer
    # shellcheck disable=SC2154 # set by tools/recipe.sh
    python "$recipe/prepare.py" "$@"
}

run_recipe "$@"
