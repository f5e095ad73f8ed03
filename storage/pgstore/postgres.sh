#!/usr/bin/env bash
# A throw-away PostgreSQL for the tests of pgstore.
#
#   eval "$(storage/pgstore/postgres.sh start)"   make a cluster, print what to export
#   postgres.sh ctl DIR kill|stop|start           for tests of faults; kill is no clean end
#   postgres.sh stop DIR                          end the cluster and remove DIR
#
# DIR is the last word of $TABI_TEST_POSTGRES_CTL. The server listens on 127.0.0.1 at a
# free port, has no socket and no password, and syncs as a real one does: the tests
# cut its life short. Its default collation is not the order of bytes, where the server
# can have another, so that a column without COLLATE "C" shows.
set -euo pipefail
self=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/postgres.sh

fail() { echo "postgres.sh: $*" >&2; exit 1; }

# binaries prints the folder of initdb and pg_ctl: in PATH, else Debian's newest.
binaries() {
    if command -v initdb >/dev/null && command -v pg_ctl >/dev/null; then
        dirname "$(command -v initdb)"
        return
    fi
    local newest
    newest=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
    [ -x "$newest/initdb" ] || fail "no initdb in PATH or /usr/lib/postgresql; install Debian's postgresql"
    echo "$newest"
}

# server runs a command as the server's user, who must not be root.
server() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && su -s /bin/sh -c 'exec "$0" "$@"' -- postgres "$@")
    else
        "$@"
    fi
}

free_port() {
    local port
    for _ in $(seq 50); do
        port=$((20000 + RANDOM % 10000))
        if ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
    fail "no free port"
}

launch() { server "$bin/pg_ctl" -D "$1/data" -l "$1/log" -w -t 60 start >/dev/null; }

start() {
    local port try
    dir=$(mktemp -d "${TMPDIR:-/tmp}/tabi-postgres.XXXXXX")
    trap 'rm -rf "$dir"' EXIT
    if [ "$(id -u)" -eq 0 ]; then chown postgres "$dir" || fail "root needs the user postgres to run a server"; fi
    init() { server "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --no-sync "$@" >"$dir/init.log" 2>&1; }
    init --locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US || init --locale=C.UTF-8 || init --no-locale ||
        { cat "$dir/init.log" >&2; fail "initdb failed"; }
    for try in 1 2 3 4 5; do # another program may take the port first
        port=$(free_port)
        server sh -c "cat >>'$dir/data/postgresql.conf'" <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = ''
fsync = on
max_prepared_transactions = 2
CONF
        if launch "$dir"; then break; fi
        [ "$try" -lt 5 ] || { cat "$dir/log" >&2; fail "the server does not start"; }
    done
    trap - EXIT
    echo "export TABI_TEST_POSTGRES='postgres://postgres@127.0.0.1:$port/postgres?sslmode=disable'"
    echo "export TABI_TEST_POSTGRES_CTL='$self ctl $dir'"
}

# known refuses a folder that start did not make.
known() {
    case ${1:-} in */tabi-postgres.*) [ -d "$1" ] && return ;; esac
    fail "not a folder made by start: ${1:-none given}"
}

halt() { server "$bin/pg_ctl" -D "$1/data" -w -t 60 -m "$2" stop >/dev/null; }
running() { server "$bin/pg_ctl" -D "$1/data" status >/dev/null 2>&1; }

case ${1:-} in
start)
    bin=$(binaries)
    start
    ;;
stop)
    known "${2:-}"
    bin=$(binaries)
    if running "$2"; then halt "$2" fast || halt "$2" immediate; fi
    rm -rf "$2"
    ;;
ctl)
    known "${2:-}"
    bin=$(binaries)
    case ${3:-} in
    kill) halt "$2" immediate ;;
    stop) halt "$2" fast ;;
    start) launch "$2" ;;
    *) fail "ctl DIR kill|stop|start" ;;
    esac
    ;;
*)
    sed -n '2,/^set/{/^#/s/^# \{0,1\}//p;}' "$self" >&2
    exit 2
    ;;
esac
