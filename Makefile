# What people and CI call. `make test` is the whole suite; it installs what it needs and is missing.
.PHONY: test tools fmt lint rust api browser deny run shots bench

test: tools fmt lint rust api browser

# Chromium, the browser driver's package, PostgreSQL and Python, where they are missing.
tools:
	sh tests/install.sh

fmt:
	cargo fmt --all --check

lint:
	cargo clippy --locked --all-targets -- -D warnings

# Unit, property and integration tests; the latter start the real binary, on SQLite and again on PostgreSQL. What is
# about one engine runs with that one.
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

# Licences, bans and sources of dependencies: needs cargo-deny.
deny:
	cargo deny check bans licenses sources

run:
	cargo run --release

# Screenshots of every page into target/shots, for people's eyes.
shots: tools
	cargo build --locked
	sh tests/browser/shots.sh

# Measures the release binary and writes docs/benchmarks.md. `make bench PART=pings` measures one part, for the eyes
# alone; BENCH_ROUNDS and BENCH_SECONDS make it longer or shorter.
bench:
	sh tests/install.sh bench
	cargo build --locked --release
	cp target/release/maibo target/maibo-to-measure
	cargo bench --locked --bench maibo --no-run
	MAIBO_BINARY=$(CURDIR)/target/maibo-to-measure POSTGRES_DURABLE=1 sh tests/postgres.sh cargo bench --locked --bench maibo -- $(PART)
