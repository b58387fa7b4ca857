# shellcheck shell=sh disable=SC2034,SC2154
# What tun-up and tap-up share, and tun-down and tap-down. Read by them, not run. Each sets $kind
# (tun or tap) and the defaults of its options first.

# The kind as people write it.
kind_in_capitals() { echo "$kind" | tr '[:lower:]' '[:upper:]'; }

# Reads the options of tun-up and tap-up into $device, $address, $mtu and $user; for a TUN device
# into $peer, too.
read_options() {
    user=${SUDO_USER:-$(id -un)}
    while [ $# -gt 0 ]; do
        case $kind$1 in
        *-h | *--help) help && exit ;;
        *--dev | *--addr | tun--peer | *--mtu | *--user) [ $# -ge 2 ] || usage "$1 needs a value" ;;
        *) usage "'$1' is not an option" ;;
        esac
        case $1 in
        --dev) device=$2 ;;
        --addr) address=$2 ;;
        --peer) peer=$2 ;;
        --mtu) mtu=$2 ;;
        --user) user=$2 ;;
        esac
        shift 2
    done
    user=$(id -un -- "$user" 2>/dev/null) || usage "there is no user '$user' here"
    [ -n "$device" ] || usage "a device's name has at least one character"
    [ ${#device} -le 15 ] || usage "'$device' has ${#device} characters, a device's name at most 15"
}

# Routes by another device that cover an address (or network), or a part of it. A default route,
# also one that is written as two halves, covers everything and so means nothing. Where a script
# makes two devices, the other one is $second.
other_routes() {
    for which in match root; do
        ip -4 route show table all "$which" "$1"
    done | sed 's/ *$/ /' | grep -v -F \
        -e " dev $device " -e " dev ${second-$device} " -e 'default ' -e '0.0.0.0/1 ' -e '128.0.0.0/1 ' || true
}

# Ends the script if this machine has another way to an address, or to a part of a network.
refuse_taken() {
    ip -4 route show match "$1" >/dev/null 2>&1 || usage "'$1' is no IPv4 address"
    route=$(other_routes "$1" | head -n 1)
    [ -z "$route" ] || die "$1 is taken, this machine has a route for it: '${route% }';" \
        "$(way_out "$route")"
}

# $1: the route that is in the way. Says how to get it out of the way: it may be that of a device
# from here.
way_out() {
    other=$(echo "$1" | sed -n 's/.* dev \([^ ]*\) .*/\1/p')
    case $(ip -details -oneline link show dev "$other" 2>/dev/null) in
    *'tun type tun '*' persist on user '*) echo "take that away first: scripts/tun-down --dev $other" ;;
    *'tun type tap '*' persist on user '*) echo "take that away first: scripts/tap-down --dev $other" ;;
    *) echo "work in a private network instead: scripts/in-netns" ;;
    esac
}

# Makes the device, unless it is there already. If the script fails later on, the device that it
# made goes again.
make_device() {
    made=
    trap undo EXIT
    trap 'exit 130' INT TERM
    if link=$(ip -details -oneline link show dev "$device" 2>/dev/null); then
        case $link in
        *"tun type $kind "*" user $user "*) say "$device is there already" >&2 ;;
        *"tun type $kind "*) die "$device is there already but not for $user; take it away first: scripts/$kind-down --dev $device" ;;
        *) die "$device is there already and is no $(kind_in_capitals) device; choose another name: --dev NAME" ;;
        esac
    else
        run ip tuntap add dev "$device" mode "$kind" user "$user"
        made=yes
    fi
    keep_quiet
}

undo() {
    status=$?
    [ "$status" -eq 0 ] || [ -z "$made" ] || run ip link delete dev "$device"
    exit "$status"
}

# The kernel speaks first on a new link, in IPv6, which nobody here answers.
keep_quiet() {
    quiet=/proc/sys/net/ipv6/conf/$device/disable_ipv6
    [ -e "$quiet" ] || return 0
    echo "+ echo 1 > $quiet" >&2
    echo 1 >"$quiet"
}

# All of tun-down and tap-down: takes away $device, or the one that --dev names.
take_down() {
    case ${1-} in
    '') ;;
    -h | --help) help && exit ;;
    --dev)
        [ $# -eq 2 ] || usage "--dev needs one value, and nothing after it"
        device=$2
        ;;
    *) usage "'$1' is not an option" ;;
    esac

    if ! link=$(ip -details -oneline link show dev "$device" 2>/dev/null); then
        say "$device is not there, nothing to do" >&2
        exit 0
    fi
    case $link in
    *[,\<]LOWER_UP[,\>]*"tun type $kind "*)
        die "a program is attached to $device; end it first (Ctrl-C)"
        ;;
    *"tun type $kind "*) ;;
    *) die "$device is no $(kind_in_capitals) device, so $kind-up did not make it; it stays" ;;
    esac

    become_root --dev "$device"
    run ip link delete dev "$device"
}
