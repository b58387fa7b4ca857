# shellcheck shell=sh disable=SC2034,SC2154
# The steps of bridge-up, and of bridge-down. Read by them, not run. What bridge-up makes has an
# alias, by which bridge-down knows it.

made_by=bridge-up

check_names() {
    far=$veth-far
    for named in "$device" "$bridge" "$veth" "$far"; do
        case $named in *[!A-Za-z0-9._-]* | '') usage "'$named' is no name of a device" ;; esac
        [ ${#named} -le 15 ] || usage "'$named' has ${#named} characters, a device's name at most 15"
    done
    [ "$(printf '%s\n' "$device" "$bridge" "$veth" | sort -u | wc -l)" -eq 3 ] ||
        usage "--dev, --bridge and --veth are three devices, so their names must differ"
}

link_of() { ip -details -oneline link show dev "$1" 2>/dev/null; }
is_there() { link_of "$1" >/dev/null; }
is_up() { link_of "$1" | grep -q '[<,]UP[,>]'; }
is_ours() { link_of "$1" | grep -q "alias $made_by"; }
ports_of() { ip -oneline link show master "$1" | sed 's/^[0-9]*: \([^:@]*\).*/\1/'; }
has_address() { ip -4 -oneline address show dev "$bridge" | grep -q -F " inet $address "; }

refuse_others() {
    for named in "$device" "$bridge" "$veth"; do
        ! is_there "$named" || is_ours "$named" ||
            die "$named is there already and not of bridge-up's making; choose another name"
    done
}

# Where one of them is missing, all that were made in this run go again.
undo_all() {
    status=$?
    if [ "$status" -ne 0 ]; then
        for named in $made; do
            run ip link delete dev "$named"
        done
    fi
    exit "$status"
}

# Marks what was just made, and has the kernel not speak first on it.
mark() {
    made="$1 $made"
    run ip link set dev "$1" alias "$made_by"
    hush "$1"
}

hush() {
    quiet=/proc/sys/net/ipv6/conf/$1/disable_ipv6
    [ -e "$quiet" ] || return 0
    echo "+ echo 1 > $quiet" >&2
    echo 1 >"$quiet"
}

# Without spanning tree a port forwards at once, instead of listening for 30 seconds first.
make_bridge() {
    if is_there "$bridge"; then
        say "$bridge is there already" >&2
        return
    fi
    if [ "$with" = brctl ]; then
        run brctl addbr "$bridge"
        run brctl stp "$bridge" off
        run brctl setfd "$bridge" 0
    else
        run ip link add name "$bridge" type bridge stp_state 0 forward_delay 0
    fi
    mark "$bridge"
}

make_tap() {
    if is_there "$device"; then
        say "$device is there already" >&2
        return
    fi
    run ip tuntap add dev "$device" mode tap user "$user"
    mark "$device"
}

make_veth() {
    if is_there "$veth"; then
        say "$veth is there already" >&2
        return
    fi
    run ip link add name "$veth" type veth peer name "$far"
    mark "$veth"
    hush "$far"
}

be_a_port() {
    case " $(ports_of "$bridge" | tr '\n' ' ') " in *" $1 "*) return ;; esac
    if [ "$with" = brctl ]; then
        run brctl addif "$bridge" "$1"
    else
        run ip link set dev "$1" master "$bridge"
    fi
}
