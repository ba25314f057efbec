#!/usr/bin/env bash
# shellcheck disable=SC2317 # walk calls the functions
# licgen on a disk that is full at any moment, and killed at any: bulk, backup, restore, rotation,
# migration, what changes one license, and what customers send in.
#
#   FAULTS  how many moments are tried, in percent (default 100); all: every one
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/faults.sh"
: "${LICGEN:?the licgen to test}" "${LICCTL:?the licctl that makes what customers send in}"
here=$(cd "$(dirname "$0")" && pwd)
catalog=$here/../../docs/examples/ticketzero.json
cd "$work" || exit 1

# What each walk begins with: a home with four licenses, one of them revoked, and a backup from before the fourth.
mkdir master
export LICGEN_HOME=$work/master/h
run_ok "$LICGEN" init --catalog "$catalog" --no-passphrase --quiet
run_ok "$LICGEN" create --plan professional --customer ACME --count 3 --out issued
mapfile -t keys <"$out"
run_ok "$LICGEN" product export --out product.json
run_ok "$LICGEN" revoke "${keys[2]}" --reason 'charged back'
run_ok "$LICGEN" revocations export --out list1.json
run_ok "$LICGEN" backup master/b.db
run_ok "$LICGEN" create --plan starter --customer Later
later=$(cat "$out")
sqlite3 master/h/ledger.db "UPDATE licenses SET note = 'the newest' WHERE key = '$later'"
LICGEN_HOME=$box/h
ledger=$LICGEN_HOME/ledger.db

before() {
  rm -rf "$box"
  cp -a master "$box"
  begin
}
begin() {
  entries=$(in_ledger 'SELECT count(*) FROM history')
  : >acknowledged
}
# By sqlite3, so that nothing of ours mends it first.
in_ledger() { sqlite3 "$ledger" "$@"; }

# The home is sound, and what was told is so: keys are in the ledger, and where it "is as it was", it is.
sound() {
  if grep -qF 'the ledger is as it was' "$err" && [ "$(in_ledger 'SELECT count(*) FROM history')" -ne "$entries" ]; then
    fail "something was changed"
  fi
  grep -o '^TZ-[A-Z0-9-]*' "$out" >>acknowledged
  [ -z "$(sort -u acknowledged | comm -23 - <(in_ledger 'SELECT key FROM licenses ORDER BY key'))" ] ||
    fail "what was acknowledged is lost"
  look "$LICGEN" doctor
}
after() { sound; }

# issued CONDITION: the keys in $out are those of the ledger, each once
issued() {
  sound
  in_ledger "SELECT key FROM licenses WHERE $1 ORDER BY key" | cmp -s - <(sort "$out") || fail "other keys were told"
}
# whole FILE LINES: if there is one, it has them all
whole() { [ ! -e "$1" ] || [ "$(wc -l <"$1")" -eq "$2" ] || fail "half of $1 is there"; }

test_case "bulk: to a file"
after() {
  sound
  whole "$box/all.jsonl" 12
}
finally() {
  assert_lines 12
  issued "batch = 'b'"
  jq -r '.payload | @base64d | fromjson | .key' "$box/all.jsonl" | cmp -s - "$out" || fail "other keys are in the file"
}
for kind in full once kill; do
  walk $kind 15 "$LICGEN" create --plan starter --customer A --count 12 --batch b --out "$box/all.jsonl"
done

test_case "bulk: to a directory"
after() { sound; }
finally() {
  assert_lines 3
  issued "batch = 'b'"
  while read -r key; do look "$LICGEN" verify "$box/many/$key.json"; done <"$out"
}
for kind in full kill; do
  walk $kind 12 "$LICGEN" create --plan starter --customer A --count 3 --batch b --out "$box/many"
done

test_case "bulk: in two transactions"
after() {
  sound
  assert_lines "$told"
}
finally() {
  assert_lines 10020
  issued "batch = 'b'"
}
bulk=("$LICGEN" create --plan starter --customer A --count 10020 --batch b)
for kind in full kill; do
  count_changes "${bulk[@]}"
  told=0
  visit $((all / 2)) "${bulk[@]}" || fail "no fault in the first"
  told=10000
  visit $((all - 12)) "${bulk[@]}" || fail "no fault in the second"
done

test_case "bulk: from a table"
{
  echo plan,customer,order
  for i in {1..12}; do echo "starter,C$i,PO-$i"; done
} >rows.csv
after() {
  sound
  whole "$box/keys.csv" 13
}
finally() {
  assert_lines 12
  issued "batch = 'b'"
  [ "$(wc -l <"$box/keys.csv")" -eq 13 ] || fail "no keys.csv"
}
for kind in full kill; do walk $kind 12 "$LICGEN" create --from-csv rows.csv --batch b --out "$box/keys.csv"; done

test_case "bulk: import"
run_ok "$LICGEN" --home "$work/other" init --catalog "$catalog" --no-passphrase --quiet
run_ok "$LICGEN" --home "$work/other" create --plan starter --customer B --count 12
sort "$out" >other.keys
run_ok "$LICGEN" --home "$work/other" export --all --out all.jsonl
after() { sound; }
finally() {
  issued "customer = 'B'"
  sort "$out" | cmp -s - other.keys || fail "other keys were imported"
}
for kind in full kill; do walk $kind 12 "$LICGEN" import all.jsonl; done

test_case "backup"
# backup_has FILE N: a whole ledger with so many licenses
backup_has() {
  look "$LICGEN" --ledger "sqlite:$1" audit
  grep -q "^whole: $2 licenses" "$seen" || fail "not $2 licenses in $1"
}
after() {
  sound
  if [ -e "$box/new.db" ]; then backup_has "$box/new.db" 4; fi
}
finally() { backup_has "$box/new.db" 4; }
for kind in full kill; do walk $kind 15 "$LICGEN" backup "$box/new.db" --force; done
after() {
  sound
  backup_has "$box/b.db" '[34]'
}
finally() { backup_has "$box/b.db" 4; }
walk once 20 "$LICGEN" backup "$box/b.db" --force

test_case "restore in the place of a ledger"
later_note() { sqlite3 "$1" "SELECT note FROM licenses WHERE key = '$later'"; }
after() {
  sound
  note=$(later_note "$ledger")
  [ "$status" != 1 ] || [ "$note" = "the newest" ] || grep -q "is written, but" "$err" || fail "it was replaced"
  [[ $note == "the newest" || -z $note ]] || fail "the newest change is lost"
}
finally() {
  sound
  [ "$(in_ledger 'SELECT count(*) FROM licenses')" = 3 ] || fail "that is not the backup"
  local kept found=
  for kept in "$ledger".replaced-*; do
    [[ $kept != *-journal && $kept != *-wal && $kept != *-shm ]] || continue
    [ ! "$kept" -ef "$ledger" ] || fail "$kept is the ledger itself"
    if [ "$(later_note "$kept")" = "the newest" ]; then found=$kept; fi
  done
  [ -n "$found" ] || fail "what was there is lost"
}
for kind in full once kill; do walk $kind 20 "$LICGEN" restore "$box/b.db" --force; done

test_case "restore in the place of a ledger whose newest change is in a write-ahead log"
before() {
  rm -rf "$box"
  cp -a logged "$box"
  begin
}
cp -a master logged
"$python" - "logged/h/ledger.db" "$later" <<'END'
import os, sqlite3, sys
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("UPDATE licenses SET note = 'older' WHERE key = ?", (sys.argv[2],))
c.execute("PRAGMA journal_mode = wal")
c.execute("UPDATE licenses SET note = 'the newest' WHERE key = ?", (sys.argv[2],))
os._exit(0)  # the log stays
END
[ -s logged/h/ledger.db-wal ] || fail "there is no log"
for kind in full kill; do walk $kind 12 "$LICGEN" restore "$box/b.db" --force; done

test_case "restore where there is no ledger, but a journal of the lost one"
before() {
  rm -rf "$box"
  cp -a master "$box"
  begin
}
kind="kill"
for ((at = 1; ; ++at)); do
  before
  faulted $at "$LICGEN" create --plan starter --customer Halfway
  [[ $fault != pwrite*/ledger.db ]] || break
  [ -n "$fault" ] || fail "the ledger is never written"
done
cp "$ledger-journal" hot-journal
before() {
  rm -rf "$box"
  cp -a master "$box"
  rm "$ledger"
  cp hot-journal "$ledger-journal"
  : >acknowledged
}
after() { [ ! -e "$ledger" ] || look "$LICGEN" doctor; }
finally() {
  look "$LICGEN" doctor
  [ "$(in_ledger 'SELECT count(*) FROM licenses')" = 3 ] || fail "that is not the backup"
  cat "$ledger".replaced-*-journal | cmp -s - hot-journal || fail "the journal is lost"
}
again=5 # there is one now
for kind in full kill; do walk $kind 15 "$LICGEN" restore "$box/b.db"; done
again=0

test_case "rotation"
before() {
  rm -rf "$box"
  cp -a master "$box"
  begin
}
# The key that signs is here, and what it signs is trusted.
after() {
  sound
  look "$LICGEN" create --plan starter --customer Signed --out "$box/signed"
  look "$LICGEN" verify "$box"/signed/*.json
  rm -r "$box/signed"
}
finally() {
  after
  [ "$(in_ledger "SELECT count(*) FROM history WHERE action = 'keys-rotate'")" -ge 1 ] || fail "it was not rotated"
}
walk full 60 "$LICGEN" keys rotate # at all of them: a key could be lost
for kind in once kill; do walk $kind 20 "$LICGEN" keys rotate; done

test_case "migration"
"$python" "$here/old_ledger.py" master/h/ledger.db old.db || fail "no older ledger"
chmod 600 old.db
newest=$("$python" -c 'import sqlite3,sys; print(sqlite3.connect(sys.argv[1]).execute("PRAGMA user_version").fetchone()[0])' \
  master/h/ledger.db)
[ "$newest" -gt 1 ] || fail "the new ledger is of version $newest"
before() {
  rm -rf "$box"
  cp -a master "$box"
  cp old.db "$ledger"
  begin
}
after() {
  local version
  version=$(in_ledger 'PRAGMA user_version')
  [[ $version == 1 || $version == "$newest" ]] || fail "it is of version $version, in the middle"
  sound
}
finally() {
  [ "$(in_ledger 'PRAGMA user_version; SELECT count(*) FROM licenses')" = "$newest"$'\n4' ] || fail "it is not up to date"
  sound
}
for kind in full once kill; do walk $kind 15 "$LICGEN" list --format csv; done

test_case "one license: renew, revoke"
before() {
  rm -rf "$box"
  cp -a master "$box"
  begin
}
finally() {
  sound
  look "$LICGEN" show "$later" --json
  [ "$(jq .license.serial "$seen")" = 2 ] || fail "not renewed once"
  look "$LICGEN" verify "$box/many/$later.json"
}
for kind in full kill; do walk $kind 12 "$LICGEN" renew "$later" --months 1 --order R-1 --out "$box/many"; done
finally() {
  sound
  look "$LICGEN" show "$later" --json
  [ "$(jq -r .status "$seen")" = revoked ] || fail "not revoked"
}
for kind in full kill; do walk $kind 10 "$LICGEN" revoke "$later" --reason fraud; done

test_case "a token"
before() {
  rm -rf "$box"
  cp -a master "$box"
  begin
}
after() { sound; }
finally() {
  sound
  [ "$(in_ledger "SELECT count(*) FROM tokens WHERE name = 'shop'")" = 1 ] || fail "there is not one token"
}
again=5 # there is one now
for kind in full once kill; do walk $kind 10 "$LICGEN" token create --name shop --scope read; done
again=0
look "$LICGEN" token create --name till --scope read
rm -rf token-master && cp -a "$box" token-master
before() {
  rm -rf "$box"
  cp -a token-master "$box"
  begin
}
finally() {
  sound
  [ "$(in_ledger "SELECT count(*) FROM tokens WHERE name = 'till' AND revoked_at IS NOT NULL")" = 1 ] || fail "it holds"
}
for kind in full kill; do walk $kind 10 "$LICGEN" token revoke till; done

test_case "a webhook, and what it is to be told"
before() {
  rm -rf "$box"
  cp -a master "$box"
  begin
}
# Each entry since the webhook was added is in the outbox, and nothing else.
after() {
  sound
  [ "$(in_ledger "SELECT group_concat(number) FROM (SELECT number FROM history WHERE number >= (SELECT min(number) FROM history WHERE action = 'webhook-add') ORDER BY 1)")" = \
    "$(in_ledger "SELECT group_concat(event) FROM (SELECT event FROM outbox ORDER BY 1)")" ] || fail "the outbox is not what happened"
}
finally() {
  after
  [ "$(in_ledger "SELECT count(*) FROM webhooks")" = 1 ] || fail "there is not one webhook"
}
again=5 # there is one now
for kind in full once kill; do walk $kind 8 "$LICGEN" webhooks add --name crm --url http://127.0.0.1:9/; done
again=0
rm -rf "$box" && cp -a master "$box"
look "$LICGEN" webhooks add --name crm --url http://127.0.0.1:9/
rm -rf webhook-master && cp -a "$box" webhook-master
before() {
  rm -rf "$box"
  cp -a webhook-master "$box"
  begin
}
finally() { after; }
for kind in full kill; do walk $kind 8 "$LICGEN" suspend "$later" --reason unpaid; done
after() { sound; }
finally() {
  sound
  [ "$(in_ledger "SELECT count(*) FROM outbox WHERE event = 1 AND ended_at IS NULL")" = 1 ] || fail "it is not told again"
}
for kind in full kill; do walk $kind 8 "$LICGEN" webhooks replay crm --event 1; done

test_case "usage statements that a device has signed"
export LICCTL_PRODUCT=$work/product.json
run_ok "$LICCTL" --activate-license "issued/${keys[0]}.json"
for i in 1 2; do
  run_ok "$LICCTL" --record-usage tickets=$i
  run_ok "$LICCTL" --usage-report "statement$i.json"
done
before() {
  rm -rf "$box"
  cp -a master "$box"
  begin
}
stated() { in_ledger 'SELECT count(*) FROM usage_statements'; }
after() {
  sound
  [[ $(stated) == [02] ]] || fail "half of it is imported"
}
finally() {
  sound
  [ "$(stated)" = 2 ] || fail "not both are imported"
  look "$LICGEN" usage show "${keys[0]}" --json
  [ "$(jq '[.months[] | select(.counter == "tickets") | .used] | add' "$seen")" = 3 ] ||
    fail "not 3 tickets: $(cat "$seen")"
}
for kind in full once kill; do walk $kind 15 "$LICGEN" usage import statement1.json statement2.json; done

test_case "a clock reset"
export HOME=$work/ahead
mkdir "$HOME"
run_ok "$LICCTL" --activate-license "issued/${keys[1]}.json"
run_ok faketime -f +40d "$LICCTL" --license-info
run_ok "$LICCTL" --clock-code
code=$(cat "$out")
noted() { in_ledger "SELECT count(*) FROM history WHERE action = 'clock-reset' AND detail LIKE '%$code%'"; }
after() {
  sound
  [ ! -e "$box/reset.json" ] || [ "$(noted)" = 1 ] || fail "a reset of which the history knows nothing"
}
finally() {
  sound
  [ "$(noted)" -ge 1 ] || fail "the history has no reset"
  [ "$(jq -r '.payload | @base64d | fromjson | .code' "$box/reset.json")" = "$code" ] || fail "no reset"
}
for kind in full once kill; do
  walk $kind 15 "$LICGEN" clock-reset "${keys[1]}" --code "$code" --out "$box/reset.json" --force
done
run_ok "$LICCTL" --apply-clock-reset "$box/reset.json"

test_case "init"
before() {
  rm -rf "$box"
  mkdir "$box"
}
after() { [ ! -e "$ledger" ] || look "$LICGEN" doctor; }
again=5 # all is done, or nearly so: then the message names the way out
finally() {
  if [ ! -e "$ledger" ]; then
    grep -q "move keys/ away" "$err" || fail "no way out"
    mv "$LICGEN_HOME/keys" "$box/away"
    look "$LICGEN" init --catalog "$catalog" --no-passphrase
  fi
  look "$LICGEN" doctor
}
for kind in full kill; do walk $kind 15 "$LICGEN" init --catalog "$catalog" --no-passphrase; done

assert_walked '^write .*/\.all\.jsonl' '^pwrite .*/ledger.db$' '^pwrite .*/ledger.db-journal' '^unlink .*-journal' \
  '^link .*/ledger.db.replaced' '^rename .*/ledger.db$' '^fsync .*/h$' '^write .*/\.reset.json\.' '^pwrite .*/\.new.db\.' '^write .*\.pem\.'
finished
