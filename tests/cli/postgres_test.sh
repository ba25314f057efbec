#!/usr/bin/env bash
# Ledgers on PostgreSQL: what is the same as in a file, and what only a server can do to one. A real server is started
# here, from Debian's package. $REQUESTS, $CLIENTS and $KILLS make the race longer.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/../support/postgres.sh"
at_a_desk
start_postgres || exit 1
trap 'stop_postgres; rm -rf "$work"' EXIT
catalog=$examples/ticketzero.json

# new_database NAME: sets $url.
new_database() {
  pg_sql postgres "CREATE DATABASE $1 ENCODING 'UTF8' TEMPLATE template0" || fail "no database"
  url="postgresql:///$1?host=$PG_DIR&port=$PG_PORT&user=postgres"
}
pg_ok() { run_ok "$LICGEN" --ledger "$url" "$@"; }
pg_code() {
  local code=$1
  shift
  run_code "$code" "$LICGEN" --ledger "$url" "$@"
}

test_case "init makes a ledger where none is"
new_database one
pg_code 4 list
assert_stderr_has "licgen init"
pg_ok init --catalog "$catalog" --no-passphrase --quiet
pg_ok product export --out product.json
pg_code 5 init --catalog "$catalog" --no-passphrase
LICGEN_HOME=$work/other pg_code 5 init --catalog "$catalog" --no-passphrase
assert_stderr_has "there is a ledger already: 'postgresql:///one'"
assert_absent "$work/other"
assert_absent "$LICGEN_HOME/ledger.db"

test_case "of several that begin at once one makes the ledger"
new_database several
pids=()
for i in 1 2 3 4 5 6; do
  LICGEN_HOME=$work/several$i "$LICGEN" --ledger "$url" init --catalog "$catalog" --no-passphrase --quiet \
    >"several.$i" 2>&1 &
  pids+=($!)
done
made=0
for i in 1 2 3 4 5 6; do
  wait "${pids[$((i - 1))]}"
  case $? in
    0) made=$((made + 1)) ;;
    5) assert_absent "$work/several$i/keys" ;;
    *) fail "init $i: $(cat "several.$i")" ;;
  esac
done
[ $made -eq 1 ] || fail "$made made a ledger"
pg_ok audit

test_case "the life of licenses"
url="postgresql:///one?host=$PG_DIR&port=$PG_PORT&user=postgres"
pg_ok create --plan professional --customer "ACME GmbH" --email ops@acme.example --seats 2 --order PO-1
key=$(cat "$out")
pg_ok create --plan professional --customer "acme" --count 300 --batch spring
mapfile -t many <"$out"
printf 'customer,plan,order\n"M\303\274ller & S\303\266hne",professional,PO-2\nO'"'"'Brien,enterprise,PO-3\n' >orders.csv
pg_ok create --from-csv orders.csv
pg_code 3 create --from-csv orders.csv
pg_ok list --customer 'm*ller*' --json
assert_json 'len(d["licenses"]) == 1'
pg_ok list --customer 'ACME' --json
assert_json 'len(d["licenses"]) == 300'
pg_ok list --email OPS@acme.example --json
assert_json '[l["key"] for l in d["licenses"]] == [a[0]]' "$key"
pg_ok list --limit 10 --after "${many[0]}" --json
assert_json 'len(d["licenses"]) == 10'
pg_ok renew "$key" --months 12
pg_ok change "$key" --seats 3
pg_ok suspend "$key"
pg_ok reinstate "$key"
pg_ok transfer "$key" --customer "Initech"
pg_ok revoke "${many[1]}" --reason refund
pg_code 5 revoke "${many[1]}" --reason fraud
pg_ok revocations export --out revoked.json
pg_ok catalog import "$catalog"
pg_ok keys delegate --no-passphrase
pg_ok audit --checkpoint first.json
pg_ok create --plan professional --customer Later
pg_ok audit --against first.json
pg_ok expiring --within 365d --json
pg_ok report --json
pg_ok doctor --json
assert_json 'd["healthy"] and any(c["name"] == "server" and "PostgreSQL" in c["message"] for c in d["checks"])'

test_case "a copy says what was copied, from one kind to the other and back"
told() { # FILE LICGEN-OPTIONS...: all that a ledger says
  local into=$1 what
  shift
  for what in "list --json" "show $key --json" "show ${many[1]} --json" "report --json" "audit --json"; do
    # shellcheck disable=SC2086
    faketime -f '2026-12-24 12:00:00' "$LICGEN" "$@" $what || return 1
  done >"$into" 2>"$err"
}
one=$url
run_ok "$LICGEN" ledger copy "$one" sqlite:copy.db --json
assert_json 'd["licenses"] == 304 and d["to"] == "copy.db" and d["from"] == "postgresql:///one"'
new_database two
run_ok "$LICGEN" ledger copy sqlite:copy.db "$url"
run_ok "$LICGEN" ledger copy "$url" sqlite:again.db
told one.txt --ledger "$one" || fail "one"
told two.txt --ledger "$url" || fail "two"
told file.txt --ledger sqlite:copy.db || fail "file"
told again.txt --ledger sqlite:again.db || fail "again"
assert_same one.txt two.txt
assert_same one.txt file.txt
assert_same one.txt again.txt
[ "$(sqlite3 again.db .dump)" = "$(sqlite3 copy.db .dump)" ] || fail "again.db has other rows than copy.db"
assert_mode copy.db 600
pg_ok create --plan professional --customer "goes on"
pg_ok audit --against first.json
run_code 5 "$LICGEN" ledger copy "$one" sqlite:copy.db
run_code 5 "$LICGEN" ledger copy sqlite:copy.db "$url"
run_code 4 "$LICGEN" ledger copy sqlite:nowhere.db sqlite:new.db
assert_absent new.db
new_database three
pg_sql one "ALTER TABLE history DISABLE TRIGGER history_no_update; UPDATE history SET actor = 'x' WHERE number = 5;
  ALTER TABLE history ENABLE TRIGGER history_no_update" || fail "the edit"
run_code 15 "$LICGEN" ledger copy "$one" "$url"
assert_stderr_has "is not whole"
pg_code 4 list
run_code 15 "$LICGEN" --ledger "$one" audit
[ "$(find . -name '.licgen-copy-*' | wc -l)" -eq 0 ] || fail "something was left"

test_case "what is no ledger of ours, or of a newer licgen, is refused"
run_ok "$LICGEN" ledger copy sqlite:copy.db "$url"
version=$(pg_sql three "SELECT version FROM ledger")
pg_sql three "UPDATE ledger SET version = 99"
pg_code 3 list
assert_stderr_has "is of version 99"
pg_sql three "UPDATE ledger SET version = $version; ALTER TABLE history DISABLE TRIGGER history_no_delete"
pg_code 3 list
assert_stderr_has "trigger 'history_no_delete' is missing or switched off"
pg_sql three "ALTER TABLE history ENABLE TRIGGER history_no_delete; DROP INDEX history_by_license"
pg_code 3 list
pg_sql postgres "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
run_code 3 "$LICGEN" --ledger "postgresql:///latin?host=$PG_DIR&port=$PG_PORT&user=postgres" list
assert_stderr_has "UTF-8"
run_code 2 "$LICGEN" --ledger "$one" backup backup.db
assert_stderr_has "licgen ledger copy"
run_code 2 "$LICGEN" --ledger "$one" restore copy.db
run_code 2 "$LICGEN" --ledger mysql://u:secret-word@h/d list
assert_stderr_lacks secret-word

test_case "a password is used and never told"
pg_sql postgres "CREATE ROLE vendor LOGIN PASSWORD 'secret-word'; GRANT ALL ON DATABASE two TO vendor" || fail role
pg_sql two "GRANT ALL ON ALL TABLES IN SCHEMA public TO vendor"
hba=$PG_DIR/data/pg_hba.conf
sed -i '1i host all vendor 127.0.0.1/32 scram-sha-256' "$hba"
pg_sql postgres "SELECT pg_reload_conf()" >/dev/null
at=127.0.0.1:$PG_PORT
never_told() {
  assert_stderr_lacks secret-word
  assert_stdout_lacks secret-word
}
run_ok "$LICGEN" --verbose --ledger "postgresql://vendor:secret-word@$at/two" list
assert_stderr_has "postgresql://vendor@$at/two"
never_told
printf '127.0.0.1:%s:two:vendor:secret-word\n' "$PG_PORT" >passfile
chmod 600 passfile
PGPASSFILE=$work/passfile run_ok "$LICGEN" --ledger "postgresql://vendor@$at/two" list
run_code 6 "$LICGEN" --verbose --ledger "postgresql://vendor:not-secret-word@$at/two" list
assert_stderr_has "password authentication failed"
never_told
run_code 6 "$LICGEN" --ledger "postgresql://vendor@$at/two" list
assert_stderr_has "wants a password"
run_code 4 "$LICGEN" --ledger "postgresql://vendor:secret-word@$at/nowhere" list
never_told
run_code 7 "$LICGEN" --verbose --ledger "postgresql://vendor:secret-word@127.0.0.1:1/two" list
assert_stderr_has "127.0.0.1"
never_told
for bad in "postgresql://vendor:secret-word@$at/two?no-such=option" "postgresql://vendor:secret-word%zz@$at/two" \
  "postgresql://vendor:x/secret-word@$at/two" "postgresql://vendor:x?secret-word@$at/two" \
  "postgresql://vendor:x@secret-word@$at/two" "postgresql://vendor@$at/two?password=secret-word&x=y"; do
  run_code 2 "$LICGEN" --verbose --ledger "$bad" list
  never_told
done
run_code 6 "$LICGEN" --ledger "postgresql://vendor:secret-word@$at/two" ledger copy sqlite:copy.db \
  "postgresql://vendor:secret-word@$at/postgres"
never_told

test_case "a commit whose answer is lost is neither lost nor made twice"
count_of() { pg_sql two "SELECT count(*) FROM licenses"; }
url="postgresql:///two?host=$PG_DIR&port=$PG_PORT&user=postgres"
for when in before after; do
  : >proxy
  "$python" "$here/../support/cutting_proxy.py" "$PG_PORT" $when >proxy &
  proxy=$!
  until port=$(head -n 1 proxy) && [ -n "$port" ]; do sleep 0.05; done
  before=$(count_of)
  run "$LICGEN" --ledger "postgresql://postgres@127.0.0.1:$port/two?sslmode=disable" create --plan professional \
    --customer Cut
  kill $proxy
  grep -q cut proxy || fail "nothing was cut"
  if [ $when = after ]; then wanted="0 $((before + 1))"; else wanted="7 $before"; fi
  [ "$status $(count_of)" = "$wanted" ] || fail "$when: $status $(count_of), wanted $wanted"
  if [ $when = before ]; then assert_stderr_has "nothing was changed"; fi
done
pg_ok audit

test_case "a connection that was cut is made again for reading, and a writer that hangs is waited for"
pg_sql two "BEGIN; UPDATE ledger SET changes = changes; SELECT pg_sleep(1.5); COMMIT" >/dev/null &
sleep 0.3
pg_ok create --plan professional --customer Patient
wait $!
restart_postgres immediate
pg_ok list --limit 1

test_case "two servers on one ledger: clients race, servers die, connections are cut, PostgreSQL restarts"
cat >licgen <<END
#!/bin/sh
exec '$LICGEN' --ledger '$url' "\$@"
END
cat >disturb <<END
#!/usr/bin/env bash
. '$here/../support/postgres.sh'
PG_DIR=$PG_DIR PG_PORT=$PG_PORT
if [ -e turn ]; then
  rm turn
  restart_postgres immediate
else
  : >turn
  pg_sql two "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = 'two'"
fi
END
chmod 755 licgen disturb
keys=()
for seats in 1 3 16; do
  pg_ok create --customer ACME --plan professional --seats $seats
  keys+=("$(cat "$out")=$seats")
done
run_ok env SERVERS=2 DISTURB=./disturb "$python" "$here/../faults/server_history.py" "$work/licgen" "${REQUESTS:-3000}" \
  "${CLIENTS:-16}" "${KILLS:-6}" "${keys[@]}"
assert_stdout_has " 0 oversold, 0 wrongly denied, 0 lost"
cat "$out"
pg_ok audit

test_case "a standby takes over: the servers go on with it, and nothing that was told is lost"
pg_as_owner "$pg_bin/pg_basebackup" -h "$PG_DIR" -p "$PG_PORT" -U postgres -D "$PG_DIR/standby" -R \
  --no-sync -c fast 2>"$err" || fail "pg_basebackup"
standby_port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
echo "port = $standby_port" | pg_as_owner tee -a "$PG_DIR/standby/postgresql.conf" >/dev/null
pg_as_owner "$pg_bin/pg_ctl" -D "$PG_DIR/standby" -l "$PG_DIR/standby/log" -w start >/dev/null || fail "no standby"
trap 'pg_as_owner "$pg_bin/pg_ctl" -D "$PG_DIR/standby" -m immediate stop >/dev/null; stop_postgres; rm -rf "$work"' EXIT
pg_sql postgres "ALTER SYSTEM SET synchronous_standby_names = '*'" || fail "synchronous"
pg_sql postgres "SELECT pg_reload_conf()" >/dev/null
run_ok "$LICGEN" --ledger "postgresql:///two?host=$PG_DIR&port=$standby_port&user=postgres" audit
run_code 6 "$LICGEN" --ledger "postgresql:///two?host=$PG_DIR&port=$standby_port&user=postgres" renew "${keys[0]%=*}" --months 1
assert_stderr_has "target_session_attrs=read-write"
url="postgresql:///two?host=$PG_DIR,$PG_DIR&port=$PG_PORT,$standby_port&user=postgres&target_session_attrs=read-write"
cat >licgen <<END
#!/bin/sh
exec '$LICGEN' --ledger '$url' "\$@"
END
cat >take-over <<END
#!/usr/bin/env bash
. '$here/../support/postgres.sh'
PG_DIR=$PG_DIR PG_PORT=$PG_PORT
pg_ctl_here -m immediate stop
pg_as_owner "\$pg_bin/pg_ctl" -D "$PG_DIR/standby" -w promote
END
chmod 755 take-over
pg_ok create --customer ACME --plan professional --seats 4
run_ok env SERVERS=2 DISTURB=./take-over "$python" "$here/../faults/server_history.py" "$work/licgen" \
  "$((${REQUESTS:-3000} / 2))" "${CLIENTS:-16}" 1 "$(cat "$out")=4"
assert_stdout_has "1 times killed or disturbed: 0 oversold, 0 wrongly denied, 0 lost"
cat "$out"
pg_ok audit

finished
