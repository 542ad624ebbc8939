#!/bin/sh
# Screenshots of every page into target/shots, from a fresh installation with ten checks (or more: shots.sh 5000).
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
binary=${MAIBO_BINARY:-$root/target/debug/maibo}
folder=$root/target/shots
data=$(mktemp -d)
mkdir -p "$folder"
export MAIBO_DATA="$data" MAIBO_LISTEN=127.0.0.1:8765 MAIBO_SMTP_URL=smtp://127.0.0.1:2525 MAIBO_LOG=error

echo secret-pass | "$binary" user create --email ops@example.org --password-stdin >/dev/null
check=$(python3 "$root/tests/browser/seed.py" "$binary" "$data" "${1:-0}")
"$binary" serve 2>"$data/log" &
server=$!
trap 'kill $server; wait $server 2>/dev/null || true; rm -rf "$data"' EXIT
until "$binary" health 2>/dev/null; do sleep 0.1; done
(cd "$root/tests/browser" && node shots.mjs http://127.0.0.1:8765 "$check" "$folder")
echo "$folder"
