#!/usr/bin/env bash
# Makes or updates .venv in the repository: make_venv.sh ROOT EXTRA,EXTRA. Called by tools/env.sh.
#
# KWSKIT_PYTHON names the interpreter to make it with (default: python3.13 ... python3.10, python3).
set -euo pipefail

cpu_torch="torch==2.13.0"
cuda_torch="torch>=2.11,<2.15" # torch 2.15 is built for another CUDA than torchaudio 2.11
torchaudio="torchaudio==2.11.*"
cpu_index=https://download.pytorch.org/whl/cpu

root=$1 extras=$2
venv=$root/.venv
stamp=$venv/kwskit-stamp unfinished=$venv/kwskit-unfinished log=$venv/kwskit-install.log
# shellcheck source=tools/venv_stamp.sh
. "$root/tools/venv_stamp.sh"

say() { echo "tools/env.sh: $*" >&2; }

find_python() {
    local python
    for python in ${KWSKIT_PYTHON:+"$KWSKIT_PYTHON"} python3.13 python3.12 python3.11 python3.10 python3; do
        # ensurepip is what Debian leaves out where python3-venv is not installed.
        if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
            echo "$python"
            return
        elif [ "$python" = "${KWSKIT_PYTHON:-}" ]; then
            say "KWSKIT_PYTHON=$python is not a Python >= 3.10 with the venv module"
            return 1
        fi
    done
    say "no Python >= 3.10 with the venv module was found (python3.13 ... python3.10, python3)." \
        "On Debian and Ubuntu: apt-get install python3 python3-venv; or name one: KWSKIT_PYTHON=/path/to/python3"
    return 1
}

# Whether one of the extras brings torch, of which pip alone would take the CUDA build everywhere.
needs_torch() {
    case ",$extras," in *,train,* | *,zoo,*) ;; *) return 1 ;; esac
}

reaches() {
    if command -v curl >/dev/null; then
        curl -sfI -m 5 -o /dev/null "$1"
    else
        "$venv/bin/python" -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=5)' "$1" 2>/dev/null
    fi
}

# On a terminal the package at hand, over and over on one line; elsewhere one line before the long step.
show_progress() {
    local line
    while IFS= read -r line; do
        if [ -t 2 ]; then
            case $line in
            Collecting* | *Downloading* | Installing*) printf '\r\033[K%.*s' $((${COLUMNS:-80} - 1)) "$line" >&2 ;;
            esac
        elif [[ $line = "Installing collected packages"* ]]; then
            say "installing $(tr -cd , <<<"$line," | wc -c | tr -d ' ') packages"
        fi
    done
    if [ -t 2 ]; then printf '\r\033[K' >&2; fi
}

fail() {
    say "set-up failed; the end of $log:"
    tail -n 15 "$log" >&2
    exit 1
}

# Bytecode is compiled when a module is first imported: most of what is installed never is.
install() {
    "$venv/bin/python" -m pip install --no-compile --no-input --progress-bar off --disable-pip-version-check "$@" 2>&1 |
        tee -a "$log" | show_progress || fail
}

if command -v flock >/dev/null; then
    exec 9>"$root/.venv.lock"
    if ! flock -n 9; then
        say "waiting for another set-up of $venv"
        flock 9
    fi
    if venv_is_stamped "$root" "$extras"; then exit; fi # the other one made it
fi

began=$SECONDS
torch=cpu
if venv_has_gpu; then torch=cuda; fi
extras=$(tr , '\n' <<<"$extras,$(venv_stamped "$root" extras)" | sort -u | sed '/^$/d' | paste -sd, -)

if [ -f "$stamp" ] && [ -x "$venv/bin/python" ] && [ "$(venv_stamped "$root" root)" = "$root" ] &&
    [ "$(venv_stamped "$root" torch)" = "$torch" ]; then
    say "updating $venv"
    mv "$stamp" "$unfinished"
elif [ -f "$stamp" ] || [ -f "$unfinished" ] || [ ! -e "$venv" ]; then
    python=$(find_python)
    say "setting up $venv: $("$python" --version), $(if needs_torch; then echo "$torch build of"; else echo no; fi) torch;" \
        "this takes a minute or two"
    rm -rf "$venv"
    mkdir "$venv"
    touch "$unfinished" "$log"
    "$python" -m venv "$venv" >>"$log" 2>&1 || fail
else
    say "$venv was not made by this script and lacks something. Activate it and run" \
        "python -m pip install -e '$root${extras:+[$extras]}', or remove it"
    exit 1
fi

packages=("$cpu_torch" "$torchaudio")
if ! needs_torch; then
    packages=()
elif [ "$torch" = cuda ]; then
    packages=("$cuda_torch" "$torchaudio")
    if nvidia-smi | grep -Eq 'CUDA Version: *(9|1[0-2])\.'; then
        say "the NVIDIA driver is older than CUDA 13, which PyPI's torch is built for: torch will run on the CPU." \
            "Update the driver, or activate an environment whose torch fits it"
    fi
elif [ "$(uname)" = Linux ] && reaches "$cpu_index/torch/"; then
    install --extra-index-url "$cpu_index" "${packages[@]}" # on its own: only torch may come from there
fi
install "${packages[@]+"${packages[@]}"}" -e "$root${extras:+[$extras]}"

venv_stamp "$root" "$torch" "$extras" >"$stamp.partial"
mv "$stamp.partial" "$stamp"
rm -f "$unfinished"
say "$venv is ready after $((SECONDS - began)) s"
