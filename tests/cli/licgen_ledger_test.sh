#!/usr/bin/env bash
# shellcheck disable=SC2154 # some names are assigned by read and printf -v
# licgen: list, show, revoke, export, revocations, verify, and a ledger that is locked.
. "$(dirname "$0")/lib.sh"
: "${LICGEN:?the licgen to test}"
here=$(cd "$(dirname "$0")" && pwd)
catalog=$here/../../docs/examples/ticketzero.json
cd "$work" || exit 1
LICGEN_HOME=$work/h
export LICGEN_HOME
run_ok "$LICGEN" init --catalog "$catalog" --no-passphrase --quiet

# new NAME ARGS...: issues a license and puts its key into $NAME.
new() {
  local name=$1
  shift
  run_ok "$LICGEN" create "$@"
  printf -v "$name" %s "$(cat "$out")"
}
new acme --plan professional --customer "ACME GmbH" --email ops@acme.example --order PO-1 --note "first one"
new short --plan starter --customer "Short Ltd" --expires 20d
new ended --plan starter --customer "Ended Inc" --starts 2020-01-01 --expires 2020-06-01
new grace --plan starter --customer "Late SA" --starts 2020-01-01 --expires "$(date -u -d '3 days ago' +%F)"
new ever --plan enterprise --customer "Ever AG" --perpetual
new trial --plan trial --customer "Try Co"
new later --plan starter --customer "Later KG" --starts 2090-01-01
new strange --plan starter --customer '=1+1,"x"' --email X@Strange.example --order '@order'
absent=TZ-PRO-0000-0000-0000-0000
absent=$("$LICGEN" show $absent 2>&1 | grep -o 'TZ-PRO-[0-9A-Z-]*?' | tr -d '?')
[ -n "$absent" ] || absent=$(LICGEN_HOME=$work/other "$LICGEN" init --catalog "$catalog" --no-passphrase --quiet >/dev/null 2>&1; LICGEN_HOME=$work/other "$LICGEN" create --plan professional --customer X)
mistyped=${acme%?}$([ "${acme: -1}" = 0 ] && echo 1 || echo 0)

# lists CUSTOMER... -- ARGS: exactly these come out, in this order.
lists() {
  local wanted=()
  while [ "$1" != -- ]; do wanted+=("$1") && shift; done
  shift
  run_ok "$LICGEN" list --json "$@"
  assert_json '[l["customer"] for l in d["licenses"]] == a' "${wanted[@]}"
}

test_case "list: filters"
lists "ACME GmbH" "Short Ltd" "Ended Inc" "Late SA" "Ever AG" "Try Co" "Later KG" '=1+1,"x"' --
lists "ACME GmbH" "Ever AG" '=1+1,"x"' -- --status valid
lists "Short Ltd" -- --status expiring
lists "Ended Inc" -- --status expired
lists "Late SA" -- --status grace
lists "Try Co" -- --status trial
lists "Later KG" -- --status not-yet-valid
lists -- --status revoked
lists -- --status suspended
lists "ACME GmbH" -- --plan professional
lists -- --plan nonesuch
lists "ACME GmbH" -- --customer 'acme*'
lists "Short Ltd" -- --customer 's?ORT*'
lists -- --customer '[as]*'
lists '=1+1,"x"' -- --email x@strange.EXAMPLE
lists "Short Ltd" -- --expires-within 30d --plan starter
lists "Short Ltd" "Try Co" -- --expires-within 2mo
lists "ACME GmbH" "Short Ltd" -- --limit 2
assert_json 'd["next"] == d["licenses"][1]["key"]'
lists "Ended Inc" "Late SA" -- --limit 2 --after "$short"
lists '=1+1,"x"' -- --after "$later"
assert_json 'd["next"] is None'
lists -- --after "$strange"
lists "Short Ltd" -- --customer 'SHORT LTD'

test_case "list: formats"
run_ok "$LICGEN" list --format jsonl
assert_lines 8
run_ok "$LICGEN" list --format jsonl --customer 'ACME*'
assert_json 'list(d) == ["key","status","plan","kind","customer","email","issued_at","expires_at","seats","activations","order"]'
assert_json 'd["key"] == a[0] and d["email"] == "ops@acme.example" and d["seats"] == 3 and d["activations"] == 0 and d["order"] == "PO-1"' "$acme"
run_ok "$LICGEN" list --format jsonl --customer 'Ever*'
assert_json 'd["expires_at"] is None and d["email"] is None and d["order"] is None and d["kind"] == "perpetual"'
run_ok "$LICGEN" list --format csv
"$python" - "$out" <<'END' || fail "the CSV"
import csv, sys
rows = list(csv.reader(open(sys.argv[1], newline="")))
assert rows[0] == ["key","status","plan","kind","customer","email","issued_at","expires_at","seats","activations","order"]
assert len(rows) == 9 and all(len(r) == 11 for r in rows)
assert rows[1][4] == "ACME GmbH" and rows[5][7] == "" and rows[8][4] == "'=1+1,\"x\"" and rows[8][10] == "'@order"
END
run_ok "$LICGEN" list --format csv --plan nonesuch
assert_stdout "key,status,plan,kind,customer,email,issued_at,expires_at,seats,activations,order"
run_ok "$LICGEN" list
assert_lines 9
assert_stdout_has "$acme"
assert_stderr_empty
run_ok "$LICGEN" list --limit 3
assert_lines 4
assert_stderr_has "--after $ended"
run_ok "$LICGEN" list --status suspended
assert_stdout_empty
assert_stderr_has "no license matches"
run_ok "$LICGEN" create --plan starter --customer Many --count 60
run_ok "$LICGEN" list
assert_lines 51
assert_stderr_has "there are more"
run_ok "$LICGEN" list --format csv
assert_lines 69
run_ok "$LICGEN" list --format jsonl --limit 60
assert_lines 60

test_case "list: errors"
run_code 2 "$LICGEN" list --status expird
assert_stderr_has "expired"
assert_stdout_empty
run_code 2 "$LICGEN" list --format xml
assert_stderr_has "jsonl"
run_code 2 "$LICGEN" list --json --format csv
run_code 3 "$LICGEN" list --expires-within 30
run_code 3 "$LICGEN" list --expires-within 0d
for value in 0 -1 3x 9223372036854775808 ''; do run_code 3 "$LICGEN" list --limit "$value"; done
run_code 3 "$LICGEN" list --plan ''
run_code 3 "$LICGEN" list --after TZ
run_code 4 "$LICGEN" list --after "$absent" --json
assert_json_error not-found 4
run_code 2 "$LICGEN" list extra

test_case "show"
run_ok "$LICGEN" show "$acme"
for text in "$acme" "ACME GmbH" ops@acme.example PO-1 "first one" valid "tickets: 5000 per month" "priority-support: true" "create (serial 1) by "; do
  assert_stdout_has "$text"
done
assert_stderr_empty
run_ok "$LICGEN" show "$(echo "$acme" | tr '[:upper:]' '[:lower:]' | tr -d -)"
assert_stdout_has "$acme"
run_code 3 "$LICGEN" show "$mistyped"
assert_stderr_has "did you mean $acme?"
assert_stdout_empty
run_code 3 "$LICGEN" show nonsense
run_code 3 "$LICGEN" show ../../etc/passwd
run_code 4 "$LICGEN" show "$absent"
run_code 4 "$LICGEN" --json show "$absent"
assert_json_error not-found 4
run_code 2 "$LICGEN" show
run_code 2 "$LICGEN" show "$acme" "$short"

test_case "revoke: all or nothing"
run_code 2 "$LICGEN" revoke "$acme"
assert_stderr_has "--reason"
run_code 2 "$LICGEN" revoke --reason x
run_code 3 "$LICGEN" revoke "$acme" --reason ''
run_code 3 "$LICGEN" revoke "$acme" --reason=
run_code 3 "$LICGEN" revoke "$acme" --reason '  '
run_code 3 "$LICGEN" revoke "$acme" "$mistyped" --reason fraud
run_code 4 "$LICGEN" revoke "$acme" "$absent" --reason fraud
assert_stdout_empty
lists -- --status revoked
run_ok "$LICGEN" revoke "$acme" "$short" "$acme" --reason "charged back"
assert_lines 2
assert_stderr_has "revocations export"
lists "ACME GmbH" "Short Ltd" -- --status revoked
run_ok "$LICGEN" show "$acme" --json
assert_json 'd["status"] == "revoked" and d["revoked"]["reason"] == "charged back"'
assert_json '[(h["action"], h["reason"]) for h in d["history"]] == [("create", None), ("revoke", "charged back")]'
run_ok "$LICGEN" revoke "$acme" --reason "charged back"
assert_stdout_has "already revoked"
assert_stderr_empty
run_ok "$LICGEN" revoke "$acme" "$ended" --reason "charged back" --json
assert_json '[(r["key"], r["changed"]) for r in d["revoked"]] == [(a[0], False), (a[1], True)]' "$acme" "$ended"
run_code 5 "$LICGEN" revoke "$ever" "$acme" --reason "another"
assert_stderr_has "charged back"
run_ok "$LICGEN" show "$ever" --json
assert_json 'd["status"] == "valid" and len(d["history"]) == 1'
run_ok "$LICGEN" show "$acme" --json
assert_json 'len(d["history"]) == 2'
run_ok "$LICGEN" revoke --reason $'bad \e[31m reason' -- "$later"
assert_no_escapes
run_ok "$LICGEN" show "$later"
assert_no_escapes

test_case "export"
run_code 2 "$LICGEN" export --out x
run_code 2 "$LICGEN" export --all "$acme" --out x
run_code 2 "$LICGEN" export "$acme" --plan starter --out x
run_code 2 "$LICGEN" export "$acme"
run_code 2 "$LICGEN" export "$acme" --out - --json
run_ok "$LICGEN" export "$ever" --out halfway
run_code 5 "$LICGEN" export --all --out halfway
[ "$(find halfway -type f | wc -l)" -eq 1 ] || fail "files were written before the conflict"
run_code 4 "$LICGEN" export "$ever" "$absent" --out x
run_code 3 "$LICGEN" export "$mistyped" --out x
assert_absent x
run_ok "$LICGEN" export "$ever" "$ended" "$acme" --out dir
assert_stdout "3 licenses written to dir"
assert_entries dir 3
assert_mode "dir/$ever.json" 644
assert_stderr_has "$acme is revoked"
run_code 5 "$LICGEN" export "$ever" --out dir
assert_stderr_has "--force"
run_ok "$LICGEN" export "$ever" --out dir --force --json
assert_json 'd == {"files": ["dir/%s.json" % a[0]], "count": 1}' "$ever"
run_ok "$LICGEN" export --all --out all.jsonl
assert_stdout "64 licenses written to all.jsonl"
assert_stderr_has "4 revoked left out"
[ "$(wc -l <all.jsonl)" -eq 64 ] || fail "not 64 lines"
run_code 5 "$LICGEN" export --all --out all.jsonl
[ "$(wc -l <all.jsonl)" -eq 64 ] || fail "not 64 lines"
run_ok "$LICGEN" export --all --status revoked --out -
assert_lines 4
run_ok "$LICGEN" export --all --customer 'Try*' --out - --quiet
assert_lines 1
assert_stderr_empty
assert_json 'd["payloadType"] == "application/vnd.lic.license.v1+json" and len(d["signatures"]) == 1'
run_ok "$LICGEN" export --all --plan nonesuch --out none --json
assert_json 'd == {"files": [], "count": 0}'
ln -s "$work/victim" "dir/$trial.json"
run_code 5 "$LICGEN" export "$trial" --out dir
run_ok "$LICGEN" export "$trial" --out dir --force
assert_absent victim

test_case "revocations export"
payload='__import__("json").loads(__import__("base64").b64decode(d["payload"]))'
run_ok "$LICGEN" revocations export
assert_json "$payload"'["seq"] == 1 and len('"$payload"'["entries"]) == 4'
assert_json "[e['reason'] for e in ${payload}['entries']].count('charged back') == 3"
run_ok "$LICGEN" revocations export --out list.json --valid 30d
assert_stdout_empty
assert_mode list.json 644
cp list.json "$out"
assert_json "$payload"'["seq"] == 2 and '"$payload"'["next_update"] > '"$payload"'["issued_at"]'
run_code 5 "$LICGEN" revocations export --out list.json
run_code 3 "$LICGEN" revocations export --valid 0d
run_code 3 "$LICGEN" revocations export --valid soon
run_code 4 "$LICGEN" revocations export --out nowhere/list.json
run_ok "$LICGEN" revocations export --out list.json --force --json
assert_json 'd == {"file": "list.json"}'
cp list.json "$out"
assert_json "$payload"'["seq"] == 3'

test_case "verify: what is genuine"
run_ok "$LICGEN" product export --out product.json
run_ok "$LICGEN" verify "dir/$ever.json"
assert_stdout_has "signature good"
assert_stdout_has "$ever"
assert_stderr_empty
run_ok "$LICGEN" verify "dir/$ever.json" --json
assert_json 'd["kind"] == "license" and d["verdict"] == "valid" and d["product"] == "ticketzero" and d["key"] == a[0] and d["serial"] == 1 and d["status"] == "valid" and len(d["keyid"]) == 64 and len(d["id"]) == 26' "$ever"
LICGEN_HOME=$work/none run_ok "$LICGEN" verify "dir/$ever.json" --product-file product.json
LICGEN_HOME=$work/none run_ok "$LICGEN" verify "dir/$ended.json" --product-file product.json --json
assert_json 'd["verdict"] == "valid" and d["status"] == "expired"'
input=dir/$ever.json run_ok "$LICGEN" verify -
run_ok "$LICGEN" export "$grace" --out dir
run_ok "$LICGEN" verify "dir/$grace.json" --json
assert_json 'd["status"] == "grace"'
run_code 12 "$LICGEN" verify "dir/$acme.json"
assert_stdout_has "charged back"
assert_stderr_has "revoked"
run_code 12 "$LICGEN" verify "dir/$acme.json" --json
assert_json 'd["verdict"] == "revoked" and d["error"]["exit"] == 12'
run_ok "$LICGEN" verify "dir/$acme.json" --product-file product.json
run_ok "$LICGEN" verify product.json --json
assert_json 'd["kind"] == "product" and d["verdict"] == "valid" and d["version"] == 1'
LICGEN_HOME=$work/none run_ok "$LICGEN" verify product.json
assert_stdout_has "own root keys only"
run_ok "$LICGEN" verify product.json --product-file product.json
run_ok "$LICGEN" verify list.json --json
assert_json 'd["kind"] == "revocations" and d["seq"] == 3'
run_ok "$LICGEN" verify list.json --product-file product.json
assert_stdout_has "4 licenses revoked"

test_case "verify: what is not"
[ -d other ] || LICGEN_HOME=$work/other run_ok "$LICGEN" init --catalog "$catalog" --no-passphrase --quiet
LICGEN_HOME=$work/other run_ok "$LICGEN" create --plan starter --customer X --out foreign.jsonl
LICGEN_HOME=$work/other run_ok "$LICGEN" product export --out foreign-product.json
LICGEN_HOME=$work/other run_ok "$LICGEN" revocations export --out foreign-list.json
for file in foreign.jsonl foreign-product.json foreign-list.json; do
  run_code 15 "$LICGEN" verify "$file"
  assert_stdout_has "not to be trusted"
  run_code 15 "$LICGEN" verify "$file" --json
  assert_json 'd["verdict"] == "untrusted" and d["error"]["exit"] == 15 and d["keyid"] is None and d["key"] is None'
done
run_code 15 "$LICGEN" verify foreign.jsonl --product-file product.json
run_ok "$LICGEN" verify foreign.jsonl --product-file foreign-product.json
# Altered terms, and a revocation list passed off as a license.
"$python" - "dir/$ever.json" >altered.json <<'END'
import base64, json, sys
d = json.load(open(sys.argv[1]))
d["payload"] = base64.b64encode(base64.b64decode(d["payload"]).replace(b'"seats":10', b'"seats":99')).decode()
json.dump(d, sys.stdout)
END
! cmp -s altered.json "dir/$ever.json" || fail "nothing was altered"
run_code 15 "$LICGEN" verify altered.json
assert_stderr_has "altered or forged"
sed 's/vnd.lic.revocations/vnd.lic.license/' list.json >disguised.json
run_code 15 "$LICGEN" verify disguised.json
run_code 15 "$LICGEN" verify "dir/$ever.json" --product-file altered.json
cp "dir/$ever.json" whole
size=$(stat -c %s whole)
for length in 0 1 2 100 $((size / 2)) $((size - 3)); do
  head -c "$length" whole >part.json
  run_code 3 "$LICGEN" verify part.json
  assert_stdout_empty
done
echo x >>whole
run_code 3 "$LICGEN" verify whole
sed 's/vnd.lic.license/vnd.lic.lease/' "dir/$ever.json" >lease.json
run_code 3 "$LICGEN" verify lease.json
echo '{"payloadType":"text/plain","payload":"","signatures":[]}' >text.json
run_code 3 "$LICGEN" verify text.json
head -c 70000 /dev/zero | tr '\0' ' ' >large.json
cat "dir/$ever.json" >>large.json
run_code 3 "$LICGEN" verify large.json
run_code 4 "$LICGEN" verify missing.json
run_code 4 "$LICGEN" verify "dir/$ever.json" --product-file missing.json
run_code 3 "$LICGEN" verify .
mkfifo pipe
run_code 3 "$LICGEN" verify pipe
LICGEN_HOME=$work/none run_code 4 "$LICGEN" verify "dir/$ever.json"
assert_stderr_has "--product-file"

test_case "verify: an older product file of the same roots"
"$python" -c 'import json,sys; d=json.load(open(sys.argv[1])); d["name"]="New"; json.dump(d,sys.stdout)' "$catalog" >next.json
run_ok "$LICGEN" catalog import next.json
run_ok "$LICGEN" verify product.json
assert_stdout_has "is newer: version 2"
run_ok "$LICGEN" product export --out product2.json
run_ok "$LICGEN" verify product2.json --product-file product.json
run_ok "$LICGEN" verify "dir/$ever.json"

test_case "a ledger that another process writes to"
"$python" - <<'END' &
import sqlite3, time
c = sqlite3.connect("h/ledger.db", isolation_level=None)
c.execute("BEGIN IMMEDIATE")
open("locked", "w").close()
time.sleep(30)
END
holder=$!
until [ -e locked ]; do sleep 0.1; done
before=$SECONDS
"$LICGEN" revoke "$ever" --reason x >revoke.out 2>revoke.err &
revoking=$!
run_code 7 "$LICGEN" create --plan starter --customer Locked --out locked-out --json
assert_json_error unavailable 7
wait $revoking
[ $? -eq 7 ] || fail "revoke did not give up with 7: $(cat revoke.err)"
[ ! -s revoke.out ] || fail "revoke said something"
[ $((SECONDS - before)) -lt 20 ] || fail "waited too long"
run_ok "$LICGEN" show "$ever"
kill $holder
wait $holder 2>/dev/null
run_ok "$LICGEN" list --customer Locked
assert_stdout_empty
[ -z "$(ls locked-out 2>/dev/null)" ] || fail "files of licenses that were not issued"
run_ok "$LICGEN" show "$ever" --json
assert_json 'd["status"] == "valid"'
run_ok "$LICGEN" create --plan starter --customer Locked

finished
