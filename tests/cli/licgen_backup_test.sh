#!/usr/bin/env bash
# licgen backup and restore.
. "$(dirname "$0")/lib.sh"
: "${LICGEN:?the licgen to test}"
here=$(cd "$(dirname "$0")" && pwd)
cd "$work" || exit 1
LICGEN_HOME=$work/h
export LICGEN_HOME
ledger=$LICGEN_HOME/ledger.db
run_ok "$LICGEN" init --catalog "$here/../../docs/examples/ticketzero.json" --no-passphrase --quiet
run_ok "$LICGEN" create --plan professional --customer ACME --count 3
mapfile -t keys <"$out"
run_ok "$LICGEN" revoke "${keys[2]}" --reason 'charged back'
run_ok "$LICGEN" revocations export --out list1.json

test_case "backup"
run_ok "$LICGEN" backup b.db
[ "$(stat -c %a b.db)" = 600 ] || fail "the backup can be read by others"
run_code 5 "$LICGEN" backup b.db
run_ok "$LICGEN" backup b.db --force --json
assert_json 'd == {"file": "b.db"}'
run_code 4 "$LICGEN" backup absent/b.db
run_code 5 "$LICGEN" backup h
run_ok "$LICGEN" --ledger sqlite:b.db audit
assert_stdout "whole: 3 licenses, 6 entries of history"

test_case "a backup while others write"
for i in 1 2 3 4; do "$LICGEN" create --plan starter --customer "C$i" --count 200 --quiet >/dev/null 2>"at-once.$i" & done
for i in 1 2 3; do
  run_ok "$LICGEN" backup "busy$i.db"
  run_ok "$LICGEN" --ledger "sqlite:busy$i.db" audit
done
wait
cat at-once.? >all.err
[ ! -s all.err ] || fail "a writer failed: $(cat all.err)"

run_code 2 "$LICGEN" backup -
run_code 2 "$LICGEN" restore -

test_case "restore where there is no ledger"
run_code 5 "$LICGEN" restore b.db
assert_stderr_has "--force"
mv "$ledger" away.db
cp b.db before.db
run_ok "$LICGEN" restore b.db --json
assert_json 'd["licenses"] == 3 and d["replaced"] is None'
assert_same b.db before.db
[ "$(stat -c %a "$ledger")" = 600 ] || fail "the ledger can be read by others"
run_ok "$LICGEN" show "${keys[0]}"
run_ok "$LICGEN" audit
run_ok "$LICGEN" create --plan starter --customer Next
run_ok "$LICGEN" revocations export --out list2.json
"$python" - <<'END' || fail "a number was given twice"
import base64, json
seq = lambda f: json.loads(base64.b64decode(json.load(open(f))["payload"]))["seq"]
assert seq("list2.json") > seq("list1.json")
END

test_case "restore over a ledger"
run_ok "$LICGEN" revocations export --out list3.json
run_ok "$LICGEN" restore b.db --force
assert_stderr_has "is kept as"
set -- "$LICGEN_HOME"/ledger.db.replaced-*
[ -s "$1" ] || fail "the old ledger is not there"
run_ok "$LICGEN" --ledger "sqlite:$1" list --customer Next --format csv
assert_lines 2
run_ok "$LICGEN" revocations export --out list4.json
"$python" - <<'END' || fail "the next number is not the next"
import base64, json
seq = lambda f: json.loads(base64.b64decode(json.load(open(f))["payload"]))["seq"]
assert seq("list4.json") == seq("list3.json") + 1
END

test_case "what is no backup changes nothing"
cp "$ledger" before.db
head -c 20000 b.db >cut.db
echo text >text.db
: >empty.db
"$python" - <<'END'
import sqlite3, shutil
shutil.copy("b.db", "edited.db")
c = sqlite3.connect("edited.db")
c.execute("UPDATE licenses SET seats = 99 WHERE number = 1")
c.commit()
END
for bad in cut.db text.db empty.db h/keys/root.pem h; do
  run_code 3 "$LICGEN" restore "$bad" --force
  assert_stderr_has "'$bad'"
  assert_stderr_lacks .ledger.db
done
run_code 3 "$LICGEN" restore text.db --force
assert_stderr_has "hint: use another backup"
run_code 15 "$LICGEN" restore edited.db --force
assert_stderr_has "altered by hand"
run_code 4 "$LICGEN" restore absent.db --force
assert_same "$ledger" before.db
[ -z "$(find h -name '.ledger*')" ] || fail "something was left behind"

test_case "a ledger that is being written is not replaced"
"$python" - "$ledger" <<'END' &
import sqlite3, sys, time
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("BEGIN IMMEDIATE")
open("held", "w").close()
time.sleep(14)
END
until [ -e held ]; do sleep 0.05; done
run_code 7 "$LICGEN" restore b.db --force
wait
assert_same "$ledger" before.db

test_case "a damaged ledger is replaced, and kept"
printf 'garbage' | dd of="$ledger" bs=1 seek=0 conv=notrunc 2>/dev/null
run_code 3 "$LICGEN" list
run_ok "$LICGEN" restore b.db --force
run_ok "$LICGEN" audit

test_case "killed while it restores"
for delay in 0.005 0.02 0.04 0.06 0.08 0.1 0.13; do
  timeout -s KILL "$delay" "$LICGEN" restore b.db --force >/dev/null 2>&1
  run_ok "$LICGEN" audit
done

test_case "doctor"
run_ok "$LICGEN" doctor
assert_stdout_has "whole: 3 licenses"
run_ok "$LICGEN" doctor --json
assert_json 'd["healthy"] is True and {c["verdict"] for c in d["checks"]} == {"ok", "warning"}'
chmod 644 "$ledger"
run_code 1 "$LICGEN" doctor
assert_stdout_has "is open to others"
chmod 600 "$ledger"
run_code 1 faketime -f "-2d" "$LICGEN" doctor --json
assert_json '[c["name"] for c in d["checks"] if c["verdict"] == "bad"] == ["clock"]'
mv h/keys/root.pem away.pem
run_ok "$LICGEN" doctor
assert_stdout_has "kept offline"
mv away.pem h/keys/root.pem
run_code 4 "$LICGEN" --home nowhere doctor

finished
