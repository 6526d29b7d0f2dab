# shellcheck shell=bash
# The papers' tables on a recipe's corpus. Its run_table.sh sources this file and calls  run_tables "$@".
#
# Tables are recipes/tables/NAME.yaml. A recipe may set, before the call:
#   extras         extras of setup.cfg that it needs beside train (default: none)
#   own_tables     folder in recipes/tables whose tables come before those of the same name beside it (default: none)
# and defines make_corpus, which is called where its data are not there:  $size and $data are what was asked for.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/flags.sh
. "$repository/tools/flags.sh"
recipe=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
# What kwskit recipe copy has copied has the YAML that recipes share in folders of its own.
shared=$repository/recipes
[ ! -f "$recipe/hparams/adml.yaml" ] || shared=$recipe
every_table="adml1 adml2 adml3 adml4 jmcl"
extras='' own_tables=''

usage() {
    cat <<END
Usage: bash $0 --table NAME [--FLAG VALUE]... [--KEY.KEY VALUE]...

Trains and scores every row of a table with every seed, where that is not done yet, and writes
EXP/NAME.md, .tex and .json. It can be stopped at any time and repeated.

  --table NAME      adml1, adml2, adml3, adml4, jmcl, or a YAML file; repeatable; all is the five
  --seeds N         trainings of a row (default 3)
  --size NAME       size of the corpus, and of the models by recipes/hparams/NAME.yaml and, where there
                    is one, recipes/hparams/tables/NAME.yaml (default small)
  --jobs N          runs at a time (default: one on a GPU, else one a core)
  --device NAME     cpu, cuda, cuda:1 ... (default: cuda where there is one)
  --plugin FILE     Python file that registers parts; repeatable
  --data DIR        corpus (default $recipe/data/SIZE); it is made where it is missing
  --exp DIR         tables and their runs (default $recipe/exp/tables/SIZE)
  --gather-only     train nothing: write the tables of what is there
  --KEY.KEY VALUE   overrides the YAML of every row, e.g. --training.epochs 20
END
}

run_tables() {
    local tables=() flags=() size=small data='' exp='' given=("$@") name file flag value hparams yamls
    while (($#)); do
        case $1 in
        -h | --help) usage && exit ;;
        --gather-only) flags+=("$1") && shift && continue ;;
        --?*=*) flag=${1%%=*} value=${1#*=} && shift ;;
        --?*)
            if (($# < 2)) || [[ $2 = --* ]]; then complain "$1 needs a value (see --help)"; fi
            flag=$1 value=$2 && shift 2
            ;;
        *) complain "unexpected '$1': flags look like --size small (see --help)" ;;
        esac
        case $flag in
        --table)
            for name in ${value/#all/$every_table}; do
                file=$shared/tables/${own_tables:+$own_tables/}$name.yaml
                [ -f "$file" ] || file=$shared/tables/$name.yaml
                [ -f "$file" ] || file=$name
                [ -f "$file" ] || complain "--table: there is neither $shared/tables/$name.yaml nor a file $name"
                tables+=("$file")
            done
            ;;
        --size) need_size "$flag" "$value" && size=$value ;;
        --data | --exp) need_folder "$flag" "$value" && printf -v "${flag#--}" %s "$value" ;;
        --seeds | --jobs) need_number "$flag" "$value" 1 4096 && flags+=("$flag" "$value") ;;
        --plugin) need_file "$flag" "$value" && flags+=("$flag" "$value") ;;
        --config | --overlay) complain "$flag: the rows of a table say what they differ in; --KEY.KEY VALUE changes all" ;;
        *) flags+=("$flag" "$value") ;;
        esac
    done
    ((${#tables[@]})) || complain "--table is missing: adml1, adml2, adml3, adml4, jmcl, all or a YAML file"
    data=${data:-$recipe/data/$size} exp=${exp:-$recipe/exp/tables/$size}

    hparams=$shared/hparams
    yamls=(--config "$hparams/adml.yaml")
    for file in "$hparams/$size.yaml" "$hparams/tables/$size.yaml"; do
        [ ! -f "$file" ] || yamls+=(--overlay "$file")
    done

    # shellcheck source=tools/env.sh
    . "$repository/tools/env.sh" "train${extras:+,$extras}"
    [ -d "$data/store/test" ] || make_corpus
    export PYTHONUNBUFFERED=1
    export KWSKIT_COMMAND="bash ${recipe#"$repository/"}/run_table.sh ${given[*]}" # the tables say what made them
    exec python -m kwskit table "${tables[@]}" "${yamls[@]}" --data "$data" --exp "$exp" ${flags[@]+"${flags[@]}"}
}
