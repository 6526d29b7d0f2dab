# shellcheck shell=bash
# Puts a Python that can run kwskit first on PATH. Source it:  . tools/env.sh "EXTRA,EXTRA"; "" is for spotting, and
# train for recipes.
#
# 1. The active venv or conda environment (or any python on PATH), where it has what setup.cfg asks for.
# 2. Otherwise, in a checkout, .venv in the repository, made on first use by tools/make_venv.sh. What is installed there is
#    stamped, so that later calls start no Python. An active environment that lacks something is left alone.

# shellcheck source=tools/venv_stamp.sh
. "$(dirname "${BASH_SOURCE[0]}")/venv_stamp.sh"

kwskit_env() {
    local root extras=$1 venv active lacks
    root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || return
    venv=$root/.venv
    active=${VIRTUAL_ENV:-${CONDA_PREFIX:-}}
    [ "$active" != "$venv" ] || active=
    [ -z "$active" ] || PATH=$active/bin:$PATH

    if [ ! -f "$root/setup.cfg" ]; then # of an installed package, whose environment is a person's own
        lacks=$(python "$root/tools/check_environment.py" "$root" "$extras" 2>/dev/null) && return
        echo "tools/env.sh: $(command -v python || echo "no python on PATH, which") lacks ${lacks:-kwskit}:" \
            "python -m pip install 'kwskit${extras:+[$extras]}'" >&2
        return 1
    fi
    if [ -z "$active" ] && venv_is_stamped "$root" "$extras"; then
        kwskit_env_activate "$venv"
        return
    fi
    if lacks=$(python "$root/tools/check_environment.py" "$root" "$extras" 2>/dev/null); then
        export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}" # this checkout, whatever is installed
        return
    fi
    if [ -n "$active" ]; then
        echo "tools/env.sh: the active environment $active lacks ${lacks:-a working Python >= 3.10}." \
            "It is left as it is, and $venv is used." \
            "To use yours: python -m pip install -e '$root${extras:+[$extras]}'" >&2
    fi
    if ! venv_is_stamped "$root" "$extras"; then
        bash "$root/tools/make_venv.sh" "$root" "$extras" || return
    fi
    kwskit_env_activate "$venv"
}

kwskit_env_activate() {
    export VIRTUAL_ENV="$1" PATH="$1/bin:$PATH"
    unset PYTHONHOME
    if [ -n "${PYTHONDONTWRITEBYTECODE:-}" ]; then # as in containers
        # Packages come uncompiled (tools/make_venv.sh): without bytecode every process would compile torch anew.
        unset PYTHONDONTWRITEBYTECODE
        export PYTHONPYCACHEPREFIX="$1/bytecode"
    fi
    hash -r
}

kwskit_env "${1:-}"
