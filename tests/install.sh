#!/bin/sh
# Installs what the tests need and what is missing: Debian's Chromium, PostgreSQL and Python's venv and, from npm, the
# package that drives the first. `install.sh bench`: what the benchmark needs, PostgreSQL and the load generator wrk.
set -eu
cd "$(dirname "$0")/browser"

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

missing=""
if [ "${1:-}" = bench ]; then
    command -v wrk >/dev/null 2>&1 || missing="$missing wrk"
else
    command -v chromium >/dev/null 2>&1 || [ -n "${CHROMIUM:-}" ] || missing="$missing chromium"
    command -v node >/dev/null 2>&1 || missing="$missing nodejs"
    command -v npm >/dev/null 2>&1 || missing="$missing npm"
    python3 -c 'import venv, ensurepip' 2>/dev/null || missing="$missing python3 python3-venv"
fi
{ command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; } >/dev/null 2>&1 || missing="$missing postgresql"
command -v cc >/dev/null 2>&1 || missing="$missing build-essential"
if [ -n "$missing" ]; then
    command -v apt-get >/dev/null 2>&1 || { echo "please install:$missing" >&2; exit 1; }
    as_root apt-get update
    # shellcheck disable=SC2086 # a list of words
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
fi
command -v cargo >/dev/null 2>&1 || { echo "please install Rust 1.95 or newer" >&2; exit 1; }

[ "${1:-}" != bench ] || exit 0

# Only what the lock file names, and only when it is not there yet.
if [ ! -d node_modules/playwright-core ] || [ package-lock.json -nt node_modules ]; then
    npm ci --no-audit --no-fund
    touch node_modules
fi
