# One target, one line on what it does; how it does it stands in scripts/.

# Where rustup puts cargo, for a shell that was opened before it did.
export PATH := $(PATH):$(HOME)/.cargo/bin

.PHONY: help ping-test demo shell test lint soak fuzz mutants bench up down strata \
	milestone-0 milestone-1 milestone-2 milestone-3

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\)[a-z0-9 -]*:.*## /\1 /p' $(MAKEFILE_LIST) | \
		while read -r target text; do printf '  make %-12s %s\n' $$target "$$text"; done

ping-test: strata ## the kernel pings the stack: 5 echo requests, 5 replies
	scripts/in-netns scripts/ping-test

demo: strata ## the tour: one ping, decoded layer by layer and recorded in demo.pcapng
	scripts/in-netns scripts/demo

shell: strata ## a shell in a private network, with strata at hand
	scripts/setup --tests
	scripts/shell

test: ## every test: unit, property, and end to end against the kernel
	scripts/setup --tests
	scripts/run-tests

milestone-0: ## the wire: carrier, and why the kernel's own address never comes out
milestone-1: ## tun-device: attach, read one packet, the packet-information trap
milestone-2: ## ipv4-header: its fields and its checksum
milestone-3: ## ping: an echo request is answered
milestone-0 milestone-1 milestone-2 milestone-3:
	scripts/setup --tests
	cargo test -p kernel-tests --test $(subst -,_,$@)

lint: ## format, clippy, rustdoc, and the links and console blocks of the notes
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --quiet
	cargo test -p kernel-tests --test notes

soak: ## the properties over many seeds: make soak N=100000
	STRATA_SOAK_SEEDS=$(or $(N),10000) cargo test --release -p sim --test properties

fuzz: ## every fuzz target for T seconds each: make fuzz T=60
	scripts/fuzz $(or $(T),60)

mutants: ## which changes of the protocol crates no test notices (an hour)
	scripts/mutants

bench: ## simulated packets a second, and what a silent trace costs
	cargo run --quiet --release -p bench

up: ## tun0 on this machine itself, for you to attach to (asks sudo)
	scripts/tun-up

down: ## take that tun0 away again
	scripts/tun-down

strata:
	scripts/setup
	cargo build -p strata
