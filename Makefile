# What people and CI call. `make test` is the whole suite; it installs what it needs and is missing.
.PHONY: test tools fmt lint rust api browser clients deny run shots docs bench properties fuzz

test: tools fmt lint rust api browser clients

# Debian's packages and the browser driver's package, where they are missing.
tools:
	sh tests/install.sh

fmt:
	cargo fmt --all --check
	@# A macro names these modules, so cargo fmt does not find them.
	rustfmt --edition 2024 --check src/notify/kinds/*.rs
	cargo fmt --manifest-path tests/clients/crates/Cargo.toml --check

lint:
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked --manifest-path tests/clients/crates/Cargo.toml --target-dir target/clients/cargo -- -D warnings

# Unit, property and integration tests; the latter start the real binary, on SQLite and again on PostgreSQL. What is
# about one engine runs with that one. Property tests take the same cases every time, so that what passed once passes
# again; `make properties` takes others.
rust: export PROPTEST_RNG_SEED = 1
rust:
	cargo test --locked --lib
	MAIBO_TEST_ENGINE=sqlite cargo test --locked --test it -- --test-threads 8 --skip postgres::
	sh tests/postgres.sh cargo test --locked --test it -- --test-threads 8 --skip sqlite_file:: --skip architecture::

# Calls everything in the OpenAPI document, well and badly formed, and looks whether the answers are those described.
api:
	cargo build --locked
	sh tests/schemathesis/run.sh

browser:
	cargo build --locked
	cd tests/browser && node --test --test-timeout=300000

# Clients that people have, at pinned versions, against the real binary.
clients:
	sh tests/clients/install.sh
	cargo build --locked
	cd tests/clients && node --test --test-timeout=300000

# Licences, bans and sources of dependencies: needs cargo-deny.
deny:
	cargo deny check bans licenses sources

run:
	cargo run --release

# Screenshots of every page into target/shots, for people's eyes.
shots: tools
	cargo build --locked
	sh tests/browser/shots.sh

# Writes what is made from the sources: docs/channels.md, docs/channels.zh-CN.md.
docs:
	MAIBO_WRITE_DOCS=1 cargo test --locked --lib -- the_documents_are_up_to_date

# Measures the release binary and writes docs/benchmarks.md. `make bench PART=pings` measures one part, for the eyes
# alone; BENCH_ROUNDS and BENCH_SECONDS make it longer or shorter.
bench:
	sh tests/install.sh bench
	cargo build --locked --release
	cp target/release/maibo target/maibo-to-measure
	cargo bench --locked --bench maibo --no-run
	MAIBO_BINARY=$(CURDIR)/target/maibo-to-measure POSTGRES_DURABLE=1 sh tests/postgres.sh cargo bench --locked --bench maibo -- $(PART)

# The property tests `ROUNDS` (20) times, each time with other cases. One that fails is kept in `proptest-regressions`.
properties:
	for round in $$(seq $(or $(ROUNDS),20)); do \
		cargo test --locked --lib && cargo test --locked --test it random_input:: || exit 1; done

# Random bytes for the ping routes, the API and schedules, guided by what they reach: `FUZZ_SECONDS` (60) for each target
# in `fuzz/targets`. Needs a nightly toolchain and cargo-fuzz, and says so.
fuzz:
	sh fuzz/run.sh $(FUZZ_SECONDS)
