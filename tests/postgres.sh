#!/bin/sh
# Runs a command with a PostgreSQL server for the tests: `sh tests/postgres.sh cargo test --test it`.
# The server that TEST_DATABASE_URL names, or else a throw-away one in a temporary folder, on a port of its own. With
# POSTGRES_DURABLE=1 it waits for the disk as PostgreSQL does by default.
set -eu

export MAIBO_TEST_ENGINE=postgres
if [ -n "${TEST_DATABASE_URL:-}" ]; then
    exec "$@"
fi

programs() {
    command -v pg_config >/dev/null 2>&1 && [ -x "$(pg_config --bindir)/initdb" ] && { pg_config --bindir; return; }
    ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1
}
bin=$(programs)
if [ -z "$bin" ] || [ ! -x "$bin/initdb" ]; then
    command -v apt-get >/dev/null 2>&1 || { echo "please install PostgreSQL 14 or newer" >&2; exit 1; }
    as_root=""
    [ "$(id -u)" = 0 ] || as_root=sudo
    $as_root apt-get update
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql
    bin=$(programs)
fi

# PostgreSQL refuses to run as root.
as_server=""
[ "$(id -u)" = 0 ] && as_server="runuser -u postgres --"

folder=$(mktemp -d "${TMPDIR:-/tmp}/maibo-postgres.XXXXXX")
[ -z "$as_server" ] || chown postgres "$folder"
stop() {
    # shellcheck disable=SC2086 # a list of words
    (cd "$folder" && $as_server "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1) || true
    rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT TERM

# shellcheck disable=SC2086
(cd "$folder" && $as_server "$bin/initdb" -D "$folder/data" -U maibo -A trust -E UTF8 --locale C.UTF-8 -N >/dev/null)
cat >>"$folder/data/postgresql.conf" <<END
listen_addresses = '127.0.0.1'
unix_socket_directories = '$folder'
max_connections = 300
log_min_messages = error
END
# What the tests write must not survive a crash of the machine: no waiting for the disk.
[ -n "${POSTGRES_DURABLE:-}" ] || cat >>"$folder/data/postgresql.conf" <<END
fsync = off
full_page_writes = off
END
port=$((20000 + $$ % 20000))
tries=0
# Tests may stop the server and start it again.
export TEST_DATABASE_FOLDER="$folder"
export TEST_DATABASE_CTL="$as_server $bin/pg_ctl -D $folder/data -l $folder/log -w"
# shellcheck disable=SC2086
until echo "port = $port" >>"$folder/data/postgresql.conf" && (cd "$folder" && $TEST_DATABASE_CTL start >/dev/null); do
    tries=$((tries + 1))
    [ "$tries" -lt 5 ] || { cat "$folder/log" >&2; exit 1; }
    port=$((port + 1))
done

status=0
TEST_DATABASE_URL="postgres://maibo@127.0.0.1:$port/postgres" "$@" || status=$?
exit "$status"
