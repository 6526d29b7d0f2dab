# shellcheck shell=bash
# What the scripts of recipes ask of their flags; sourced by them.

sizes="tiny small base full" # of corpora and models; a recipe may have another one as its default

complain() {
    echo "${0##*/}: $*" >&2
    exit 2
}

need_number() { # FLAG VALUE LEAST MOST
    if ! [[ $2 =~ ^[0-9]{1,10}$ ]] || ((10#$2 < $3 || 10#$2 > $4)); then
        complain "$1 takes a whole number from $3 to $4, not '$2'"
    fi
}

need_path() { # FLAG VALUE
    [ -e "$2" ] || complain "$1: '$2' does not exist (from $PWD)"
}

need_file() { # FLAG VALUE
    need_path "$1" "$2"
    [ ! -d "$2" ] || complain "$1: '$2' is a folder, not a file"
}

need_folder() { # FLAG VALUE; it may be made later
    [ ! -e "$2" ] || [ -d "$2" ] || complain "$1: '$2' is a file, not a folder"
}

need_size() { # FLAG VALUE
    [[ " $sizes ${default_size:-} " = *" $2 "* ]] || complain "$1: there is no size '$2'; there are: $sizes"
}
