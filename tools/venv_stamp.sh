# shellcheck shell=bash
# What tools/make_venv.sh has installed in .venv, written when it is done: the torch build, the extras, where
# the repository was (a venv cannot be moved), and a checksum of the files that decide what is installed.

venv_has_gpu() { command -v nvidia-smi >/dev/null && nvidia-smi -L 2>/dev/null | grep -q GPU; }

# venv_stamp ROOT TORCH EXTRAS: the stamp's text.
venv_stamp() {
    echo "torch=$2"
    echo "extras=$3"
    echo "root=$1"
    cat "$1/setup.cfg" "$1/pyproject.toml" "$1/tools/make_venv.sh" | cksum
}

# venv_stamped ROOT FIELD: the value that the stamp has for FIELD; nothing where there is no stamp.
venv_stamped() { sed -n "s/^$2=//p" "$1/.venv/kwskit-stamp" 2>/dev/null || true; }

# venv_is_stamped ROOT EXTRAS: whether .venv is finished, up to date, and has EXTRAS.
venv_is_stamped() {
    local torch extras extra
    [ -f "$1/.venv/kwskit-stamp" ] && [ -x "$1/.venv/bin/python" ] || return
    torch=$(venv_stamped "$1" torch) extras=$(venv_stamped "$1" extras)
    for extra in ${2//,/ }; do
        case ",$extras," in *",$extra,"*) ;; *) return 1 ;; esac
    done
    [ "$(venv_stamp "$1" "$torch" "$extras")" = "$(cat "$1/.venv/kwskit-stamp")" ] || return
    [ "$torch" = cuda ] || ! venv_has_gpu
}
