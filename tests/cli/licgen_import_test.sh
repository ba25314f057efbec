#!/usr/bin/env bash
# licgen import: licenses of another home, lists and hand-made files, foreign keys,
# faults and conflicts with their line, runs that are repeated and killed.
#
#   KILLS  how many runs are killed (default 200, of which this takes a tenth)
. "$(dirname "$0")/lib.sh"
: "${LICGEN:?the licgen to test}" "${LICCTL:?the licctl to test}"
here=$(cd "$(dirname "$0")" && pwd)
cd "$work" || exit 1
catalog=$here/../../docs/examples/ticketzero.json
# new_home NAME: an empty home, which is then the one
new_home() {
  LICGEN_HOME=$work/$1
  export LICGEN_HOME
  run_ok "$LICGEN" init --catalog "$catalog" --no-passphrase --quiet
}
count() { "$LICGEN" list --format jsonl | wc -l; }
whole() {
  run_ok "$LICGEN" audit
  assert_stdout_has "whole: $1 licenses"
}
# refused CODE MESSAGE ARGS...: that exit code, the message on stderr, nothing imported
refused() {
  local code=$1 message=$2 before
  shift 2
  before=$(count)
  run_code "$code" "$LICGEN" import "$@"
  assert_stdout_empty
  assert_stderr_has "$message"
  assert_no_escapes
  [ "$(count)" -eq "$before" ] || fail "something was imported"
}

# The home that all comes from: a valid, a renewed, a suspended, a revoked and a perpetual license.
new_home old
run_ok faketime -f '@2026-10-01 00:00:00' "$LICGEN" create --plan professional --customer "=A, \"GmbH\"" --email ops@acme.example --months 12 --seats 5 \
  --feature beta --limit tickets=7/day --order PO-1 --meta region=EU --note "by wire"
valid=$(cat "$out")
run_ok faketime -f '@2026-10-01 00:00:00' "$LICGEN" create --plan starter --customer Renewed
renewed=$(cat "$out")
run_ok faketime -f '@2026-10-02 00:00:00' "$LICGEN" renew "$renewed"
run_ok faketime -f '@2026-10-01 00:00:00' "$LICGEN" create --plan starter --customer Suspended
suspended=$(cat "$out")
run_ok faketime -f '@2026-10-03 00:00:00' "$LICGEN" suspend "$suspended"
run_ok faketime -f '@2026-10-01 00:00:00' "$LICGEN" create --plan starter --customer Revoked
revoked=$(cat "$out")
run_ok faketime -f '@2026-10-04 00:00:00' "$LICGEN" revoke "$revoked" --reason fraud
run_ok faketime -f '@2026-10-01 00:00:00' "$LICGEN" create --plan starter --customer Perpetual --perpetual --maintenance-until 2027-01-01
perpetual=$(cat "$out")
run_ok "$LICGEN" export --all --out signed.jsonl
run_ok "$LICGEN" list --format jsonl
cp "$out" list.jsonl
run_ok "$LICGEN" list --format csv
cp "$out" list.csv
printf '%s\n' "$valid" "$renewed" "$suspended" "$revoked" "$perpetual" >keys
grep -v "$revoked" keys >keys-signed
run_ok "$LICGEN" product export --out old-product.json
# terms HOME KEY: the payload without what an import gives anew
terms() {
  LICGEN_HOME=$work/$1 "$LICGEN" show "$2" --json | "$python" -c '
import json, sys
d = json.load(sys.stdin)["license"]
for name in ("issued_at", "serial", "suspended_at", "crit"): d.pop(name, None)
print(json.dumps(d))'
}

test_case "the signed licenses of another home: all terms, keys and ids stay, the serial goes on"
new_home signed
run_ok "$LICGEN" import signed.jsonl --out files
assert_same "$out" keys-signed
assert_stderr_has "4 licenses imported, 0 there already"
assert_stderr_has "4 were signed elsewhere: nobody looked at those signatures"
assert_entries files 4
while read -r key; do
  [ "$(terms old "$key")" = "$(terms signed "$key")" ] || fail "$key has other terms"
done <keys-signed
run_ok "$LICGEN" show "$valid" --json
assert_json 'd["license"]["serial"] == 2 and d["license"]["issued_at"] > "2026-10-01" and [h["action"] for h in d["history"]] == ["import"]'
assert_json 'd["history"][0]["detail"]["issued_at"] == "2026-10-01T00:00:00Z" and d["history"][0]["detail"]["serial"] == 2'
run_ok "$LICGEN" show "$renewed" --json
assert_json 'd["license"]["serial"] == 3'
run_ok "$LICGEN" show "$suspended" --json
assert_json 'd["status"] == "suspended" and d["license"]["serial"] == 4 and d["license"]["suspended_at"] == "2026-10-03T00:00:00Z"'
assert_json '[(h["action"], h["reason"]) for h in d["history"]] == [("import", None), ("suspend", "imported as suspended")]'
run_ok "$LICGEN" show "$valid"
assert_stdout_has "import (serial 2)"
run_ok "$LICGEN" verify "files/$valid.json"
whole 4

test_case "clients of this home take the file, and it is not the old signature"
run_ok "$LICGEN" product export --out product.json
run_ok "$LICCTL" --product-file product.json --activate-license "files/$valid.json"
sed -n 1p signed.jsonl >foreign.json
run_code 15 "$LICGEN" verify foreign.json

test_case "again: nothing is done; a license that was changed since stays as it is"
run_ok "$LICGEN" renew "$renewed" --months 1
for round in 1 2; do
  run_ok "$LICGEN" import signed.jsonl --json
  assert_json 'd["keys"] == open("keys-signed").read().split() and (d["imported"], d["present"], d["replaced"], d["bad"]) == (0, 4, 0, 0)' "$round"
done
run_ok "$LICGEN" show "$renewed" --json
assert_json 'd["license"]["serial"] == 4 and [h["action"] for h in d["history"]] == ["import", "renew"]'
"$python" - <<'END'
import base64, json
lines = open("signed.jsonl").read().splitlines()
d = json.loads(lines[1]); p = json.loads(base64.b64decode(d["payload"])); p["seats"] = 77
d["payload"] = base64.b64encode(json.dumps(p).encode()).decode(); lines[1] = json.dumps(d)
open("altered.jsonl", "w").write("\n".join(lines) + "\n")
open("payload.jsonl", "w").write(json.dumps(p) + "\n")
END
refused 5 "line 2, member key: license $renewed is in the ledger already, with other terms" altered.jsonl
refused 5 "line 1, member key: license $renewed is in the ledger already" payload.jsonl

test_case "lists, as JSON Lines and as CSV: revoked ones too"
for list in list.jsonl list.csv; do
  new_home "from-$list"
  run_ok "$LICGEN" import "$list"
  assert_same "$out" keys
  assert_stderr_has "5 licenses imported, 0 there already"
  whole 5
  run_ok "$LICGEN" list --format jsonl
  "$python" - "$out" list.jsonl <<'END' || fail "the lists differ"
import json, sys
new, old = ([json.loads(line) for line in open(name)] for name in sys.argv[1:])
for a, b in zip(new, old):
    assert a.pop("issued_at") > b.pop("issued_at")
    assert a == b, (a, b)
END
  run_ok "$LICGEN" show "$revoked" --json
  assert_json 'd["status"] == "revoked" and [(h["action"], h["reason"]) for h in d["history"]] == [("import", None), ("revoke", "imported as revoked")]'
  run_ok "$LICGEN" show "$perpetual" --json
  assert_json 'd["license"]["expires_at"] is None and d["license"]["kind"] == "perpetual"'
  run_ok "$LICGEN" import "$list" --quiet
  assert_stderr_empty
  [ "$(count)" -eq 5 ] || fail "there are $(count)"
done
input=list.csv run_ok "$LICGEN" import - --format csv
assert_stderr_has "0 licenses imported, 5 there already"

test_case "made by hand: every member"
new_home hand
key=TZ-PRO-0123-4567-89AB-CK41
cat >hand.jsonl <<END

{"key": "tzpro0123456789abck41", "plan": "professional", "customer": {"name": "H", "email": "h@acme.example"}, "starts_at": "2026-01-31", "months": 13, "seats": 4, "order": "PO-9", "note": "n", "id": "OLD-1", "serial": 7, "issued_at": "2026-02-01", "feature": ["beta", "workers=12"], "limit": "extra=0", "metadata": {"a": "1|2"}, "revoked_at": "2026-03-01", "revoke_reason": "paid back", "activations": 2, "fault": "was mended"}
END
run_ok "$LICGEN" import hand.jsonl
assert_stdout "$key"
run_ok "$LICGEN" show "$key" --json
assert_json 'd["status"] == "revoked" and d["revoked"]["reason"] == "paid back" and d["history"][1]["detail"] == {"revoked_at": "2026-03-01T00:00:00Z"} and d["note"] == "n"'
assert_json 'd["license"]["id"] == "OLD-1" and d["license"]["serial"] == 8 and d["license"]["starts_at"] == "2026-01-31T00:00:00Z" and d["license"]["expires_at"] == "2027-02-28T00:00:00Z"'
assert_json 'd["license"]["features"]["beta"] is True and d["license"]["features"]["workers"] == 12 and d["license"]["limits"]["extra"] == {"max": 0} and d["license"]["metadata"] == {"a": "1|2"}'
printf '{"key":"%s","plan":"starter","customer":"F","features":{"only":["a"]},"limits":{}}\n' "$suspended" >exact.jsonl
run_ok "$LICGEN" import exact.jsonl
run_ok "$LICGEN" show "$suspended" --json
assert_json 'd["license"]["features"] == {"only": ["a"]} and d["license"]["limits"] == {} and d["license"]["serial"] == 1'
sed 's/"a"/"b"/' exact.jsonl >differs.jsonl
refused 5 "line 1, member key: license $suspended is in the ledger already, with other terms" differs.jsonl
whole 2

test_case "faults are named by line and column or member, all of them"
new_home faults
cat >bad.csv <<END
key,plan,customer,status,serial,issued_at,kind,expires_at
,starter,A,,,,,
TZ-STA-0000-0000-0000-0000,starter,A,,,,,
$valid,gold,,lost,0,yesterday,,2020-01-01
$suspended,starter,A,not-yet-valid,,,,
$perpetual,starter,A,valid,,2999-01-01,subscription,
$renewed,starter,A,,,,,
$renewed,starter,A,,,,,
END
refused 3 "CSV file 'bad.csv' has 11 faults; nothing was imported:" bad.csv
assert_stderr_has "  line 2, column 1 (key): is missing"
assert_stderr_has "  line 3, column 1 (key): license key 'TZ-STA-0000-0000-0000-0000' is mistyped"
assert_stderr_has "  line 4, column 4 (status): 'lost' is no status that licgen list prints"
assert_stderr_has "  line 4, column 5 (serial): "
assert_stderr_has "  line 4, column 6 (issued_at): "
assert_stderr_has "  line 4, column 2 (plan): there is no plan 'gold'"
assert_stderr_has "  line 4, column 3 (customer): is empty"
assert_stderr_has "  line 5, column 4 (status): a license that has not begun needs starts_at"
assert_stderr_has "  line 6, column 6 (issued_at): 2999-01-01T00:00:00Z is still to come"
assert_stderr_has "  line 6, column 7 (kind): is 'subscription', but plan starter and this end make it perpetual"
assert_stderr_has "  line 8, column 1 (key): license '$renewed' is in the file twice, first on line 7"
cat >bad.jsonl <<END
{"key": "$valid", "plan": "starter", "customer": "A", "coustomer": "B", "seats": {}, "machines": ["x"], "features": {"a b": 1}}
not json
[1]
{"key": "$valid", "key": "$valid"}
{"plan": "starter", "customer": {"name": "A", "phone": "1"}}
END
sed -n 1p signed.jsonl | sed 's/license.v1/product.v1/' >>bad.jsonl
printf '{"key":"%s","plan":"starter","customer":"A\xfc"}\n' "$valid" >>bad.jsonl
refused 3 "JSON Lines file 'bad.jsonl' has 10 faults; nothing was imported:" bad.jsonl
assert_stderr_has "  line 1, member coustomer: there is no member 'coustomer'; did you mean customer?"
assert_stderr_has "  line 1, member seats: must be text, a number, true or false, not an object"
assert_stderr_has "  line 1, member machines: "
assert_stderr_has "  line 1, member features/a b: "
assert_stderr_has "  line 2: it "
assert_stderr_has "  line 3: must be an object, not a list"
assert_stderr_has "  line 4: it "
assert_stderr_has "  line 5, member customer/phone: is no member of a customer"
assert_stderr_has "  line 6: is a document of the type 'application/vnd.lic.product.v1+json', no license"
assert_stderr_has "  line 7: it "
run_code 3 "$LICGEN" import bad.jsonl --json
assert_json_error invalid-input 3
assert_json 'len(d["faults"]) == 10 and d["faults"][0]["line"] == 1 and d["faults"][0]["column"] is None and d["faults"][0]["name"] == "coustomer"'
"$python" -c 'print("{\"key\": \"" + "x" * 10_000_000 + "\"}")' >long.jsonl
refused 3 "line 1 is longer than 256 KiB" long.jsonl
: >empty.csv
refused 3 "is empty" empty.csv
run_ok "$LICGEN" import /dev/null --format jsonl
assert_stderr_has "0 licenses imported"
printf 'key,plan,customer,count\n' >count.csv
refused 3 "an import has no count" count.csv
printf 'plan,customer\n' >keyless.csv
refused 3 "line 1: there is no column key" keyless.csv
printf 'key,plan,customer,starts,starts_at\n%s,starter,A,2026-01-01,2026-01-01\n' "$valid" >twice.csv
refused 3 "line 2, column 5 (starts_at): says the same as starts" twice.csv
printf 'key,plan,customer,starts_at,starts\n%s,starter,A,2026-01-01,2026-01-01\n' "$valid" >twice.csv
refused 3 "line 2, column 5 (starts): says the same as starts_at" twice.csv

test_case "the command line"
refused 2 "--format csv or --format jsonl" -
refused 2 "--format csv or --format jsonl" keys
refused 4 "none.csv" none.csv
refused 4 "--plan-map: there is no plan 'gold'" list.csv --plan-map old=gold
refused 3 "is not OLD=NEW" list.csv --plan-map gold
refused 2 "twice" list.csv --plan-map a=starter --plan-map a=starter
refused 2 "different files" list.csv --out x.csv --skip-bad x.csv
refused 2 "FILE"
run_code 2 "$LICGEN" import list.csv --out - --json
assert_json_error usage 2

test_case "another product is another product"
"$python" - "$catalog" >other.json <<'END'
import json, sys
d = json.load(open(sys.argv[1])); d["product"] = "other"; json.dump(d, sys.stdout)
END
catalog=other.json new_home other
refused 3 "line 1, member product: is 'ticketzero', and this home is for other" signed.jsonl

test_case "keys that are none of ours: refused, or replaced and kept as metadata"
new_home foreign
cat >foreign.csv <<END
key,plan,customer,expires_at,status
AAAA-BBBB-CCCC,gold,"Old, Co",2030-01-01T00:00:00Z,valid
550e8400-e29b-41d4-a716-446655440000,starter,C,,suspended
$valid,starter,Ours,2031-01-01T00:00:00Z,valid
../../etc/passwd,starter,P,,valid
END
refused 3 "line 2, column 1 (key): 'AAAA-BBBB-CCCC' is no license key of this product" foreign.csv
assert_stderr_has "--new-keys FILE"
run_ok "$LICGEN" import foreign.csv --plan-map gold=enterprise --new-keys map.csv --out dir
assert_lines 4
cp "$out" new-keys
assert_stderr_has "3 have new keys, which their users need: 'map.csv'"
assert_mode map.csv 600
assert_entries dir 4
"$python" - new-keys map.csv "$valid" <<'END' || fail "map.csv is not as it should be"
import csv, sys
keys = open(sys.argv[1]).read().split()
rows = list(csv.reader(open(sys.argv[2], newline="")))
assert rows == [["previous_key", "key"], ["AAAA-BBBB-CCCC", keys[0]], ["550e8400-e29b-41d4-a716-446655440000", keys[1]], ["../../etc/passwd", keys[3]]], rows
assert keys[2] == sys.argv[3] and keys[0].startswith("TZ-ENT-")
END
run_ok "$LICGEN" show "$(sed -n 1p new-keys)" --json
assert_json 'd["license"]["metadata"] == {"previous_key": "AAAA-BBBB-CCCC"} and d["license"]["plan"] == "enterprise" and d["history"][0]["detail"]["previous_key"] == "AAAA-BBBB-CCCC"'
run_ok "$LICGEN" show "$valid" --json
assert_json 'd["license"]["metadata"] == {}'
run_ok "$LICGEN" import foreign.csv --plan-map gold=enterprise --new-keys map.csv
assert_same "$out" new-keys
assert_stderr_has "0 licenses imported, 4 there already"
sed -i 's/Old, Co/Old Corp/' foreign.csv
refused 5 "line 2, column 1 (key): license $(sed -n 1p new-keys) is in the ledger already, with other terms" foreign.csv --plan-map gold=enterprise --new-keys map.csv
printf 'key,plan,customer\nTZ-PRO-7K3M-9QXA-R2VD-5R29,starter,A\n' >typo.csv
refused 3 "did you mean" typo.csv --new-keys map2.csv
assert_absent map2.csv
whole 4

test_case "--skip-bad takes what is good"
new_home skipped
run_ok "$LICGEN" import bad.csv --skip-bad left.csv
assert_stdout "$renewed"
assert_stderr_has "6 lines are bad and written to 'left.csv'"
"$python" - left.csv <<'END' || fail "left.csv is not as it should be"
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
assert list(rows[0])[:2] == ["fault", "key"] and len(rows) == 6
assert rows[0]["fault"] == "line 2, column 1 (key): is missing" and rows[0]["customer"] == "A"
END
sed -n 2p list.jsonl >two.jsonl
echo "no json" >>two.jsonl
run_ok "$LICGEN" import two.jsonl --skip-bad left.jsonl --json
assert_json '(d["imported"], d["present"], d["bad"]) == (0, 0, 2)'
assert_same two.jsonl left.jsonl

test_case "an id of another license is named by its line, before anything is imported"
new_home ids
printf 'key,plan,customer,id\n%s,starter,A,ID-1\n' "$valid" >ids.csv
run_ok "$LICGEN" import ids.csv
printf 'key,plan,customer,id\n%s,starter,B,ID-2\n%s,starter,B,ID-1\n' "$suspended" "$renewed" >ids.csv
refused 5 "line 3, column 1 (key): id 'ID-1' is in the ledger already, of $valid" ids.csv
run_ok "$LICGEN" import ids.csv --skip-bad ids-bad.csv
assert_stdout "$suspended"
printf 'key,plan,customer,id\n%s,starter,B,ID-3\n%s,starter,B,ID-3\n' "$renewed" "$perpetual" >ids.csv
refused 3 "line 3, column 4 (id): id 'ID-3' is in the file twice, first on line 2" ids.csv
whole 2

test_case "many: valid, suspended and revoked ones, with old keys and notes of their own"
new_home many-source
run_ok "$LICGEN" create --plan professional --customer Many --email ops@acme.example --count 2500
"$python" - "$out" >mixed.csv <<'END'
import sys
print("key,plan,customer,status,note,expires_at")
for i, key in enumerate(open(sys.argv[1]).read().split()):
    status = ["valid", "suspended", "revoked", "valid"][i % 4]
    print(f"{'OLD-%d' % i if i % 5 == 0 else key},starter,Customer {i},{status},note {i},2035-01-01T00:00:00Z")
END
new_home mixed
run_ok "$LICGEN" import mixed.csv --new-keys mixed-keys.csv --out mixed.jsonl
assert_lines 2500
cp "$out" mixed.keys
whole 2500
[ "$(wc -l <mixed-keys.csv)" -eq 501 ] || fail "not 500 new keys"
run_ok "$LICGEN" list --format jsonl
"$python" - "$out" mixed.keys mixed.csv mixed-keys.csv mixed.jsonl <<'END' || fail "not as the file says"
import base64, csv, json, sys
listed = [json.loads(line) for line in open(sys.argv[1])]
keys = open(sys.argv[2]).read().split()
rows = list(csv.DictReader(open(sys.argv[3])))
new = {r["previous_key"]: r["key"] for r in csv.DictReader(open(sys.argv[4]))}
signed = [json.loads(base64.b64decode(json.loads(line)["payload"])) for line in open(sys.argv[5])]
assert [l["key"] for l in listed] == keys == [new.get(r["key"], r["key"]) for r in rows] == [s["key"] for s in signed]
assert [l["status"] for l in listed] == [r["status"] for r in rows]
assert [(l["customer"]["name"], l["note"]) for l in listed] == [(r["customer"], r["note"]) for r in rows]
assert [("suspended_at" in s, s["serial"]) for s in signed] == [(r["status"] == "suspended", 2 if r["status"] == "suspended" else 1) for r in rows]
END
run_ok "$LICGEN" import mixed.csv --new-keys mixed-keys.csv
assert_same "$out" mixed.keys
assert_stderr_has "0 licenses imported, 2500 there already"

test_case "a run that ended half-way is completed"
new_home half
# shellcheck disable=SC2016  # the inner shell expands it
run_code 1 sh -c '"$1" import mixed.csv --new-keys half-keys.csv --out - >/dev/full' - "$LICGEN"
assert_stderr_has "2000 licenses are in the ledger, those up to line 2001"
assert_absent half-keys.csv
run_ok "$LICGEN" import mixed.csv --new-keys half-keys.csv --json
assert_json '(d["imported"], d["present"], d["replaced"], d["bad"]) == (500, 2000, 500, 0) and list(d) == ["keys", "files", "imported", "present", "replaced", "bad"]'
assert_json 'd["files"] == ["half-keys.csv"] and len(d["keys"]) == 2500'
whole 2500

kills=$((${KILLS:-200} / 10))
test_case "killed $kills times and run again: every license once"
new_home source
run_ok "$LICGEN" create --plan starter --customer Many --count 2000 --out many.jsonl --quiet
new_home killed
for ((i = 0; i < kills; ++i)); do
  "$LICGEN" import many.jsonl >killed.out 2>/dev/null &
  pid=$!
  sleep "$(printf '0.%03d' $((RANDOM % 500)))"
  kill -9 "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
  sort killed.out >>acknowledged
done
"$LICGEN" import many.jsonl >one.keys 2>/dev/null &
first=$!
"$LICGEN" import many.jsonl >two.keys 2>/dev/null || fail "the second of two at once failed"
wait "$first" || fail "the first of two at once failed"
assert_same one.keys two.keys
[ "$(sort -u one.keys | wc -l)" -eq 2000 ] || fail "not 2000 keys"
sort -u acknowledged | comm -23 - <(sort one.keys) | grep . && fail "an acknowledged key is lost"
whole 2000

finished
