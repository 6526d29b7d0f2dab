# shellcheck shell=bash
# The staged runner of every recipe. A recipe's run.sh sources this file, defines get_data (stage 0) and calls
# run_recipe "$@";  stage 1 is the recipe's prepare.py. recipes/synth/run.sh is an example.
#
# get_data and prepare.py are called with  --data DIR --size NAME --jobs N [--executor ADDRESS] [--seed N] [--strict]  and with those of the
# recipe's own flags that were given;  $recipe is the recipe's folder. Its own flags are those that prepare.py adds:
#   parser.add_argument("--words", type=int, default=50, metavar="N", help="number of words (default %(default)s)")
# Name, metavar and help are written out, since tools/recipe_flags.py reads them without running the file: no loops and
# f-strings. A flag with an action, such as store_true, takes no value and is prepare.py's alone.
#
# A recipe may set, before the call:
#   extras         extras of setup.cfg that it needs beside train, e.g. voices,voices-gpl (default: none)
#   default_size   default of --size (default: small)
#   base_config    default of --config (default: recipes/hparams/adml.yaml); over it come recipes/hparams/SIZE.yaml and
#                  the recipe's hparams/corpus.yaml, where they exist
#   own_usage      what --help says of flags that run.sh itself rewrites, a line each
#   zero_shot      1: nothing is trained here, stage 3 takes the model that --model names
#   data_with_exp  1: the data are those of one run, and --data is EXP/data unless given
# A recipe that does a stage in its own way defines prepare, or stage_N, which is called in the place of the runner's.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/flags.sh
. "$repository/tools/flags.sh"
recipe=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
package=$repository/kwskit
[ ! -f "$repository/../recipe_folder.py" ] || package=$(dirname "$repository") # installed, the repository is kwskit/share
# What kwskit recipe copy has copied has this YAML of its own.
hparams=$repository/recipes/hparams
[ ! -f "$recipe/hparams/adml.yaml" ] || hparams=$recipe/hparams
extras='' default_size=small base_config=$hparams/adml.yaml own_usage=''
zero_shot=0 data_with_exp=0
stage_names=("get data" "prepare manifests and trials" "pack store and pronunciations" train "embed and score" report)

usage() {
    cat <<EOF
Usage: bash $0 [--FLAG VALUE]... [--KEY.KEY VALUE]...

Stages: 0 get data, 1 prepare manifests and trials, 2 pack store and pronunciations, 3 train, 4 embed and
score, 5 report. A stage skips what is done, and can be repeated.

  --stage N         first stage to run (default 0)
  --stop_stage N    last stage to run (default 5)
  --size NAME       size of the corpus, and of the model by recipes/hparams/NAME.yaml (default $default_size)
  --config FILE     YAML of the experiment, instead of ${base_config#"$repository/"} with the size's and the corpus' overlays
  --overlay FILE    YAML merged over the experiment (repeatable, in order)
  --plugin FILE     Python file that registers parts (repeatable)
  --data DIR        folder of the corpus (default $recipe/data/SIZE)
  --exp DIR         folder of the run (default $recipe/exp/SIZE, with _NAME for each --config, --overlay and --model)
  --model DIR       model that is taken instead of training one, e.g. recipes/synth/exp/small/model
  --seed N          seed of the random draws of corpus, trials and training
  --words-dir DIR   recordings that are scored as well: a folder a word, or a TSV with the columns word and path
  --strict          data that cannot be used stop the recipe; otherwise they are left out, counted and reported
  --jobs N          number of processes that make and read data (default: one a core)
  --executor ADDRESS  dask://HOST:PORT, a cluster whose workers do that in the place of processes; see egs/cluster
  --ngpu N          number of GPUs to train and score on in each machine; 0 is the CPU (default: one GPU where there is one)
  --nproc N         number of processes that share the work in each machine, with --ngpu 0 (default 1)
  --nnodes N        number of machines to train and score on (default 1); see egs/torchrun and egs/slurm
  --KEY.KEY VALUE   value of the YAML to override, e.g. --losses.phn.weight 0.3 --training.epochs 20
EOF
    [ -z "$prepare_usage$own_usage" ] || printf '\nOf this corpus:\n'
    [ -z "$prepare_usage" ] || printf '%s\n' "$prepare_usage"
    [ -z "$own_usage" ] || printf '%s\n' "$own_usage"
}

# Sets prepare_usage: what prepare.py takes, a paragraph "  --name METAVAR  help" for each flag. There may be no
# environment yet, so any Python reads it.
read_prepare_usage() {
    local python
    for python in ${KWSKIT_PYTHON:+"$KWSKIT_PYTHON"} python3 python3.1{3,2,1,0}; do
        prepare_usage=$("$python" "$repository/tools/recipe_flags.py" "$recipe/prepare.py" 2>/dev/null) && return
        (($? != 3)) || complain "$prepare_usage"
    done
    complain "no Python >= 3.10 was found (python3, python3.13 ... python3.10); name one: KWSKIT_PYTHON=/path/to/python3"
}

# Flags may be written --flag VALUE or --flag=VALUE; what is no flag of the runner overrides the YAML.
parse_flags() {
    stage=0 stop_stage=5 size=$default_size config='' data='' exp='' seed='' words_dir='' ngpu='' nproc=1 nnodes=1 model=''
    jobs=$(getconf _NPROCESSORS_ONLN)
    yamls=() train_flags=() plugin_flags=() override_flags=() strict_flag=() executor_flag=() given_own_flags=()
    read_prepare_usage
    local flag value overlays='' names='' path
    while (($#)); do
        case $1 in
        -h | --help) usage && exit ;;
        --strict) strict_flag=(--strict) && shift && continue ;;
        --?*=*) flag=${1%%=*} value=${1#*=} && shift ;;
        --?*)
            if (($# < 2)) || [[ $2 = --* ]]; then complain "$1 needs a value (see --help)"; fi
            flag=$1 value=$2 && shift 2
            ;;
        *) complain "unexpected '$1': flags look like --size small (see --help)" ;;
        esac
        [ -n "$value" ] || complain "$flag needs a value (see --help)"
        case $flag in
        --stage | --stop_stage) need_number "$flag" "$value" 0 5 && printf -v "${flag#--}" %s "$value" ;;
        --size) need_size "$flag" "$value" && size=$value ;;
        --data | --exp) need_folder "$flag" "$value" && printf -v "${flag#--}" %s "$value" ;;
        --words-dir) need_path "$flag" "$value" && words_dir=$value ;;
        --seed) need_number "$flag" "$value" 0 2147483647 && seed=$value ;;
        --jobs) need_number "$flag" "$value" 1 4096 && jobs=$value ;;
        --executor) executor_flag=(--executor "$value") ;;
        --ngpu) need_number "$flag" "$value" 0 1024 && ngpu=$value ;;
        --nproc) need_number "$flag" "$value" 1 1024 && nproc=$value ;;
        --nnodes) need_number "$flag" "$value" 1 65536 && nnodes=$value ;;
        --plugin) need_file "$flag" "$value" && plugin_flags+=(--plugin "$value") ;;
        --config) need_file "$flag" "$value" && config=$value ;;
        --overlay) need_file "$flag" "$value" && overlays+=$value$'\n' ;;
        --model)
            # Models that come with kwskit have names, which kwskit adopt knows.
            [ -d "$package/models/$value" ] || need_path "$flag" "$value/model.safetensors"
            model=$value
            ;;
        *)
            if [[ $'\n'$prepare_usage = *$'\n'"  $flag "* ]]; then
                given_own_flags+=("$flag" "$value")
            else
                override_flags+=("$flag" "$value")
            fi
            ;;
        esac
    done
    ((nproc == 1 || ${ngpu:-1} == 0)) || complain "--nproc $nproc goes with --ngpu 0: a GPU has one process"
    ((stage <= stop_stage)) || complain "--stage $stage comes after --stop_stage $stop_stage"

    if [ -n "$config" ]; then
        names=_$(basename "${config%.*}")
        yamls=("$config")
    else
        need_file --config "$base_config"
        yamls=("$base_config")
        for path in "$hparams/$size.yaml" "$recipe/hparams/corpus.yaml"; do
            [ ! -f "$path" ] || yamls+=("$path")
        done
    fi
    while IFS= read -r path; do
        [ -n "$path" ] || continue
        names+=_$(basename "${path%.*}")
        yamls+=("$path")
    done <<<"$overlays"
    if [ -n "$model" ]; then
        if [ -d "$model" ]; then names+=_$(basename "$(cd "$model/.." && pwd)"); else names+=_$model; fi
    elif ((zero_shot && stage <= 3 && stop_stage >= 3)); then
        complain "--model is missing: this recipe scores a model trained elsewhere, e.g. recipes/synth/exp/small/model"
    fi
    exp=${exp:-$recipe/exp/$size$names}
    if ((data_with_exp)); then data=${data:-$exp/data}; else data=${data:-$recipe/data/$size}; fi
    check_overrides

    train_flags=(--config "${yamls[0]}")
    for path in "${yamls[@]:1}"; do train_flags+=(--overlay "$path"); done
    train_flags+=(--data "$data" --exp "$exp" ${seed:+--seed "$seed"})
}

# A mistyped flag shall not pass for an override and be found out in stage 3.
check_overrides() {
    local index flag key
    for ((index = 0; index < ${#override_flags[@]}; index += 2)); do
        flag=${override_flags[index]} key=${override_flags[index]#--}
        grep -q "^${key%%[.[]*}:" "${yamls[@]}" ||
            complain "$flag is no flag of this script (see --help) and no key of ${yamls[*]}"
    done
}

kwskit() { python -m kwskit "$@"; }

prepare() { python "$recipe/prepare.py" "$@"; }

# With several processes torchrun starts them; on several machines they meet at MASTER_ADDR:MASTER_PORT.
kwskit_on_gpus() {
    local launcher=(python) processes=$((${ngpu:-1} > 0 ? ${ngpu:-1} : nproc))
    if ((nnodes * processes > 1)); then
        # One thread a process, as torchrun would choose with a warning; no warnings of torch's C++ from each.
        launcher=(env "OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}" "TORCH_CPP_LOG_LEVEL=${TORCH_CPP_LOG_LEVEL:-ERROR}" python)
        launcher+=(-m torch.distributed.run --nproc_per_node "$processes")
        if ((nnodes > 1)); then
            launcher+=(--nnodes "$nnodes" --rdzv_backend c10d --rdzv_id "${SLURM_JOB_ID:-kwskit}")
            launcher+=(--rdzv_endpoint "$MASTER_ADDR:${MASTER_PORT:-29500}")
        else
            launcher+=(--standalone)
        fi
    fi
    "${launcher[@]}" -m kwskit "$@"
}

run_stage() {
    local device_flags=() data_flags=(--data "$data" --size "$size" --jobs "$jobs")
    [ "$ngpu" != 0 ] || device_flags=(--device cpu)
    # "${a[@]+"${a[@]}"}" is an array that may be empty, for the bash of macOS.
    data_flags+=("${executor_flag[@]+"${executor_flag[@]}"}" ${seed:+--seed "$seed"})
    data_flags+=("${strict_flag[@]+"${strict_flag[@]}"}" "${given_own_flags[@]+"${given_own_flags[@]}"}")
    if declare -F "stage_$1" >/dev/null; then
        "stage_$1"
        return
    fi
    case $1 in
    0) get_data "${data_flags[@]}" ;;
    1) prepare "${data_flags[@]}" ;;
    2) kwskit pack --data "$data" --jobs "$jobs" "${executor_flag[@]+"${executor_flag[@]}"}" "${strict_flag[@]+"${strict_flag[@]}"}" ;;
    3)
        if [ -n "$model" ]; then
            kwskit adopt --model "$model" --exp "$exp" "${plugin_flags[@]+"${plugin_flags[@]}"}"
            return
        fi
        kwskit_on_gpus train "${train_flags[@]}" "${plugin_flags[@]+"${plugin_flags[@]}"}" "${device_flags[@]+"${device_flags[@]}"}" \
            "${override_flags[@]+"${override_flags[@]}"}"
        ;;
    4)
        kwskit_on_gpus score --data "$data" --exp "$exp" ${words_dir:+--words-dir "$words_dir"} \
            "${plugin_flags[@]+"${plugin_flags[@]}"}" "${device_flags[@]+"${device_flags[@]}"}"
        ;;
    5) kwskit report --data "$data" --exp "$exp" "${plugin_flags[@]+"${plugin_flags[@]}"}" ;;
    esac
}

tell_failure() {
    local status=$?
    if ((status)); then
        echo "${0##*/}: stage $current (${stage_names[current]}) did not finish;" \
            "what is done is kept: go on with --stage $current" >&2
    fi
}

run_recipe() {
    parse_flags "$@"
    if [[ $package != "$repository"/* && $recipe = "$repository"/* ]]; then
        complain "this folder belongs to the installed kwskit: kwskit recipe copy ${recipe##*/} DIR, and run it in DIR"
    fi
    if ((nnodes > 1)); then
        ((stage >= 3 && stop_stage <= 4)) ||
            complain "--nnodes $nnodes: run it with --stage 3 --stop_stage 4 on each machine, the other stages on one"
        [ -n "${MASTER_ADDR:-}" ] || complain "--nnodes $nnodes: set MASTER_ADDR to the name of one of the machines"
    fi
    # shellcheck source=tools/env.sh
    . "$repository/tools/env.sh" "train${extras:+,$extras}"
    export PYTHONUNBUFFERED=1
    export KWSKIT_COMMAND="bash ${recipe#"$repository/"}/run.sh${*:+ $*}" # the results say what made them

    local began_all=$SECONDS began
    current=$stage
    trap tell_failure EXIT
    for (( ; current <= stop_stage; current++)); do
        echo "== stage $current: ${stage_names[current]}"
        began=$SECONDS
        run_stage "$current"
        echo "== stage $current done in $((SECONDS - began)) s"
    done
    trap - EXIT
    echo "== all done in $((SECONDS - began_all)) s"
    if ((stop_stage == 5)); then
        echo
        # The headline and the first table; the rest is there to read.
        awk '/^\|/ { table = 1 } table && !/^\|/ { exit } { print }' "$exp/report/RESULTS.md"
        echo
        echo "All tables: $exp/report/RESULTS.md"
        echo "Pictures and sounds: $exp/report/index.html"
    fi
}
