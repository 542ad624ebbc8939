#!/bin/sh
# Starts a debug server on a fresh data folder and lets schemathesis call everything that the OpenAPI document describes.
# Further words go to schemathesis: `run.sh --include-path-regex ^/api/maibo`.
set -eu
cd "$(dirname "$0")/../.."
folder="$PWD/tests/schemathesis"
case "${CARGO_TARGET_DIR:-target}" in
    /*) target=$CARGO_TARGET_DIR ;;
    *) target=$PWD/${CARGO_TARGET_DIR:-target} ;;
esac
maibo="${MAIBO_BINARY:-$target/debug/maibo}"
venv="$target/schemathesis-venv"

# Is the copy that was made after the last complete installation the same as what is wanted now? Wheels only, so that
# nothing is built and no code runs.
if ! cmp -s "$folder/requirements.txt" "$venv/installed.txt" || ! "$venv/bin/python" -c '' 2>/dev/null; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r "$folder/requirements.txt"
    cp "$folder/requirements.txt" "$venv/installed.txt"
fi

work=$(mktemp -d)
server=""
stop() {
    [ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" || true; }
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 1' INT TERM

port=$("$venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
base="http://127.0.0.1:$port"
export MAIBO_DATA="$work/data" MAIBO_LISTEN="127.0.0.1:$port" MAIBO_BASE_URL="$base" MAIBO_LOG=error
export MAIBO_OUTBOUND_ALLOW=127.0.0.0/8
"$maibo" serve 2>"$work/server.log" &
server=$!
tries=0
until "$maibo" health >/dev/null 2>&1; do
    tries=$((tries + 1))
    kill -0 "$server" 2>/dev/null && [ "$tries" -lt 300 ] || { cat "$work/server.log" >&2; exit 1; }
    sleep 0.2
done

# Something for the answers to tell of: a check with a run, a failure and their logs, and an alert that nobody hears.
MAIBO_KEY=$("$maibo" key create --scope read-write)
MAIBO_READ_ONLY_KEY=$("$maibo" key create --scope read-only)
MAIBO_CHANNEL=$("$maibo" channel create --kind webhook --name ops --set url_down=http://127.0.0.1:9/)
url=$("$maibo" check create --name Job --every 1h --tag db --channel '*')
MAIBO_CHECK=${url##*/}
"$venv/bin/python" - "$url" <<'PYTHON'
import sys, urllib.request
for tail in ("/start", "", "/3", "/log"):
    urllib.request.urlopen(urllib.request.Request(sys.argv[1] + tail, data=b"log of " + tail.encode()))
PYTHON
MAIBO_PROJECT=$("$maibo" project list --json | "$venv/bin/python" -c 'import json, sys; print(json.load(sys.stdin)[0]["id"])')
MAIBO_BADGE=$("$maibo" check list --json | "$venv/bin/python" -c '
import json, sys
print(json.load(sys.stdin)[0]["badge_url"].rsplit("/", 1)[1].split(".")[0])')
export MAIBO_KEY MAIBO_READ_ONLY_KEY MAIBO_PROJECT MAIBO_CHECK MAIBO_CHANNEL MAIBO_BADGE

# The same calls every time. In a folder of its own: it writes down what it has found.
cd "$work"
"$venv/bin/st" --config-file "$folder/schemathesis.toml" run "$base/api/openapi.json" --generation-deterministic \
    --max-examples "${SCHEMATHESIS_EXAMPLES:-15}" --continue-on-failure --warnings off "$@" ||
    { status=$?; cat "$work/server.log" >&2; exit "$status"; }
