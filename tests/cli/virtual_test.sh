#!/usr/bin/env bash
# Licenses that are not for virtual machines: how they are issued and changed, and what licctl says of them here.
. "$(dirname "$0")/lib.sh"
: "${LICGEN:?the licgen to test}" "${LICCTL:?the licctl to test}"
here=$(cd "$(dirname "$0")" && pwd)
cd "$work" || exit 1

"$python" - "$here/../../docs/examples/ticketzero.json" >catalog.json <<'END'
import json, sys
catalog = json.load(open(sys.argv[1]))
catalog["plans"].append({"id": "site", "name": "Site", "code": "SITE", "kind": "subscription", "months": 12,
                         "virtual": False})
print(json.dumps(catalog))
END
run_ok "$LICGEN" --home vendor init --catalog catalog.json --no-passphrase --quiet
run_ok "$LICGEN" --home vendor product export --out product.json
LICCTL_PRODUCT=$work/product.json
export LICCTL_PRODUCT
licgen() { "$LICGEN" --home vendor "$@"; }

# create OPTIONS...: a license; its key in $key.
create() {
  run_ok licgen create --customer X --out licenses --force "$@"
  key=$(cat "$out")
}
run() { # functions too
  ran=$(printf '%q ' "$@" | cut -c1-2000)
  "$@" <"$input" >"$out" 2>"$err"
  status=$?
}
# says WORD: what the newest license of $key says of virtual machines.
says() {
  run_ok licgen show "$key" --json
  case $1 in
    no) assert_json 'd["license"]["virtual"] is False and d["license"]["crit"] == ["virtual"]' ;;
    nothing) assert_json '"virtual" not in d["license"] and "crit" not in d["license"]' ;;
  esac
}

test_case "the plan decides, an option overrides it"
create --plan site
says no
run_ok licgen show "$key"
assert_stdout_has "virtual       no: not in virtual machines and containers"
create --plan site --virtual yes
says nothing
run_ok licgen show "$key"
assert_stdout_lacks "virtual "
create --plan starter
says nothing
create --plan starter --virtual no
says no
run_code 3 licgen create --plan starter --customer X --virtual maybe
assert_stderr_has "--virtual: 'maybe' is neither yes nor no"
run_code 3 licgen create --plan starter --customer X --virtual ""

test_case "in a batch it is part of what was asked for"
run_ok licgen create --plan starter --customer X --count 2 --batch b --virtual no
run_ok licgen create --plan starter --customer X --count 2 --batch b --virtual no
run_code 5 licgen create --plan starter --customer X --count 2 --batch b

test_case "changed, and said in the history"
create --plan starter
run_ok licgen change "$key" --virtual no --json
assert_json 'd["changes"] == [{"member": "virtual", "before": "true", "after": "false"}] and d["serial"] == 2'
says no
run_ok licgen change "$key" --virtual no
assert_stdout_has "unchanged"
run_ok licgen renew "$key" --months 1
says no
run_ok licgen change "$key" --virtual yes
says nothing
run_ok licgen change "$key" --plan site
assert_stdout_has "virtual: true -> false"
says no
run_ok licgen change "$key" --plan starter --virtual no
says no
run_ok licgen suspend "$key"
run_ok licgen show "$key" --json
assert_json 'd["license"]["crit"] == ["suspended_at", "virtual"]'
run_code 3 licgen change "$key" --virtual 1

test_case "rows of a file"
printf 'plan,customer,virtual\nstarter,A,no\nsite,B,\nsite,C,yes\nstarter,D,false\n' >rows.csv
run_ok licgen create --from-csv rows.csv --out rows.out.csv
rows=0
while IFS=, read -r _ customer _ key; do
  rows=$((rows + 1))
  case $customer in
    A | B | D) says no ;;
    C) says nothing ;;
  esac
done < <(tail -n +2 rows.out.csv | tr -d '\r')
[ "$rows" = 4 ] || fail "there are not four rows with keys"
printf 'plan,customer,virtual\nstarter,A,perhaps\n' >bad.csv
run_code 3 licgen create --from-csv bad.csv
assert_stderr_has "'perhaps' is neither yes nor no"

test_case "imported as it was"
create --plan site
run_ok licgen export "$key" --out moved.jsonl
run_ok "$LICGEN" --home other init --catalog catalog.json --no-passphrase --quiet
run_ok "$LICGEN" --home other import moved.jsonl
run_ok "$LICGEN" --home other show "$key" --json
assert_json 'd["license"]["virtual"] is False'
echo '{"key": "OLD-1", "plan": "starter", "customer": "X", "virtual": false}' >list.jsonl
run_ok "$LICGEN" --home other import list.jsonl --new-keys keys.csv
run_ok "$LICGEN" --home other export --all --out all.jsonl
[ "$(grep -c . all.jsonl)" = 2 ] || fail "not both were imported"
"$python" - all.jsonl <<'END' || fail "an imported license lost what it says of virtual machines"
import base64, json, sys
for line in open(sys.argv[1]):
    assert json.loads(base64.b64decode(json.loads(line)["payload"]))["virtual"] is False
END
run_ok "$LICGEN" --home other audit

test_case "a catalogue that means something else is refused"
for value in no 0; do
  jq -c --arg value $value '.plans[0].virtual = ($value | tonumber? // .)' catalog.json >catalog-2.json
  run_code 3 "$LICGEN" --home vendor catalog import catalog-2.json
  assert_stderr_has /plans/0/virtual
done
jq -c '.plans[0].virtual = null' catalog.json >catalog-2.json # as if it were not there
run_ok "$LICGEN" --home vendor catalog import catalog-2.json

test_case "licctl: the plans say so"
run_ok "$LICCTL" --plans
assert_stdout_has "not in virtual machines and containers"
run_ok "$LICCTL" --plans --json
assert_json '{p["id"]: p["virtual"] for p in d["plans"]} == {"starter": True, "professional": True, "enterprise": True, "trial": True, "site": False}'

test_case "licctl: what a vendor gets, and where it runs"
run_ok "$LICCTL" --machine-id --explain --json
assert_json 'd["sent"]["machine_id"] == d["machine_id"]'
assert_json 'd["sent"]["facts"] == {f["name"]: f["digests"] for f in d["facts"] if f["digests"]}'
assert_json 'all(v["type"] in ("virtual-machine", "container") and v["kind"] and v["source"][0] == "/" and v["evidence"] for v in d["virtual"])'
layers=$(json_get 'len(d["virtual"])')
kind=$(json_get 'd["virtual"][0]["kind"] if d["virtual"] else ""')
source=$(json_get 'd["virtual"][0]["source"] if d["virtual"] else ""')
json_get 'json.dumps(d["sent"]["facts"], sort_keys=True)' >sent.json
values=$(json_get '"\n".join(v for f in d["facts"] for v in f["values"])')
run_ok "$LICCTL" --machine-id --explain
assert_no_escapes
assert_stdout_has "their values never leave this machine"
assert_stdout_has "and nothing else of this machine"
if [ "$layers" = 0 ]; then
  assert_stdout_has "no virtual machine or container shows"
else
  assert_stdout_has "$kind  ($source "
fi
run_ok "$LICCTL" --machine-id
assert_lines 1

test_case "licctl: a request has just that"
create --plan starter
if run "$LICCTL" --request-activation request.json --license-key "$key" && [ "$status" -eq 0 ]; then
  jq -S -c '.facts | map_values(if type == "array" then . else [.] end)' request.json >asked.json
  [ "$(jq -S -c . sent.json)" = "$(cat asked.json)" ] || fail "the request has other facts than --explain said"
  while IFS= read -r value; do
    ! grep -qiF -- "$value" request.json || fail "the request has the value $value"
  done <<<"$values"
else
  assert_stderr_has "cannot be told from others"
fi

test_case "licctl: a license for physical machines alone"
create --plan site
if [ "$layers" = 0 ]; then
  run_ok "$LICCTL" --activate-license "licenses/$key.json"
  run_ok "$LICCTL" --license-info
else
  run_code 14 "$LICCTL" --activate-license "licenses/$key.json"
  assert_stderr_has "license $key is not for virtual machines and containers, and this is a"
  assert_stderr_has "$kind: $source "
  assert_stderr_has "use it on a physical machine, or ask "
  run_code 10 "$LICCTL" --license-info # nothing was activated
  run_code 14 "$LICCTL" --license-info --license-file "licenses/$key.json" --json
  assert_json 'd["status"] == "wrong-machine" and d["next"]["action"] == "use-physical-machine"'
  assert_json_error wrong-machine 14
  assert_json '"is not for virtual machines and containers" in d["error"]["message"]'
  run_code 14 "$LICCTL" --verify-license --license-file "licenses/$key.json"
  assert_stderr_has "use it on a physical machine, or write to"
fi
create --plan site --virtual yes
run_ok "$LICCTL" --activate-license "licenses/$key.json"

finished
