#!/usr/bin/env bash
# Licenses whose seats float, and the allowance for seats that change their machine: licgen, licctl and licgen serve.
. "$(dirname "$0")/lib.sh"
at_a_desk
with_server
trap '{ kill -9 ${server:+"$server"} && wait; } 2>/dev/null; rm -rf "$work"' EXIT
new() {
  run_ok "$LICGEN" create --customer ACME "$@"
  cat "$out"
}
# catalog FILE STATEMENT...: the catalogue of the examples, changed by Python statements on its document c.
catalog() {
  "$python" - "$examples/ticketzero.json" "$@" <<'PY'
import json, sys
c = json.load(open(sys.argv[1]))
plan = {"months": 12, "grace_days": 7, "kind": "subscription", "features": {"custom-workflows": True}}
for statement in sys.argv[3:]:
    exec(statement)
json.dump(c, open(sys.argv[2], "w"))
PY
}
# machine N STATEMENT...: what another machine asks.
machine() { run_ok "$python" "$here/serve_client.py" "$url" product.json "$@"; }

test_case "a catalogue says which plans float, and which not"
run_ok "$LICGEN" init --catalog "$examples/ticketzero.json" --no-passphrase --quiet
run_ok "$LICGEN" keys delegate --no-passphrase --quiet
run_ok "$LICGEN" --home drawdesk init --catalog "$examples/floating.json" --no-passphrase --quiet
run_ok "$LICGEN" --home drawdesk create --plan team --customer ACME
run_ok "$LICGEN" --home drawdesk create --plan single --customer ACME
for statement in '"machine_bound": True' '"grant_by_email": True, "email_domains": [".edu"]' \
  '"transfers": {"max": 1, "per": "month"}' '"kind": "trial"'; do
  catalog bad.json "c['plans'].append({'id': 'f', 'name': 'F', 'code': 'FLO', **plan, 'floating': {'minutes': 5}, $statement})"
  run_code 3 "$LICGEN" catalog import bad.json
done
for value in '{"minutes": 0}' '{"minutes": 1441}' '{}' '{"minutes": 5, "borrow_days": 366}' '10'; do
  catalog bad.json "c['plans'].append({'id': 'f', 'name': 'F', 'code': 'FLO', **plan, 'floating': $value})"
  run_code 3 "$LICGEN" catalog import bad.json
  assert_stderr_has "/floating"
done
catalog bad.json "c['plans'].append({'id': 'f', 'name': 'F', 'code': 'FLO', **plan, 'transfers': {'max': 1, 'per': 'day'}})"
run_code 3 "$LICGEN" catalog import bad.json
assert_stderr_has "/transfers/per: is none of month, year"
catalog good.json "c['plans'].append({'id': 'team', 'name': 'Team', 'code': 'TEAM', **plan, 'seats': 2, 'floating': {'minutes': 10, 'borrow_days': 7}})" \
  "c['plans'].append({'id': 'office', 'name': 'Office', 'code': 'OFF', **plan, 'transfers': {'max': 1, 'per': 'year'}})"
run_ok "$LICGEN" catalog import good.json --quiet
run_ok "$LICGEN" product export --out product.json
run_ok "$LICCTL" --plans --json
assert_json '[p["floating"] for p in d["plans"] if p["id"] == "team"] == [{"minutes": 10, "borrow_days": 7}]'
assert_json '[p["transfers"] for p in d["plans"] if p["id"] == "office"] == [{"max": 1, "per": "year"}]'

test_case "licgen: the license carries it, and names no machines"
key=$(new --plan team --seats 1)
run_ok "$LICGEN" show "$key" --json
assert_json 'd["license"]["floating"] == {"minutes": 10, "borrow_days": 7} and d["license"]["crit"] == ["floating"]'
run_ok "$LICGEN" show "$key"
assert_stdout_has "for 10 minutes at a time, to be borrowed for 7 days"
run_ok "$LICCTL" --machine-id
id=$(cat "$out")
run_code 3 "$LICGEN" create --customer ACME --plan team --machine "$id"
assert_stderr_has "a floating license names no machines"
run_code 3 "$LICGEN" change "$key" --machine "$id"
fixed=$(new --plan professional --machine "$id")
run_code 3 "$LICGEN" change "$fixed" --plan team
run_ok "$LICGEN" change "$fixed" --plan team --any-machine --json
assert_json 'any(c["member"] == "floating" for c in d["changes"])'
run_ok "$LICGEN" change "$fixed" --plan office
run_ok "$LICGEN" show "$fixed" --json
assert_json 'not d["license"].get("crit") and d["license"]["transfers"] == {"max": 1, "per": "year"}'
own=$(new --plan professional --floating 30)
run_ok "$LICGEN" show "$own" --json
assert_json 'd["license"]["floating"] == {"minutes": 30, "borrow_days": 0} and d["license"]["crit"] == ["floating"]'
run_code 3 "$LICGEN" change "$own" --transfers 3/month
assert_stderr_has "counts no transfers"
run_ok "$LICGEN" change "$own" --floating no --transfers 3/month
run_ok "$LICGEN" show "$own" --json
assert_json 'd["license"].get("floating") is None and d["license"]["transfers"] == {"max": 3, "per": "month"}'
for value in 0 1441 10/366 soon 10/ ''; do run_code 3 "$LICGEN" change "$own" --floating "$value"; done
for value in 3 3/day -1/month /month; do run_code 3 "$LICGEN" change "$own" --transfers "$value"; done
run_ok "$LICCTL" --request-activation request.json --license-key "$key"
run_code 5 "$LICGEN" sign-request request.json --out answer.json
assert_stderr_has "floats"
run_ok "$LICGEN" export "$key" --out files
run_ok "$LICGEN" verify "files/$key.json"

test_case "without the server it is nothing"
run_code 24 "$LICCTL" --activate-license "files/$key.json"
assert_stderr_has "counts only with a seat that the licensing server lends"
run_code 10 "$LICCTL" --license-info

test_case "a seat is checked out, shown and given back"
# shellcheck disable=SC2119 # it needs no options
serve
run_ok "$LICCTL" --activate-license "$key" --server "$url"
assert_stdout_has "with a seat until"
run_ok "$LICCTL" --license-info
assert_stdout_has "1, floating"
run_ok "$LICCTL" --license-info --json
assert_json 'd["status"] == "valid" and d["floating"] == {"minutes": 10, "borrow_days": 7} and d["lease"]["expires_at"] > d["lease"]["refresh_at"]'
run_ok "$LICGEN" activations "$key" --json
assert_json 'd["taken"] == 1'
machine "answer = ask('activate', '$key', 5); denied(answer, 'no-seat-left'); assert answer['denial']['queue'] == 1 and answer['denial']['retry_at'] > answer['issued_at']" \
  "assert ask('activate', '$key', 6)['denial']['queue'] == 2" "assert ask('activate', '$key', 5)['denial']['queue'] == 1"

test_case "--wait: licctl stands in the queue, and has the seat when it comes free"
run_code 2 "$LICCTL" --activate-license "$key" --wait 0
run_code 2 "$LICCTL" --license-info --wait 1
run_code 2 "$LICCTL" --activate-license "$key" --wait 1 --offline
run_code 2 "$LICCTL" --activate-license - --wait 1
quick=$(new --plan professional --floating 1 --seats 1)
machine "hold = lambda: ask('activate', '$quick', 9)" "assert hold()['verdict'] == 'granted'"
"$LICCTL" --state-dir waits --activate-license "$quick" --server "$url" --wait 3 >waits.out 2>waits.err </dev/null &
waiting=$!
for _ in $(seq 100); do
  if grep -q "waiting at place 1 of the queue" waits.err; then break; fi
  sleep 0.05
done
grep -q "waiting at place 1 of the queue" waits.err || fail "it does not wait"
wait "$waiting"
status=$?
cp waits.out "$out" && cp waits.err "$err"
[ "$status" -eq 0 ] || fail "it got no seat"
assert_stdout_has "with a seat until"

test_case "a seat is borrowed"
run_code 3 "$LICCTL" --borrow-license soon
assert_stderr_has "is no duration, date or time"
run_ok "$LICCTL" --borrow-license 3d
assert_stdout_has "with a seat until"
run_ok "$LICCTL" --borrow-license 30d
assert_stderr_has "as long as the license allows"
run_ok "$LICCTL" --license-info --json
assert_json 'd["lease"]["expires_at"][:10] > d["lease"]["granted_at"][:10]'
run_ok "$LICCTL" --deactivate-license
run_code 4 "$LICCTL" --borrow-license 3d
run_ok "$LICGEN" activations "$key" --json
assert_json 'd["taken"] == 0'

test_case "this machine waits for its turn"
run_code 18 "$LICCTL" --activate-license "$key" --server "$url" --json
assert_json 'd["error"]["code"] == "no-seat-left" and d["error"]["queue"] == 3 and d["error"]["retry_at"]'
run_code 18 "$LICCTL" --activate-license "$key" --server "$url"
assert_stderr_has "place 3 of those that wait"
machine "assert ask('activate', '$key', 5)['verdict'] == 'granted'" \
  "assert ask('lease', '$key', 5, secret='a' * 64, next_hash=hash_of('b' * 64))['verdict'] == 'granted'" \
  "assert ask('deactivate', '$key', 5, secret='b' * 64)['verdict'] == 'released'" \
  "assert ask('activate', '$key', 6)['verdict'] == 'granted'" \
  "assert ask('deactivate', '$key', 6)['verdict'] == 'released'"
run_ok "$LICCTL" --activate-license "$key" --server "$url"
run_ok "$LICGEN" show "$key" --json
assert_json '[h["action"] for h in d["history"]] == ["create", "activate", "activate", "activate"]'
run_ok "$LICGEN" release "$key" --machine "$id"
run_code 18 "$LICCTL" --verify-license
run_ok "$LICGEN" audit

test_case "the allowance for seats that change their machine"
run_ok "$LICGEN" show "$fixed" --json
machine "assert ask('activate', '$fixed', 1)['verdict'] == 'granted'" "ask('deactivate', '$fixed', 1)" \
  "assert ask('activate', '$fixed', 2)['verdict'] == 'granted'" "ask('deactivate', '$fixed', 2)" \
  "answer = ask('activate', '$fixed', 3); denied(answer, 'transfers-used-up'); assert answer['denial']['retry_at'].endswith('-01-01T00:00:00Z')" \
  "assert ask('activate', '$fixed', 1)['verdict'] == 'granted'" "ask('deactivate', '$fixed', 1)"
run_code 18 "$LICCTL" --activate-license "$fixed" --server "$url"
assert_stderr_has "goes to no machine that it was not on before"
run_ok "$LICGEN" audit
stop TERM 0
finished
