#!/usr/bin/env bash
# licgen audit: a history edited by hand is noticed, each time.
. "$(dirname "$0")/lib.sh"
: "${LICGEN:?the licgen to test}"
here=$(cd "$(dirname "$0")" && pwd)
cd "$work" || exit 1
LICGEN_HOME=$work/h
export LICGEN_HOME
run_ok "$LICGEN" init --catalog "$here/../../docs/examples/ticketzero.json" --no-passphrase --quiet
run_ok "$LICGEN" create --plan professional --customer ACME --count 4
mapfile -t keys <"$out"
run_ok "$LICGEN" --as Alice renew "${keys[0]}"
run_ok "$LICGEN" show "${keys[0]}" --json
assert_json 'd["history"][-1]["actor"] == "Alice"'
run_code 2 "$LICGEN" --as "" renew "${keys[0]}"
run_ok "$LICGEN" revoke "${keys[1]}" --reason 'charged back'
run_ok "$LICGEN" suspend "${keys[2]}" --reason unpaid

test_case "a ledger that nobody touched"
run_ok "$LICGEN" audit
assert_stdout "whole: 4 licenses, 8 entries of history"
run_ok "$LICGEN" audit --json
assert_json 'd["whole"] is True and d["licenses"] == 4 and d["entries"] == 8 and d["findings"] == [] and len(d["root"]) == 64'
run_ok "$LICGEN" audit --checkpoint first.json
run_code 5 "$LICGEN" audit --checkpoint first.json
run_ok "$LICGEN" audit --checkpoint first.json --force
run_ok "$LICGEN" reinstate "${keys[2]}"
run_ok "$LICGEN" audit --against first.json
assert_stdout_has "which extend the checkpoint"
run_ok "$LICGEN" audit --checkpoint second.json

test_case "checkpoints that are none"
run_code 4 "$LICGEN" audit --against absent.json
echo '{}' >empty.json
run_code 3 "$LICGEN" audit --against empty.json
run_ok "$LICGEN" export "${keys[0]}" --out .
run_code 15 "$LICGEN" audit --against "${keys[0]}.json"
"$python" - <<'END'
import json, base64
d = json.load(open("second.json"))
p = json.loads(base64.b64decode(d["payload"]))
p["size"] -= 1
d["payload"] = base64.b64encode(json.dumps(p).encode()).decode()
json.dump(d, open("forged.json", "w"))
END
run_code 15 "$LICGEN" audit --against forged.json

# noticed SQL TEXT: audit finds that edit by itself, and says so.
noticed() {
  edit_ledger "$1"
  run_code 15 "$LICGEN" audit
  assert_stdout_has "$2"
  run_code 15 "$LICGEN" audit --checkpoint vouched.json
  assert_absent vouched.json
  cp kept.db "$LICGEN_HOME/ledger.db"
}

test_case "every edit of the history is noticed"
noticed "UPDATE history SET reason = 'x' WHERE number = 2" "entry 2 (create) was altered"
noticed "UPDATE history SET actor = 'x' WHERE number = 6" "entry 6 (renew) was altered"
noticed "UPDATE history SET at = at + 1 WHERE number = 7" "entry 7 (revoke) was altered"
noticed "UPDATE history SET detail = replace(detail, 'serial', 'cereal') WHERE number = 2" "entry 2"
noticed "UPDATE history SET link = NULL WHERE number = 3" "entry 3"
noticed "DELETE FROM history WHERE number = 3" "entry 3 of the history was removed"
noticed "DELETE FROM history WHERE number IN (3, 4)" "entries 3 to 4 of the history were removed"
noticed "DELETE FROM history WHERE number = 9" "the last entry of the history, 9, was removed"
noticed "DELETE FROM history WHERE number = 9; UPDATE counters SET value = 8 WHERE name = 'history'" "its suspension is not"
noticed "INSERT INTO history (number, at, actor, action) VALUES (10, 1, 'x', 'x')" "added to the history by hand"
noticed "UPDATE history SET number = 99 WHERE number = 2; UPDATE history SET number = 2 WHERE number = 3;
  UPDATE history SET number = 3 WHERE number = 99" "entry 3 (create)"

noticed "INSERT INTO history (number, at, actor, action) VALUES (0, 1, 'x', 'x')" "entry 0 was inserted by hand"
noticed "INSERT INTO history (number, at, actor, action, key, license, detail)
  SELECT -5, at, actor, 'renew', key, license, '{}' FROM history WHERE number = 2" "entry -5 was inserted by hand"
noticed "UPDATE history SET license = NULL WHERE number = 2" "entry 2 was inserted by hand, or counted to another license"
noticed "UPDATE history SET license = 3 WHERE number = 2" "entry 2 was inserted by hand, or counted to another license"
noticed "UPDATE history SET reason = '' WHERE number = 2" "entry 2 was inserted by hand"
noticed "UPDATE counters SET value = 5 WHERE name = 'history-before-chain'" "entry 5 is told to be from before the chain"
noticed "UPDATE counters SET value = 5 WHERE name = 'history-before-chain';
  UPDATE history SET actor = 'x' WHERE number = 2" "entry 2 is told to be from before the chain, but is part of it"
noticed "DELETE FROM history; DELETE FROM documents; DELETE FROM licenses;
  UPDATE counters SET value = 0 WHERE name = 'history'" "the history is empty"

test_case "a counter that anyone may raise, without dropping a trigger"
cp "$LICGEN_HOME/ledger.db" kept.db
"$python" - "$LICGEN_HOME/ledger.db" <<'END' || fail "the edit failed"
import sqlite3, sys
ledger = sqlite3.connect(sys.argv[1])
ledger.execute("UPDATE counters SET value = 50 WHERE name = 'history-before-chain'")
ledger.commit()
END
run_code 15 "$LICGEN" audit
cp kept.db "$LICGEN_HOME/ledger.db"

test_case "every edit of a license is noticed"
noticed "UPDATE licenses SET created_at = created_at - 86400 WHERE number = 1" "by the history from"
noticed "UPDATE licenses SET kind = 'rented' WHERE number = 1; UPDATE licenses SET seats = 99 WHERE number = 2" \
  "is of an unknown kind"
noticed "UPDATE licenses SET kind = 'rented' WHERE number = 1; UPDATE licenses SET seats = 99 WHERE number = 2" \
  "its row was altered"
noticed "UPDATE licenses SET seats = 99 WHERE number = 1" "its row was altered"
noticed "UPDATE licenses SET expires_at = NULL WHERE number = 1" "its row was altered"
noticed "UPDATE licenses SET customer = 'Mallory' WHERE number = 1" "its row was altered"
noticed "UPDATE licenses SET serial = 1 WHERE number = 1" "by the history it is 2"
noticed "UPDATE licenses SET revoked_at = NULL, revoke_reason = NULL WHERE number = 2" "its revocation is not"
noticed "UPDATE documents SET document = (SELECT document FROM documents WHERE license = 2) WHERE license = 1" \
  "its document is not the one that was issued"
noticed "DELETE FROM documents WHERE license = 4; DELETE FROM licenses WHERE number = 4" "but not in the ledger"
noticed "UPDATE history SET key = NULL WHERE number = 5" "has no history"

test_case "every edit of catalogues, product files and keys is noticed"
sed 's/"amount": "4500.00"/"amount": "4600.00"/' "$here/../../docs/examples/ticketzero.json" >dearer.json
run_ok "$LICGEN" catalog import dearer.json
run_ok "$LICGEN" keys rotate --no-passphrase
run_ok "$LICGEN" revocations export --out list.json
run_ok "$LICGEN" audit --checkpoint second.json --force
noticed "UPDATE products SET catalog = replace(catalog, '00.00', '0.00') WHERE version = 1" \
  "version 1 of the product file does not say what its catalogue says"
noticed "UPDATE products SET catalog = '[' WHERE version = 3" "version 3 of the product file does not say"
noticed "UPDATE products SET imported_at = imported_at - 86400 WHERE version = 2" \
  "version 2 of the product file is not from the time it was made"
noticed "UPDATE products SET product_file = replace(product_file, 'a', 'b') WHERE version = 1" "version 1 of the product file"
noticed "UPDATE products SET product_file = (SELECT product_file FROM products WHERE version = 1),
  catalog = (SELECT catalog FROM products WHERE version = 1) WHERE version = 2" "says that it is version 1"
noticed "DELETE FROM products WHERE version = 1" "version 1 of the product file is in the history, but not in the ledger"
noticed "INSERT INTO products SELECT 0, catalog, product_file, imported_at FROM products WHERE version = 1" \
  "a product file was added by hand"
noticed "DELETE FROM keys WHERE number = 2" "is in a product file, but not in the ledger"
noticed "UPDATE keys SET purpose = 'license' WHERE purpose = 'root'" "is not recorded as the product file names it"
noticed "UPDATE keys SET roles = 'lease' WHERE number = 2" "is not recorded as the product file names it"
noticed "UPDATE keys SET roles = 'x' WHERE number = 2" "unknown role"
noticed "UPDATE keys SET not_after = 1 WHERE number = 3" "is not recorded as the product file names it"
noticed "UPDATE counters SET value = 0 WHERE name = 'revocations'" "by the history it is 1"

test_case "a chain made anew is noticed by the checkpoint"
edit_ledger "UPDATE history SET reason = 'a better story' WHERE number = 7;
  UPDATE licenses SET revoke_reason = 'a better story' WHERE number = 2"
"$python" - "$LICGEN_HOME/ledger.db" <<'END'
import hashlib, json, sqlite3, sys, datetime
ledger = sqlite3.connect(sys.argv[1])
triggers = ledger.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
for name, _ in triggers:
    ledger.execute(f"DROP TRIGGER {name}")
last = {}
rows = ledger.execute("SELECT number, at, actor, action, key, reason, detail FROM history ORDER BY number").fetchall()
for number, at, actor, action, key, reason, detail in rows:
    when = datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = json.dumps([number, when, actor, action, key, reason, detail], separators=(",", ":"), ensure_ascii=False)
    link = hashlib.sha256(b"lic-history-v1\0" + last.get(key, "").encode() + b"\0" + text.encode()).hexdigest()
    ledger.execute("UPDATE history SET link = ? WHERE number = ?", (link, number))
    last[key] = link
for _, sql in triggers:
    ledger.execute(sql)
ledger.commit()
END
run_ok "$LICGEN" audit
run_code 15 "$LICGEN" audit --against second.json
assert_stdout_has "are not those of the checkpoint"
cp kept.db "$LICGEN_HOME/ledger.db"
run_ok "$LICGEN" audit --against second.json

test_case "an audit while others write"
run_ok "$LICGEN" create --plan starter --customer Many --count 300
(for key in "${keys[0]}" "${keys[3]}"; do for _ in 1 2 3 4 5; do "$LICGEN" renew "$key" --quiet; done; done >/dev/null 2>&1) &
for _ in 1 2 3 4 5; do run_ok "$LICGEN" audit; done
wait
run_ok "$LICGEN" verify second.json --json
assert_json 'd["kind"] == "checkpoint" and d["verdict"] == "valid" and d["size"] == 12'

test_case "an older copy of the ledger is noticed by the checkpoint"
cp "$LICGEN_HOME/ledger.db" older.db
run_ok "$LICGEN" create --plan starter --customer New
run_ok "$LICGEN" audit --checkpoint third.json
cp older.db "$LICGEN_HOME/ledger.db"
run_ok "$LICGEN" audit
run_code 15 "$LICGEN" audit --against third.json --json
assert_json 'd["error"]["exit"] == 15 and "fewer than" in d["findings"][0]["message"]'

finished
