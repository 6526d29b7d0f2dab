#!/usr/bin/env bash
# english-phonemes, the default model, in one go: its phonemes trained, joined to the words of english, and released.
#   bash recipes/english_small/english_phonemes.sh SPEECH MUSIC [--FLAG VALUE]...
# SPEECH holds LibriSpeech, common_voice and speechocean762 to train on and common_voice_untranscribed, a quarter of
# which sets thresholds together with MUSIC; flags are run.sh's. The model comes to EXP/english-phonemes.
set -euo pipefail
(($# >= 2)) || { sed -n '2,5s/^# //p' "$0" >&2 && exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
speech=$(cd "$1" && pwd) music=$(cd "$2" && pwd)
data=$here/data/english-phonemes exp=$here/exp/english-phonemes
shift 2

bash "$here/run.sh" --config "$here/hparams/english_phonemes.yaml" --data "$data" --exp "$exp" \
    --librispeech "$speech/LibriSpeech" --common_voice "$speech/common_voice" --speechocean762 "$speech/speechocean762" \
    --units utterances --hibari 1500 --flite 1500 --espeak 1000 --words 0 --utterances 0 "$@"

# shellcheck source=tools/env.sh
. "$here/../../tools/env.sh" train,voices,voices-gpl,speech-embedding,align,export
python "$here/join.py" --phonemes "$exp/model" --words "$here/../../kwskit/models/english" --to "$exp/joined"
python "$here/release.py" --exp "$exp/joined" --data "$data" --to "$exp/english-phonemes" \
    --facts "$here/english-phonemes.json" --hours 0.48 0.07 \
    --background "$speech/common_voice_untranscribed" --background "$music"
