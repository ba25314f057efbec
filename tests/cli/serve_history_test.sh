#!/usr/bin/env bash
# Seats are never oversold, nobody is denied wrongly and nothing that was answered is lost, while clients race and the
# server is killed. $REQUESTS, $CLIENTS and $KILLS make it longer: 100000 64 200.
. "$(dirname "$0")/lib.sh"
at_a_desk
history=$here/../faults/server_history.py

test_case "the checker finds what it is for"
run_ok env SELF_TEST=1 "$python" "$history" licgen 0 0 0 k=1

test_case "clients race, servers die"
"$python" - "$examples/ticketzero.json" >catalog.json <<'PY'
import json, sys
catalog = json.load(open(sys.argv[1]))
catalog["plans"].append({"id": "team", "name": "Team", "code": "TEAM", "kind": "subscription", "months": 12,
                         "floating": {"minutes": 10}})
json.dump(catalog, sys.stdout)
PY
run_ok "$LICGEN" init --catalog catalog.json --no-passphrase --quiet
run_ok "$LICGEN" keys delegate --no-passphrase
keys=()
for seats in 1 3 16; do
  run_ok "$LICGEN" create --customer ACME --plan professional --seats "$seats"
  keys+=("$(cat "$out")=$seats")
done
for seats in 1 5; do
  run_ok "$LICGEN" create --customer ACME --plan team --seats "$seats"
  keys+=("$(cat "$out")=$seats~")
done
run_ok "$python" "$history" "$LICGEN" "${REQUESTS:-2000}" "${CLIENTS:-32}" "${KILLS:-5}" "${keys[@]}"
assert_stdout_has " 0 oversold, 0 wrongly denied, 0 lost"
cat "$out"
run_ok "$LICGEN" audit

finished
