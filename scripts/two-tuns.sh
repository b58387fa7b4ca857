# shellcheck shell=sh disable=SC2034,SC2154
# The steps of two-tuns-up, and of two-tuns-down. Read by them, not run.

# The table in which each end is the host's own, but only for what comes by its own device.
table=13

bind_setting=/proc/sys/net/ipv4/ip_nonlocal_bind

# Takes --stage and its value out of the options, and reads the rest as tun-up's.
read_stage_and_options() {
    case " $* " in
    *' --dev '*) usage "the two devices are tun0 and tun1; '--dev' is not an option" ;;
    *' --stage '*)
        rest=
        while [ $# -gt 0 ]; do
            case $1 in
            --stage)
                stage=${2-}
                shift
                ;;
            *[!a-zA-Z0-9./_-]*) usage "'$1' is no value that an option takes" ;;
            *) rest="$rest $1" ;;
            esac
            [ $# -eq 0 ] || shift
        done
        # shellcheck disable=SC2086 # the options, one word each
        set -- $rest
        ;;
    esac
    case $stage in [1-4]) ;; *) usage "'$stage' is no stage; there are 1, 2, 3 and 4" ;; esac
    read_options "$@"
    [ "$address" != "$peer" ] || usage "--addr and --peer are the two ends, so they must differ"
}

refuse_foreign_table() {
    foreign=$(ip -4 route show table "$table" 2>/dev/null |
        grep -v -F -e " dev $device " -e " dev $second " | head -n 1 || true)
    [ -z "$foreign" ] || die "routing table $table is in use by others: '$foreign';" \
        "work in a private network instead: scripts/in-netns"
}

# make_end DEVICE ADDRESS PEER: makes one of the devices, unless it is there already.
make_end() {
    if link=$(ip -details -oneline link show dev "$1" 2>/dev/null); then
        case $link in
        *"tun type tun "*"alias two-tuns-up"*) say "$1 is there already" >&2 ;;
        *) die "$1 is there already and not of two-tuns-up's making; take it away first: scripts/tun-down --dev $1" ;;
        esac
    else
        run ip tuntap add dev "$1" mode tun user "$user"
        made_both="$made_both $1"
        run ip link set dev "$1" alias two-tuns-up
        (device=$1 && keep_quiet)
        run ip address add "$2" peer "$3" dev "$1"
    fi
    run ip link set dev "$1" mtu "$mtu" up
}

# If the script fails, the devices that it made go again.
undo_both() {
    status=$?
    if [ "$status" -ne 0 ] && [ -n "$made_both" ]; then
        for made in $made_both; do
            stop_taking_what_comes_by "$made"
            restore_bind_setting "$made"
            run ip link delete dev "$made"
        done
    fi
    exit "$status"
}

# What the setting was stands at the device, so that two-tuns-down finds it there.
remember_bind_setting() {
    alias_of "$device" | grep -q ' was ' ||
        run ip link set dev "$device" alias "two-tuns-up: ip_nonlocal_bind was $(cat "$bind_setting")"
}

alias_of() {
    ip -details -oneline link show dev "$1" 2>/dev/null | sed -n 's/.*alias \(two-tuns-up.*\)/\1/p'
}

allow_binding() {
    [ "$(cat "$bind_setting")" = 1 ] || run sysctl -q -w net.ipv4.ip_nonlocal_bind=1
}

restore_bind_setting() {
    was=$(alias_of "$1" | sed -n 's/.*ip_nonlocal_bind was \([01]\).*/\1/p')
    [ -z "$was" ] || [ "$(cat "$bind_setting")" = "$was" ] ||
        run sysctl -q -w "net.ipv4.ip_nonlocal_bind=$was"
}

# What is for the address leaves by the route to the other device's peer, as if it were another
# host's.
send_instead_of_answering() {
    [ -z "$(ip -4 route show table local dev "$1" type local "$2")" ] ||
        run ip route del local "$2" dev "$1" table local
}

take_what_comes_by() {
    run ip route replace local "$2" dev "$1" table "$table"
    has_rule "$1" || run ip rule add iif "$1" lookup "$table"
}

stop_taking_what_comes_by() {
    while has_rule "$1"; do
        run ip rule del iif "$1" lookup "$table"
    done
}

has_rule() { ip -4 rule show | grep -q -E " iif $1 .*lookup $table( |\$)"; }
