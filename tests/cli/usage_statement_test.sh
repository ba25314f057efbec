#!/usr/bin/env bash
# Usage statements: licctl --usage-report, licgen usage import, list and show.
. "$(dirname "$0")/lib.sh"
at_a_desk
state=$HOME/.ticketzero/license

# on TIME CMD...: runs it at that time (UTC) and wants exit status 0.
on() {
  local time=$1
  shift
  run_ok env TZ=UTC faketime -f "@$time" "$@"
}
on_code() {
  local code=$1 time=$2
  shift 2
  run_code "$code" env TZ=UTC faketime -f "@$time" "$@"
}
# payload FILE EXPRESSION: of `p`, what a statement says.
payload() {
  "$python" - "$@" <<'END' || fail "no $2 in $1"
import base64, json, sys
p = json.loads(base64.b64decode(json.load(open(sys.argv[1]))["payload"]))
print(eval(sys.argv[2]))
END
}
# says FILE EXPRESSION: true of `p`.
says() { [ "$(payload "$1" "bool($2)")" = True ] || fail "$1: not true: $2"; }

# forge FILE SEED FIRST LAST [STATEMENT...]: as forge_usage.py says.
forge() { "$python" "$here/forge_usage.py" "$@" || fail "cannot forge $1"; }

on '2026-11-20 10:00:00' "$LICGEN" init --catalog "$examples/ticketzero.json" --no-passphrase --quiet
on '2026-11-20 10:00:00' "$LICGEN" product export --out product.json
on '2026-11-20 10:00:00' "$LICGEN" create --plan professional --customer 'ACME GmbH' --email ops@acme.example --months 120 \
  --limit tickets=100/month+10% --limit clients=15 --out .
key=$(cat "$out")
on '2026-11-20 10:00:00' "$LICGEN" create --plan professional --customer Wayne --machine none
bound=$(cat "$out")
on '2026-11-20 10:00:00' "$LICGEN" create --plan professional --customer Stark --months 120
other=$(cat "$out")

# as KEY: forge() makes statements of that license.
as() {
  run_ok "$LICGEN" show "$1" --json
  LICENSE_KEY=$1
  LICENSE_ID=$(json_get 'd["license"]["id"]')
  export LICENSE_KEY LICENSE_ID
}

test_case "without a license of the vendor's there is nothing to state"
on_code 4 '2026-11-21 10:00:00' "$LICCTL" --usage-report first.json
assert_stderr_has "no license of the vendor's is active"
assert_absent first.json
on_code 2 '2026-11-21 10:00:00' "$LICCTL" --usage-report -  --json
on_code 2 '2026-11-21 10:00:00' "$LICCTL" --license-info --statement 1
on_code 2 '2026-11-21 10:00:00' "$LICCTL" --usage-report x.json --statement 1 --new-key
on_code 2 '2026-11-21 10:00:00' "$LICCTL" --usage-report x.json --statement 0
on_code 2 '2026-11-21 10:00:00' "$LICCTL" --usage-report x.json --license-file "$key.json"

test_case "the first statement, signed by the device"
on '2026-11-21 10:00:00' "$LICCTL" --activate-license "$key.json"
on '2026-11-28 10:00:00' "$LICCTL" --record-usage tickets=90
on '2026-11-28 10:00:00' "$LICCTL" --record-usage clients=3
on '2026-12-02 08:00:00' "$LICCTL" --usage-report first.json --json
assert_json 'd["license_key"] == a[0] and d["statement"] == 1 and d["files"] == ["first.json"]' "$key"
assert_json 'd["from"] == "2026-11-21T10:00:00Z" and d["to"] == "2026-12-02T08:00:00Z" and len(d["device"]) == 64'
assert_stderr_has "it is the first of this device"
device=$(json_get 'd["device"]')
assert_mode first.json 644
[ "$(wc -l <first.json)" = 1 ] || fail "not one line"
says first.json 'p["seq"] == 1 and p["previous"] is None and p["counters"]["tickets"] == {"level": 0, "total": 90, "months": {"2026-11": 90}}'
says first.json 'p["counters"]["clients"]["level"] == 3 and p["limits"]["tickets"] == {"max": 100, "per": "month", "overage": 10}'
assert_mode "$state/statements" 700
! grep -rq "$(payload first.json 'p["device"]["public"]')" "$state/license_data.json" || fail "the key is to be read in the state"

test_case "a file that exists is left alone, and nothing is made"
on_code 5 '2026-12-02 08:00:00' "$LICCTL" --usage-report first.json
assert_stderr_has "exists already"
on '2026-12-02 08:00:00' "$LICCTL" --usage-report - --statement 1
cmp -s "$out" first.json || fail "statement 1 is another one"
on '2026-12-02 08:00:00' "$LICCTL" --usage-report again.json --statement 1 --license-key "$key"
assert_same again.json first.json
on_code 4 '2026-12-02 08:00:00' "$LICCTL" --usage-report no.json --statement 2
assert_stderr_has "the last one is 1"

test_case "months across the end of the year, and overage"
on '2026-12-31 23:00:00' "$LICCTL" --record-usage tickets=105
on '2027-01-01 01:00:00' "$LICCTL" --record-usage tickets=7
on '2027-01-02 00:00:00' "$LICCTL" --usage-report - --quiet
cp "$out" second.json
says second.json 'p["seq"] == 2 and p["from"] == "2026-12-02T08:00:00Z" and p["counters"]["tickets"]["months"] == {"2026-12": 105, "2027-01": 7}'

test_case "import: a gap is named, then the order is right"
on_code 5 '2027-01-05 10:00:00' "$LICGEN" usage import second.json
assert_stderr_has "is statement 2 of device ${device:0:16}, but statement 1 is missing"
assert_stderr_has "licctl --usage-report FILE --statement 1 writes it again"
assert_stdout_empty
run_ok "$LICGEN" usage list
assert_stderr_has "no usage statement"
on_code 15 '2027-01-05 10:00:00' "$LICGEN" usage import first.json --expect-key 0123456789abcdef
assert_stderr_has "$device"
on '2027-01-05 10:00:00' "$LICGEN" usage import second.json first.json --expect-key "${device:0:16}" --as Alice
assert_stdout_has "$key statement 1 of device ${device:0:16} imported, from 2026-11-21T10:00:00Z to 2026-12-02T08:00:00Z"
assert_stdout_has "$key statement 2 of device ${device:0:16} imported"
assert_stderr_has "device ${device:0:16} is registered for $key: key $device"
run_ok "$LICGEN" show "$key" --json
assert_json '[h["action"] for h in d["history"]] == ["create", "usage-import", "usage-import"] and d["history"][1]["actor"] == "Alice"'
assert_json 'd["usage"] == [{"device": a[0], "statement": 2, "to": "2027-01-02T00:00:00Z", "imported_at": "2027-01-05T10:00:00Z"}]' "$device"
run_ok "$LICGEN" show "$key"
assert_stdout_has "usage         statement 2 of device ${device:0:16}, up to 2027-01-02T00:00:00Z"

test_case "import again: told, and nothing changes"
ledger_now before
on '2027-01-06 10:00:00' "$LICGEN" usage import first.json second.json
assert_stdout_has "statement 2 of device ${device:0:16} unchanged: it was imported on 2027-01-05T10:00:00Z"
ledger_now after
assert_same after before
on '2027-01-06 10:00:00' "$LICGEN" usage import first.json --json
assert_json 'd["imported"] == 0 and d["known"] == 1 and d["refused"] == 0 and d["statements"][0]["result"] == "known" and d["statements"][0]["new_device"] is False'

test_case "what was used, by month"
on '2027-02-15 10:00:00' "$LICGEN" usage list
assert_stdout_has "KEY"
grep -Eq "^$key +ACME GmbH +2026-11 +tickets +90 +100 +0 +1 +2027-01-02 +2027-01 *$" "$out" || fail "November"
grep -Eq "^$key +ACME GmbH +2026-12 +tickets +105 +100 +5 +1 " "$out" || fail "December"
on '2027-02-15 10:00:00' "$LICGEN" usage list --month 2026-12 --format csv
assert_stdout "key,customer,email,plan,month,counter,used,included,per,over,devices,until,missing
$key,ACME GmbH,ops@acme.example,professional,2026-12,tickets,105,100,month,5,1,2027-01-02T00:00:00Z,"
on '2027-02-15 10:00:00' "$LICGEN" usage list --month 2027-01 --customer 'acme*' --json
assert_json 'len(d["usage"]) == 1 and d["usage"][0]["months"] == [{"month": "2027-01", "counter": "tickets", "used": 7, "limit": {"max": 100, "per": "month", "overage": 10}, "included": 100, "over": 0}]'
assert_json 'd["usage"][0]["missing"] == ["2027-01"] and d["usage"][0]["levels"] == [{"counter": "clients", "held": 3, "limit": {"max": 15}}]'
on '2027-02-15 10:00:00' "$LICGEN" usage list --month 2027-02 --format csv
assert_stdout_has "$key,ACME GmbH,ops@acme.example,professional,,,,,,,1,2027-01-02T00:00:00Z,"
on '2027-02-15 10:00:00' "$LICGEN" usage list --customer Wayne --format json
assert_stdout '{"usage":[]}'
on '2027-02-15 10:00:00' "$LICGEN" usage show "$key"
assert_stdout_has "missing       2027-01"
assert_stdout_has "held          clients: 3 of 15"
on '2027-02-15 10:00:00' "$LICGEN" usage show "$key" --json
assert_json 'd["devices"][0]["statements"] == 2 and d["until"] == "2027-01-02T00:00:00Z" and len(d["months"]) == 3'
run_ok "$LICGEN" usage show "$other"
assert_stderr_has "no usage statement of this license was imported"
run_code 4 "$LICGEN" usage show TZ-PRO-0123-4567-89AB-CK41
run_code 3 "$LICGEN" usage list --month 2026-13
run_code 2 "$LICGEN" usage list --json --format csv

test_case "what is no statement, or altered"
echo '{}' >none.json
run_code 3 "$LICGEN" usage import none.json
run_code 4 "$LICGEN" usage import absent.json
run_code 15 "$LICGEN" usage import "$key.json"
assert_stderr_has "is a license document"
"$python" - <<'END'
import base64, json
d = json.load(open("second.json"))
p = json.loads(base64.b64decode(d["payload"]))
p["counters"]["tickets"]["months"]["2026-12"] = 1
d["payload"] = base64.b64encode(json.dumps(p).encode()).decode()
json.dump(d, open("altered.json", "w"))
END
run_code 15 "$LICGEN" usage import altered.json
assert_stderr_has "was altered: the signature of its device does not hold"
run_code 15 "$LICGEN" usage import altered.json none.json first.json --json
assert_json 'd["known"] == 1 and d["refused"] == 2 and d["error"]["exit"] == 15'
assert_json '[s["result"] for s in d["statements"]] == ["refused", "refused", "known"] and d["statements"][1]["error"]["exit"] == 3'

test_case "a state that was restored from a backup is seen, and a new key is the way on"
cp -a "$state" saved
on '2027-02-20 10:00:00' "$LICCTL" --record-usage tickets=11
on '2027-02-20 10:00:00' "$LICCTL" --usage-report third.json
on '2027-02-21 10:00:00' "$LICGEN" usage import third.json
rm -r "$state" && cp -a saved "$state"
on '2027-02-22 10:00:00' "$LICCTL" --record-usage tickets=12
on '2027-02-22 10:00:00' "$LICCTL" --usage-report fork3.json
on '2027-02-22 10:00:00' "$LICCTL" --usage-report fork4.json
on_code 5 '2027-02-23 10:00:00' "$LICGEN" usage import fork3.json
assert_stderr_has "is another statement 3 of device ${device:0:16} than the one that was imported on 2027-02-21T10:00:00Z"
assert_stderr_has "restored from a backup, or copied"
on_code 5 '2027-02-23 10:00:00' "$LICGEN" usage import fork4.json
assert_stderr_has "follows another statement 3"
on '2027-02-24 10:00:00' "$LICCTL" --record-usage tickets=13
on '2027-02-24 10:00:00' "$LICCTL" --usage-report anew.json --new-key --json
assert_json 'd["statement"] == 1 and d["device"] != a[0]' "$device"
new_device=$(json_get 'd["device"]')
on_code 5 '2027-02-25 10:00:00' "$LICGEN" usage import anew.json
assert_stderr_has "is the first by a new key, ${new_device:0:16}, of a machine that has stated its usage"
on '2027-02-25 10:00:00' "$LICGEN" usage import anew.json --new-key
on '2027-04-15 10:00:00' "$LICGEN" usage show "$key" --json
# What was stated in the forks alone is lost to the vendor, who has refused it.
assert_json '[(m["month"], m["used"]) for m in d["months"]] == [("2026-11", 90), ("2026-12", 105), ("2027-01", 7), ("2027-02", 24)]'
assert_json '[x["replaced"] for x in d["devices"]] == [True, False] and d["missing"] == ["2027-02", "2027-03"]'
assert_json '[x["statements"] for x in d["devices"]] == [3, 1]'

test_case "a state that was deleted comes back with another key"
rm -r "$state"
on '2027-03-01 10:00:00' "$LICCTL" --activate-license "$key.json"
on '2027-03-01 10:00:00' "$LICCTL" --usage-report deleted.json
on_code 5 '2027-03-02 10:00:00' "$LICGEN" usage import deleted.json
assert_stderr_has "its state was lost or made anew"

test_case "a state that was edited signs nothing"
sed -i 's/"professional"/"enterprise"/' "$state/license_data.json"
on_code 15 '2027-03-01 11:00:00' "$LICCTL" --usage-report edited.json
assert_absent edited.json

test_case "whose statement it is"
as "$key"
forge product.jsonl 50 1 1 'p["product"] = "tensorpack"'
run_code 15 "$LICGEN" usage import product.jsonl
assert_stderr_has "is of the product 'tensorpack', not of ticketzero"
forge id.jsonl 50 1 1 'p["license"]["id"] = "another"'
run_code 15 "$LICGEN" usage import id.jsonl
LICENSE_KEY=TZ-PRO-0123-4567-89AB-CK41 forge unknown.jsonl 50 1 1
run_code 4 "$LICGEN" usage import unknown.jsonl
assert_stderr_has "which is not in the ledger"
as "$bound"
forge bound.jsonl 50 1 1
run_code 14 "$LICGEN" usage import bound.jsonl
assert_stderr_has "is of a machine that license $bound is not for"
run_code 14 "$LICGEN" usage import bound.jsonl --json
assert_json_error wrong-machine 14
run_ok "$LICGEN" usage import bound.jsonl --any-machine
run_ok "$LICGEN" usage show "$bound" --json
assert_json 'd["devices"][0]["machine"].startswith("M1-")'

test_case "a machine that has a seat by a request may state"
on '2027-03-01 10:00:00' "$LICGEN" create --plan professional --customer Umbrella --machine none --months 12
seated=$(cat "$out")
on '2027-03-01 10:00:00' "$LICCTL" --state-dir seat --request-activation request.json --license-key "$seated"
on '2027-03-01 10:00:00' "$LICGEN" sign-request request.json --out answer.json
on '2027-03-01 10:00:00' "$LICCTL" --state-dir seat --apply-activation answer.json
on '2027-03-01 10:00:00' "$LICCTL" --state-dir seat --record-usage tickets=4
on '2027-03-02 10:00:00' "$LICCTL" --state-dir seat --deactivate-license --receipt receipt.json
on '2027-03-02 10:00:00' "$LICGEN" release --receipt receipt.json
on '2027-03-02 10:00:00' "$LICCTL" --state-dir seat --usage-report left.json # of the license that was used last
on '2027-03-03 10:00:00' "$LICGEN" usage import left.json
run_ok "$LICGEN" usage show "$seated" --json
assert_json 'd["months"][0]["used"] == 4'

test_case "two devices of one license"
as "$other"
forge one.jsonl 51 1 2 'p["counters"]["tickets"]["months"] = {month(seq): 3000}'
forge two.jsonl 52 1 1 'p["counters"]["tickets"]["months"] = {month(seq): 2600}'
cat two.jsonl one.jsonl >both.jsonl
input=both.jsonl
run_ok "$LICGEN" usage import - --json
input=/dev/null
assert_json 'd["imported"] == 3 and sorted(s["new_device"] for s in d["statements"]) == [False, True, True]'
on '2027-03-10 10:00:00' "$LICGEN" usage show "$other" --json
assert_json '[(m["month"], m["used"], m["over"]) for m in d["months"]] == [("2026-12", 5600, 600), ("2027-01", 3000, 0)]'
assert_json 'd["levels"] == [{"counter": "clients", "held": 4, "limit": {"max": 15}}] and len(d["devices"]) == 2'
assert_json 'd["until"] == "2027-01-01T00:00:00Z" and d["missing"] == ["2027-01", "2027-02"]'
on '2027-03-10 10:00:00' "$LICGEN" usage show "$other"
assert_stdout_has "DEVICE"
run_ok "$LICGEN" usage import two.jsonl
forge future.jsonl 53 1 1
on '2026-11-25 10:00:00' "$LICGEN" usage import future.jsonl
assert_stderr_has "ends in the future"

test_case "a chain of 50 in any order: what is missing is named"
as "$bound"
forge chain.jsonl 60 1 50
shuf --random-source=<(yes) chain.jsonl >shuffled.jsonl
"$python" - <<'END'
import base64, json
seq = lambda line: json.loads(base64.b64decode(json.loads(line)["payload"]))["seq"]
lines = list(open("shuffled.jsonl"))
open("gap.jsonl", "w").writelines(line for line in lines if seq(line) not in (17, 18))
open("seventeen.jsonl", "w").writelines(line for line in lines if seq(line) == 17)
END
run_code 5 "$LICGEN" usage import gap.jsonl --any-machine --json
assert_json 'd["imported"] == 16 and d["refused"] == 32 and "statements 17 to 18 are missing" in d["error"]["message"]'
run_code 5 "$LICGEN" usage import seventeen.jsonl gap.jsonl
assert_stderr_has "but statement 18 is missing"
[ "$(grep -c "warning.*is missing" "$err")" = 1 ] || fail "one gap is told more than once"
run_ok "$LICGEN" usage import shuffled.jsonl --json
assert_json 'd["imported"] == 33 and d["known"] == 17'
run_ok "$LICGEN" usage show "$bound" --json
assert_json 'sum(x["statements"] for x in d["devices"]) == 51 and sum(m["used"] for m in d["months"]) == 510'

test_case "scanned pieces"
"$python" - <<'END'
import hashlib
text = open("third.json").read().strip()
name, half = hashlib.sha256(text.encode()).hexdigest()[:16], len(text) // 2
open("pieces.txt", "w").write(f"LIC:2/2:{name}:{text[half:]}\nLIC:1/2:{name}:{text[:half]}\n")
open("piece.txt", "w").write(f"LIC:2/2:{name}:{text[half:]}\n")
END
run_ok "$LICGEN" usage import pieces.txt
assert_stdout_has "unchanged"
run_code 3 "$LICGEN" usage import piece.txt
assert_stderr_has "lacks piece 1 of 2"

only_in_a_file
test_case "the audit proves the statements whole, or names what was altered"
run_ok "$LICGEN" audit
# edited SQL: the audit finds that edit, which is then taken back.
edited() {
  edit_ledger "$1"
  run_code 15 "$LICGEN" audit
  mv kept.db "$LICGEN_HOME/ledger.db"
}
edited "UPDATE usage_statements SET to_at = to_at + 1 WHERE number = 2"
assert_stdout_has "usage statement 2 of a device was altered"
edited "DELETE FROM usage_statements WHERE number = 1"
assert_stdout_has "usage statement 1 is in the history, but not in the ledger"
edited "INSERT INTO usage_statements SELECT 999, license, 'x', machine, seq, digest, previous, from_at, to_at, document, imported_at FROM usage_statements WHERE number = 1"
assert_stdout_has "or is not in the history"
edited "UPDATE usage_statements SET license = 99 WHERE number = 1"
assert_stdout_has "usage statements are of no license"
run_ok "$LICGEN" audit

finished
