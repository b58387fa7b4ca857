# One target, one line on what it does; how it does it stands in scripts/.

# Where rustup puts cargo, for a shell that was opened before it did.
export PATH := $(PATH):$(HOME)/.cargo/bin

.PHONY: help ping-test traceroute-test udp-test nc-test http-test arp-test demo shell test lint conformance soak \
	wire-test two-tuns-test route-test nat-test bridge-test tunctl-test dump-test capture-test doctor-test \
	tunnel-test iperf3-test socks-test \
	fuzz mistakes mutants bench up down strata \
	milestone-0 milestone-1 milestone-2 milestone-3 milestone-4 milestone-5 milestone-6 \
	milestone-7 milestone-8 milestone-9 milestone-10 milestone-11 milestone-12 milestone-13 milestone-18

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\)[a-z0-9 -]*:.*## /\1 /p' $(MAKEFILE_LIST) | \
		while read -r target text; do printf '  make %-15s %s\n' $$target "$$text"; done

ping-test: strata ## the kernel pings the stack: 5 echo requests, 5 replies
	scripts/in-netns scripts/ping-test

traceroute-test: programs = traceroute
traceroute-test: strata ## the kernel's traceroute sees the stack one hop away, by UDP, ICMP and TCP
	scripts/in-netns scripts/traceroute-test

udp-test: programs = nc
udp-test: strata ## the kernel's nc gets its line back from the stack by UDP
	scripts/in-netns scripts/udp-test

nc-test: programs = nc
nc-test: strata ## nc by TCP: a line comes back, and a megabyte goes each way to and from strata nc
	scripts/in-netns scripts/nc-test

http-test: programs = curl wget
http-test: strata ## curl and wget fetch pages, parts and files from the stack
	scripts/in-netns scripts/http-test

arp-test: programs = arping
arp-test: strata ## on Ethernet: 5 ARP requests, 5 answers, and no first packet is lost
	scripts/in-netns scripts/arp-test

wire-test: programs = tcpdump
wire-test: strata ## the wire, live: NO-CARRIER to LOWER_UP, a ping to each end, the two routes
	scripts/in-netns scripts/wire-test

tunctl-test: strata ## devices that stay: made, shown and deleted
	scripts/in-netns scripts/tunctl-test

dump-test: strata ## one read is one ping: 84 bytes on TUN, 98 on TAP
	scripts/in-netns scripts/dump-test

capture-test: programs = nc
capture-test: strata ## all traffic for one address, out of the kernel and into strata dump
	scripts/in-netns scripts/capture-test

two-tuns-test: programs = curl ftp-server
two-tuns-test: strata ## both ends on one host, in four stages; HTTP and FTP over strata forward
	scripts/in-netns scripts/two-tuns-test

route-test: programs = traceroute
route-test: strata ## the stack as a router between two hosts: ping, traceroute, errors
	scripts/in-netns scripts/route-test

nat-test: programs = nft ftp-server
nat-test: strata ## from the stack to a third host, through the kernel's forwarding and NAT
	scripts/in-netns scripts/nat-test

bridge-test: programs = arping brctl
bridge-test: strata ## the stack at one port of a bridge: ARP across it, made by ip and by brctl
	scripts/in-netns scripts/bridge-test

doctor-test: ## each trap set up on purpose, found by strata doctor, mended by what it prints
	scripts/setup --tests
	cargo test -p kernel-tests --test doctor

tunnel-test: programs = nc iperf3
tunnel-test: strata ## two hosts, one virtual wire, by TCP and by UDP: ping, nc and iperf3 through it
	scripts/in-netns scripts/tunnel-test

iperf3-test: programs = iperf3
iperf3-test: strata ## a stock iperf3 measures the stack: to it, from it, four at once, by UDP
	scripts/in-netns scripts/iperf3-test

socks-test: programs = nc curl
socks-test: strata ## an unmodified curl goes out through the stack, by a SOCKS5 proxy
	scripts/in-netns scripts/socks-test

demo: programs = nc curl
demo: strata ## the tour: ping, UDP and TCP echo, a page; decoded, and recorded in demo.pcapng
	scripts/in-netns scripts/demo

shell: strata ## a shell in a private network, with strata at hand
	scripts/setup --tests
	scripts/shell

test: ## every test: unit, property, and end to end against the kernel
	scripts/setup --tests
	scripts/run-tests

milestone-0: wire-test ## the wire: carrier, and why the kernel's own address never comes out
milestone-1: ## tun-device: attach, read one packet, the packet-information trap
milestone-2: ## ipv4-header: its fields and its checksum
milestone-3: ## ping: an echo request is answered
milestone-4: ## ip-for-real: fragments, and the errors that traceroute lives by
milestone-5: ## udp: echo, and port unreachable for the rest
milestone-6: ## tap-and-arp: Ethernet, and a packet that waits for its neighbour
milestone-7: ## tcp-segment: header, options, and numbers that wrap
milestone-8: ## handshake: from LISTEN to ESTABLISHED, and an RST for a closed port
milestone-9: ## data: in order and once, whatever the network does
milestone-10: ## retransmission: what is lost is sent again
milestone-11: ## teardown: FIN in every order, half-close, TIME-WAIT, RST
milestone-12: ## flow-control: a reader that sleeps
milestone-13: ## active-open: nc and get, from us to the kernel
milestone-18: ## the world: two devices, a router, a bridge, NAT, the way out
milestone-0 milestone-1 milestone-2 milestone-3 milestone-4 milestone-5 milestone-6 milestone-7 \
milestone-8 milestone-9 milestone-10 milestone-11 milestone-12 milestone-13 milestone-18:
	scripts/setup --tests
	cargo test -p kernel-tests --test $(subst -,_,$@)

lint: ## format, clippy, rustdoc, and the links and console blocks of the notes
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --quiet
	cargo test -p kernel-tests --test notes

conformance: ## each requirement of the RFCs with its code, tests and verdict
	scripts/setup --tests
	scripts/conformance $(T)

soak: ## properties over many seeds, a million hostile packets, 1 GB by TCP: make soak N=100000
	STRATA_SOAK_SEEDS=$(or $(N),10000) cargo test --release -p sim \
		--test properties --test routed_udp --test tcp_transfer
	STRATA_SOAK_PACKETS=1000000 cargo test --release -p kernel-tests --test hostile
	STRATA_SOAK_TRANSFERS=1 cargo test --release -p kernel-tests \
		--test nc --test http --test get -- --test-threads 1 _file_
	STRATA_SOAK_SYNS=100000 cargo test --release -p kernel-tests --test tcp_many

fuzz: ## every fuzz target for T seconds each: make fuzz T=60
	scripts/fuzz $(or $(T),60)

mistakes: ## each classic mistake is put in, and a story notices it (some minutes)
	scripts/mistakes $(N)

mutants: ## which changes of the protocol crates no test notices (two hours)
	scripts/mutants

bench: ## side by side: strata, smoltcp and the kernel; a table with ratios
	cargo build --quiet --release -p strata
	cargo run --quiet --release -p bench

up: ## tun0 on this machine itself, for you to attach to (asks sudo)
	scripts/tun-up

down: ## take that tun0 away again
	scripts/tun-down

strata:
	scripts/setup $(programs)
	cargo build -p strata
