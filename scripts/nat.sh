# shellcheck shell=sh disable=SC2034
# What nat-up and nat-down share. Read by them, not run.

# All of nat-up's is in one table of the firewall. What forwarding was before stands there too, so
# that it is found again and vanishes with the rest.
table=strata_nat

# The devices (`all` and `default` among them) on which forwarding is on.
forwarding_now() {
    for file in /proc/sys/net/ipv4/conf/*/forwarding; do
        [ "$(cat "$file")" = 0 ] || basename "$(dirname "$file")"
    done | tr '\n' ' '
}

# Those on which it was on before nat-up. Fails if nothing of nat-up's is there.
remembered() {
    listed=$(nft list set ip "$table" forwarded_before 2>/dev/null) || return 1
    echo "$listed" | sed -n '/elements/,/}/p' | grep -o '"[^"]*"' | tr -d '"' | tr '\n' ' '
}

# rules DEVICE NETWORK OUT BEFORE: the table, as nft reads it.
rules() {
    elements=
    for forwarding in $4; do
        elements="$elements${elements:+, }\"$forwarding\""
    done
    cat <<END
add table ip $table
delete table ip $table
table ip $table {
    set forwarded_before {
        type ifname
        ${elements:+elements = { $elements \}}
    }
    chain postrouting {
        type nat hook postrouting priority srcnat; policy accept;
        ip saddr $2 oifname "$3" masquerade comment "from $1"
    }
}
END
}

# Whether these are the rules that are there.
rules_are() {
    nft list chain ip "$table" postrouting 2>/dev/null |
        grep -q -F "ip saddr $2 oifname \"$3\" masquerade comment \"from $1\""
}

show_and_load() {
    echo "$1" | sed -e '/^ *$/d' -e 's/^/+ nft: /' >&2
    echo "$1" | nft -f - || die "the firewall does not take the rules"
}
