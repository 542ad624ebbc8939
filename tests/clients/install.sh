#!/bin/sh
# Installs the clients that the tests drive, at the versions pinned here, into target/clients and nowhere else. What is
# there already stays; `tests/install.sh` brings the programs that this needs.
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
case "${CARGO_TARGET_DIR:-target}" in
    /*) folder=$CARGO_TARGET_DIR/clients ;;
    *) folder=$root/${CARGO_TARGET_DIR:-target}/clients ;;
esac
mkdir -p "$folder/npm"

# Is the copy that was made after the last complete installation the same as what is wanted now?
installed() {
    cmp -s "$1" "$2"
}

# Wheels only, so that nothing is built and no code runs.
python=$folder/python
if ! installed pypi/requirements.txt "$python/installed.txt" || ! "$python/bin/python" -c '' 2>/dev/null; then
    rm -rf "$python"
    python3 -m venv "$python"
    "$python/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r pypi/requirements.txt
    cp pypi/requirements.txt "$python/installed.txt"
fi

if ! installed npm/package-lock.json "$folder/npm/installed.json"; then
    cp npm/package.json npm/package-lock.json "$folder/npm/"
    (cd "$folder/npm" && npm ci --ignore-scripts --no-audit --no-fund)
    cp npm/package-lock.json "$folder/npm/installed.json"
fi

# Built alike, so that what both depend on is built once.
export CARGO_TARGET_DIR="$folder/cargo"
cargo build --quiet --locked --manifest-path crates/Cargo.toml
task_mon=0.3.2
if [ "$("$folder/bin/task-mon" --version 2>/dev/null)" != "task-mon $task_mon" ]; then
    CARGO_PROFILE_DEV_DEBUG=false cargo install --quiet --locked --debug --force --version "$task_mon" --root "$folder" task-mon
fi
