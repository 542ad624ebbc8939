#!/bin/sh
# Runs every fuzz target for so many seconds, or says what is missing. What was found lies in fuzz/artifacts, what was
# learnt in fuzz/corpus.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}

if ! cargo +nightly --version >/dev/null 2>&1; then
    echo "make fuzz needs a nightly toolchain: rustup toolchain install nightly" >&2
    exit 1
fi
if ! cargo +nightly fuzz --version >/dev/null 2>&1; then
    echo "make fuzz needs cargo-fuzz: cargo install cargo-fuzz" >&2
    exit 1
fi
# The targets' databases: in memory, where that is possible.
if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ]; then
    export TMPDIR=/dev/shm
fi
for target in ping json schedule; do
    mkdir -p "fuzz/corpus/$target"
    echo "== $target, $seconds s"
    # Nothing here is unsafe, so the address sanitizer would find little and cost half of the tries.
    cargo +nightly fuzz run --sanitizer none "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
        -max_total_time="$seconds" -timeout=90 -rss_limit_mb=4096
done
