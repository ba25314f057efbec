#!/usr/bin/env bash
# licctl --record-usage and --usage: counting against the limits of a license.
. "$(dirname "$0")/lib.sh"
: "${LICGEN:?the licgen to test}" "${LICCTL:?the licctl to test}"
here=$(cd "$(dirname "$0")" && pwd)
cd "$work" || exit 1
run_ok "$LICGEN" --home vendor init --catalog "$here/../../docs/examples/ticketzero.json" --no-passphrase --quiet
run_ok "$LICGEN" --home vendor product export --out product.json
LICCTL_PRODUCT=$work/product.json
export LICCTL_PRODUCT
state=$HOME/.ticketzero/license

test_case "without a license, the product's unlicensed terms are counted"
run_ok "$LICCTL" --record-usage tickets=49
assert_stdout_has "tickets: 49 of 50 per month used, 1 left, anew on "
assert_stderr_has "tickets: 49 of 50 used this month"
run_code 20 "$LICCTL" --record-usage tickets=2
assert_stdout_empty
assert_stderr_has "the limit of 'tickets' does not allow 2 more: 49 of 50 used"
assert_stderr_has "https://ticketzero.example/buy"
run_ok "$LICCTL" --record-usage tickets --quiet
run_code 20 "$LICCTL" --usage
assert_stdout_has "tickets: 50 of 50 per month used, 0 left"
assert_stderr_has "the limit of 'tickets' is used up"
assert_mode "$state/usage_data.json" 600

test_case "kept through activation; --license-info shows it"
run_ok "$LICGEN" --home vendor create --plan professional --customer ACME --out licenses \
  --limit tickets=100/month+10% --limit exports=unlimited/day
key=$(cat "$out")
run_ok "$LICCTL" --activate-license "licenses/$key.json"
run_ok "$LICCTL" --license-info --json
assert_json 'd["limits"]["tickets"]["used"] == 50 and d["limits"]["tickets"]["left"] == 50 and d["limits"]["tickets"]["overage"] == 10'
assert_json 'd["limits"]["clients"] == {"max": 15, "per": None, "used": 0, "left": 15, "resets": None}'
run_ok "$LICCTL" --license-info
assert_stdout_has "tickets: 100 per month, up to 10 % over; 50 used, 50 left"

test_case "overage, and its end"
run_ok "$LICCTL" --record-usage tickets=55 --json
assert_json 'd["name"] == "tickets" and d["recorded"] == 55 and d["used"] == 105 and d["left"] == 0 and d["status"] == "valid"'
assert_stderr_has "5 over the limit"
run_code 20 "$LICCTL" --record-usage tickets=6 --json
assert_json_error usage-limit-reached 20
run_ok "$LICCTL" --usage
run_ok "$LICCTL" --record-usage tickets=5
run_code 20 "$LICCTL" --usage --json
assert_json 'd["limits"]["tickets"]["used"] == 110 and d["error"]["code"] == "usage-limit-reached"'

test_case "unlimited is counted and never reached"
run_ok "$LICCTL" --record-usage exports=1000000000
assert_stdout_has "exports: 1000000000 per day used, unlimited"

test_case "a level is held and given back"
run_ok "$LICCTL" --record-usage clients=3
assert_stdout "clients: 3 of 15 used, 12 left"
run_ok "$LICCTL" --record-usage clients=-2
assert_stdout "clients: 1 of 15 used, 14 left"
run_code 5 "$LICCTL" --record-usage clients=-2
assert_stderr_has "only 1 of 'clients' are in use"
run_code 2 "$LICCTL" --record-usage tickets=-1

test_case "what is no amount and no limit"
for value in tickets= tickets=0 tickets=x tickets=1.5 tickets=9007199254740993 tickets=99999999999999999999; do
  run_code 3 "$LICCTL" --record-usage "$value"
  assert_stdout_empty
done
run_code 4 "$LICCTL" --record-usage tickts
assert_stderr_has "the limits of the plan are"
run_code 2 "$LICCTL" --record-usage ""
run_code 2 "$LICCTL" --usage --license-file "licenses/$key.json"

test_case "deleted, older or damaged, usage_data.json gives nothing back"
cp "$state/usage_data.json" old.json
run_ok "$LICCTL" --record-usage clients=4
cp old.json "$state/usage_data.json"
chmod 600 "$state/usage_data.json"
run "$LICCTL" --usage --json
assert_json 'd["limits"]["clients"]["used"] == 5'
assert_stderr_has "usage_data.json is an older copy"
rm "$state/usage_data.json"
run_ok "$LICCTL" --record-usage clients
assert_stdout "clients: 6 of 15 used, 9 left"
echo '{}' >"$state/usage_data.json"
run_ok "$LICCTL" --record-usage clients
assert_stdout "clients: 7 of 15 used, 8 left"
ls "$state"/usage_data.json.corrupt-* >/dev/null || fail "the damaged file is not kept"

test_case "the same limit for many processes: exact, and never over"
run_ok "$LICGEN" --home vendor create --plan professional --customer ACME --out licenses --limit tasks=30/day
run_ok "$LICCTL" --activate-license "licenses/$(cat "$out").json"
run_ok "$LICCTL" --record-usage clients=-7
for i in $(seq 50); do
  "$LICCTL" --record-usage tasks --quiet >/dev/null 2>&1
  echo $? >"$work/code.$i"
done &
for i in $(seq 51 75); do
  ("$LICCTL" --record-usage tasks --quiet >/dev/null 2>&1; echo $? >"$work/code.$i") &
done
wait
[ "$(cat code.* | grep -cx 0)" -eq 30 ] || fail "$(cat code.* | grep -cx 0) were allowed, of 30"
[ "$(cat code.* | grep -cx 20)" -eq 45 ] || fail "not every other was refused with 20"
run_code 20 "$LICCTL" --usage --json
assert_json 'd["limits"]["tasks"]["used"] == 30'

test_case "an expired license counts nothing, and gives levels back"
run_ok "$LICCTL" --record-usage clients=2
run_code 11 faketime '2035-01-01' "$LICCTL" --record-usage clients
assert_stderr_has "nothing was counted"
run_ok faketime '2035-01-01' "$LICCTL" --record-usage clients=-1

finished
