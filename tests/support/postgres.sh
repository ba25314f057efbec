#!/usr/bin/env bash
# A PostgreSQL of one's own: in a new directory, on a socket there and a free port of 127.0.0.1, as the user `postgres`
# where this is root. Sourced, or run:
#
# usage: tests/support/postgres.sh COMMAND...    runs it with $LIC_TEST_POSTGRES, the URL of an empty database;
#                                                $PG_SETTINGS (default: fsync=off) are its settings
#
#   start_postgres [SETTING...]   sets $PG_DIR, $PG_PORT, $PG_URL; a setting is as -c takes it, fsync=off say
#   restart_postgres [MODE]       fast (default) or immediate, which is as after a crash
#   stop_postgres
#   pg_sql DATABASE SQL

# Debian keeps the programs of a server out of $PATH.
pg_bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
if [ -z "$pg_bin" ]; then pg_bin=$(dirname "$(readlink -f "$(command -v initdb)")"); fi
PG_DIR=

# As a user who may run a server.
pg_as_owner() {
  if [ "$(id -u)" -eq 0 ]; then
    (cd / && exec runuser -u postgres -- "$@")
  else
    "$@"
  fi
}

start_postgres() {
  if [ ! -x "$pg_bin/initdb" ]; then
    echo "PostgreSQL is not installed: scripts/install-deps test" >&2
    return 1
  fi
  local setting
  PG_DIR=$(mktemp -d "${TMPDIR:-/tmp}/lic-pg.XXXXXX") || return 1
  if [ "$(id -u)" -eq 0 ]; then chown postgres "$PG_DIR"; fi
  chmod 755 "$PG_DIR" # the socket is in it
  PG_PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  pg_as_owner "$pg_bin/initdb" -D "$PG_DIR/data" -U postgres -A trust -E UTF8 --no-sync --no-locale >"$PG_DIR/initdb.log" ||
    return 1
  {
    echo "unix_socket_directories = '$PG_DIR'"
    echo "listen_addresses = '127.0.0.1'"
    echo "port = $PG_PORT"
    echo "log_min_messages = fatal"
    for setting in "$@"; do echo "${setting%%=*} = '${setting#*=}'"; done
  } | pg_as_owner tee -a "$PG_DIR/data/postgresql.conf" >/dev/null
  pg_ctl_here start
  PG_URL="postgresql:///postgres?host=$PG_DIR&port=$PG_PORT&user=postgres"
}

pg_ctl_here() {
  pg_as_owner "$pg_bin/pg_ctl" -D "$PG_DIR/data" -l "$PG_DIR/data/log" -w -t 60 "$@" >/dev/null
}

restart_postgres() { pg_ctl_here -m "${1:-fast}" restart; }

stop_postgres() {
  [ -n "$PG_DIR" ] || return 0
  pg_ctl_here -m immediate stop 2>/dev/null
  rm -rf "$PG_DIR"
  PG_DIR=
}

pg_sql() { psql -h "$PG_DIR" -p "$PG_PORT" -U postgres -d "$1" -qAtX -v ON_ERROR_STOP=1 -c "$2"; }

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  # shellcheck disable=SC2086  # several, without spaces
  start_postgres ${PG_SETTINGS-fsync=off} || exit 1
  trap stop_postgres EXIT
  LIC_TEST_POSTGRES=$PG_URL "$@"
fi
