# shellcheck shell=sh disable=SC2034
# What the scripts beside this one share. Read by them, not run.

# An ordinary user's PATH may leave out `ip` and its like, a fresh shell's may leave out cargo.
PATH=$PATH:/usr/sbin:/sbin:${HOME:-/root}/.cargo/bin
export PATH

name=${0##*/}
scripts=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=${scripts%/*}

# The comment at the top of the script, up to the first empty line, is its help.
help() { sed -n '3,/^$/s/^# \{0,1\}//p' "$0"; }

say() { printf '%s: %s\n' "$name" "$*"; }

# One line that says what is wrong and what mends it.
die() {
    say "$*" >&2
    exit 1
}

usage() {
    say "$* (see scripts/$name --help)" >&2
    exit 2
}

# Shows a command, then runs it.
run() {
    echo "+ $*" >&2
    "$@"
}

have() { command -v "$1" >/dev/null 2>&1; }

# Runs this script again as root, with the given arguments, unless it is root already.
become_root() {
    [ "$(id -u)" -ne 0 ] || return 0
    have sudo || die "only root may do this, and there is no sudo; as root run: $0 $*"
    echo "+ sudo $0 $*" >&2
    exec sudo "$0" "$@"
}

# Attaches strata to tun0 in the background, for the script's lifetime: with the given options
# it serves the peer address. Its number is then in $strata.
start_strata() {
    run "$scripts/tun-up"
    echo "+ strata serve $* &" >&2
    "${STRATA_BIN:-$(strata_folder)/strata}" serve "$@" &
    strata=$!
    trap 'kill "$strata" 2>/dev/null || true' EXIT
    run "$scripts/wait-for-link" tun0
}

# Ctrl-C for strata: it sums up what it counted. Its exit status is ours.
stop_strata() {
    run kill -INT "$strata"
    wait "$strata"
    trap - EXIT
}

# Prints the folder of the program strata as cargo builds it for development.
strata_folder() {
    target=$(cd "$root" && cargo metadata --no-deps --offline --format-version 1 |
        sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
    echo "$target/debug"
}
