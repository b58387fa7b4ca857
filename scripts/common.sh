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

# Passes its input on, and shows it. (`tee /dev/stderr` would empty a file that stderr goes to.)
show() {
    while IFS= read -r line; do
        printf '%s\n' "$line" >&2
        printf '%s\n' "$line"
    done
}

have() { command -v "$1" >/dev/null 2>&1; }

# Runs this script again as root, with the given arguments, unless it is root already.
become_root() {
    [ "$(id -u)" -ne 0 ] || return 0
    have sudo || die "only root may do this, and there is no sudo; as root run: $0 $*"
    echo "+ sudo $0 $*" >&2
    exec sudo "$0" "$@"
}

# start_strata tun|tap [OPTION...]: makes tun0 or tap0, and attaches strata to it in the background,
# where it serves the peer address until stop_strata or the script's end. Its number is $strata.
start_strata() {
    kind=$1
    shift
    [ "$kind" = tun ] || set -- --tap "$@"
    run "$scripts/$kind-up"
    echo "+ strata serve $* &" >&2
    "$(strata_program)" serve "$@" &
    strata=$!
    trap 'kill "$strata" 2>/dev/null || true' EXIT
    run "$scripts/wait-for-link" "${kind}0"
}

# Ctrl-C for strata: it sums up what it counted. Its exit status is ours.
stop_strata() {
    run kill -INT "$strata"
    wait "$strata"
    trap - EXIT
}

# ask_by_nc LINE [tcp]: sends it to the stack's echo service, by UDP unless it says tcp, shows it,
# and prints what comes back.
ask_by_nc() {
    how=$([ "${2-}" = tcp ] || echo '-u ')
    echo "+ echo '$1' | nc ${how}-w 1 192.0.2.2 7" >&2
    # One kind of nc ends as soon as there is no more to send, another kind never.
    # shellcheck disable=SC2086 # an option or none
    { echo "$1" && sleep 0.5; } | timeout 5 nc $how -w 1 192.0.2.2 7 | show
}

# wait_for_port PORT [HOST]: waits until a program listens at the TCP port, on this host or on
# that other one; for ten seconds at most, with exit status 1 then.
wait_for_port() {
    tries=100
    until ${2:+"$scripts/other-host" "$2"} ss -H -l -t -n "sport = :$1" | grep -q .; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.1
    done
}

# The Python of the distribution, which knows the packages that scripts/setup installs. Another one
# may come first in PATH.
system_python() { if [ -x /usr/bin/python3 ]; then echo /usr/bin/python3; else echo python3; fi; }

# The program strata: STRATA_BIN if that is set, else as cargo builds it for development.
strata_program() { echo "${STRATA_BIN:-$(strata_folder)/strata}"; }

# Prints the folder of the program strata as cargo builds it for development.
strata_folder() {
    target=$(cd "$root" && cargo metadata --no-deps --offline --format-version 1 |
        sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
    echo "$target/debug"
}
