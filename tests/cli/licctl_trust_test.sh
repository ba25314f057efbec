#!/usr/bin/env bash
# Revocations and the clock: licgen revoke, revocations export, --fresh-revocations, clock-reset;
# licctl --import-revocations, --clock-code, --apply-clock-reset.
. "$(dirname "$0")/lib.sh"
at_a_desk
state=
homes=0

fresh_home() {
  HOME=$work/home.$((++homes))
  export HOME
  mkdir "$HOME"
  state=$HOME/.ticketzero/license
}
# new CREATE-OPTIONS...: a license in licenses/$key.json.
new() {
  run_ok "$LICGEN" create --customer ACME "$@" --out licenses
  key=$(cat "$out")
}
list() { run_ok "$LICGEN" revocations export --out "$1" "${@:2}"; }

run_ok "$LICGEN" init --catalog "$examples/ticketzero.json" --no-passphrase
run_ok "$LICGEN" product export --out product.json
list empty.json
new --plan professional
revoked=$key
new --plan professional
good=$key

test_case "a license that is revoked ends with the list, and stays so"
fresh_home
run_ok "$LICCTL" --activate-license "licenses/$revoked.json"
run_ok "$LICCTL" --import-revocations empty.json
assert_stdout_has "took list 1 of revocations"
run_ok "$LICCTL" --license-info --json
assert_json 'd["revoked"] is None and d["revocation_list"]["seq"] == 1 and not d["revocation_list"]["stale"] and d["latest_time"]'
run_ok "$LICGEN" revoke "$revoked" --reason $'charged back \e[31m'
assert_stderr_has "--import-revocations"
run_ok "$LICCTL" --license-info
list list.json
run_code 3 "$LICCTL" --import-revocations -
input=list.json run_ok "$LICCTL" --import-revocations - --json
assert_json 'd["changed"] and d["entries"] == 1 and d["revocation_list"]["seq"] == 2 and d["status"] == "revoked" and d["revoked"]["reason"].startswith("charged back")'
assert_stderr_has "$revoked was revoked by the vendor on"
assert_no_escapes
run_code 12 "$LICCTL" --license-info
assert_stdout_has "revoked"
assert_stderr_has "charged back \\x1b"
assert_no_escapes
run_code 12 "$LICCTL" --license-info --json
assert_json 'd["status"] == "revoked" and d["revoked"]["at"] and d["features"] == {} and d["next"]["action"] == "contact-support"'
assert_json_error revoked 12
run_code 12 "$LICCTL" --verify-license
run_code 19 "$LICCTL" --check-feature custom-workflows
rm "$state/revocations.json"
run_code 12 "$LICCTL" --license-info
assert_stderr_has "is gone from"
run_code 12 "$LICCTL" --activate-license "$revoked"
run_ok "$LICCTL" --deactivate-license
run_code 12 "$LICCTL" --activate-license "licenses/$revoked.json"
assert_stderr_has "was revoked by the vendor on"
run_ok "$LICCTL" --activate-license "licenses/$good.json"

test_case "a list that is older, altered or of somebody else is refused, and nothing changes"
before=$(sha256sum "$state/license_data.json")
run_code 5 "$LICCTL" --import-revocations empty.json
assert_stderr_has "older than number 2"
sed 's/"payload":"e/"payload":"f/' list.json >altered.json
run_code 15 "$LICCTL" --import-revocations altered.json
run_code 4 "$LICCTL" --import-revocations none.json
run_code 15 "$LICCTL" --import-revocations "licenses/$good.json"
head -c 200 list.json >cut.json
run_code 3 "$LICCTL" --import-revocations cut.json --json
assert_json_error invalid-input 3
run_ok "$LICGEN" --home other init --catalog "$examples/tensorpack.json" --no-passphrase
run_ok "$LICGEN" --home other revocations export --out other.json
run_code 15 "$LICCTL" --import-revocations other.json
run_code 2 "$LICCTL" --import-revocations list.json --license-file "licenses/$good.json"
[ "$before" = "$(sha256sum "$state/license_data.json")" ] || fail "the state changed"
run_ok "$LICCTL" --import-revocations list.json --json
assert_json 'not d["changed"] and d["status"] == "valid"'

test_case "another list of the same number is an alarm"
fresh_home
cp -r h h2
run_ok "$LICCTL" --import-revocations list.json
for home in h h2; do run_ok "$LICGEN" --home "$work/$home" revocations export --out "$home-3.json" --valid "3$([ $home = h ] && echo 0)d"; done
run_ok "$LICCTL" --import-revocations h-3.json
run_code 15 "$LICCTL" --import-revocations h2-3.json
assert_stderr_has "ALARM"
cp h2-3.json "$state/revocations.json"
run_ok "$LICCTL" --activate-license "licenses/$good.json"
assert_stderr_has "ALARM"
run_ok "$LICCTL" --license-info
assert_stderr_has "ALARM"

test_case "lists in the state directory and beside a license file"
fresh_home
mkdir -p "$state" mail
cp list.json "$state/revocations.json"
run_code 12 "$LICCTL" --activate-license "licenses/$revoked.json"
cp "licenses/$revoked.json" mail/license.json
fresh_home
run_ok "$LICCTL" --license-info --license-file mail/license.json
cp list.json mail/revocations.json
run_code 12 "$LICCTL" --license-info --license-file mail/license.json
assert_absent "$state"
run_code 12 "$LICCTL" --activate-license mail/license.json
assert_file "$state/revocations.json"
run_code 12 "$LICCTL" --activate-license "$revoked" --license-file "licenses/$revoked.json"
echo '{}' >mail/revocations.json
cp "licenses/$good.json" mail/license.json
run_ok "$LICCTL" --activate-license mail/license.json
assert_stderr_has "it does not count"

test_case "a stale list warns, and ends what demands a fresh one"
fresh_home
new --plan professional --fresh-revocations yes --expires 2y
fresh=$key
run_ok "$LICGEN" show "$fresh" --json
assert_json 'd["license"]["fresh_revocations"] is True and d["license"]["crit"] == ["fresh_revocations"]'
run_ok "$LICGEN" show "$fresh"
assert_stdout_has "fresh list"
grace=$(python3 -c 'import json,sys; print(next(p.get("grace_days", 0) for p in json.load(open(sys.argv[1]))["plans"] if p["id"] == "professional"))' "$examples/ticketzero.json")
list current.json --valid 30d
run_ok "$LICCTL" --import-revocations current.json
run_ok "$LICCTL" --activate-license "licenses/$fresh.json"
run_ok faketime -f "+29d" "$LICCTL" --license-info
assert_stderr_empty
if [ "$grace" -gt 1 ]; then
  run_ok faketime -f "+31d" "$LICCTL" --license-info
  assert_stderr_has "is stale since"
fi
run_code 23 faketime -f "+$((31 + grace))d" "$LICCTL" --license-info --json
assert_json_error revocations-stale 23
assert_json 'd["revocation_list"]["stale"] and d["next"]["action"] == "import-revocations"'
run_ok "$LICGEN" change "$fresh" --fresh-revocations no --out changed --json
run_ok "$LICGEN" show "$fresh" --json
assert_json 'not d["license"].get("fresh_revocations") and "crit" not in d["license"]'
run_code 3 "$LICGEN" change "$fresh" --fresh-revocations perhaps
assert_stderr_has "neither yes nor no"

test_case "a clock that ran ahead: a code, the vendor's answer, once"
fresh_home
new --plan professional --expires 9y
run_ok "$LICCTL" --activate-license "licenses/$key.json"
run_code 5 "$LICCTL" --clock-code
assert_stderr_has "nothing to reset"
run_ok faketime -f "+900d" "$LICCTL" --license-info
run_code 17 "$LICCTL" --license-info
assert_stderr_has "--clock-code"
run_ok "$LICCTL" --clock-code
code=$(cat "$out")
assert_lines 1
assert_stderr_has "licgen clock-reset"
run_ok "$LICCTL" --clock-code --json
assert_json 'd["code"] == a[0] and not d["made"] and d["latest_time"] > d["clock"]' "$code"
cp -r "$state" saved
run_ok "$LICGEN" --as carla clock-reset "$key" --code "$(tr -d - <<<"$code" | tr '[:upper:]' '[:lower:]')" --out reset.json
assert_stderr_has "back from"
run_code 5 "$LICGEN" clock-reset "$key" --code "$code" --out reset.json
run_ok "$LICGEN" show "$key" --json
assert_json 'd["history"][-1]["action"] == "clock-reset" and d["history"][-1]["actor"] == "carla" and d["history"][-1]["detail"]["code"] == a[0] and len(d["history"]) == 2' "$code"
run_ok "$LICGEN" audit
run_code 17 "$LICCTL" --license-info
run_ok "$LICCTL" --apply-clock-reset reset.json
run_ok "$LICCTL" --license-info
assert_stderr_empty
run_code 5 "$LICCTL" --apply-clock-reset reset.json
assert_stderr_has "used here before"
rm -r "$state"
cp -r saved "$state"
run_code 17 "$LICCTL" --license-info
run_code 5 "$LICCTL" --apply-clock-reset reset.json
assert_stderr_has "used here before"
run_code 17 "$LICCTL" --license-info

test_case "a second answer to the same code is told of; the machine takes one"
run_ok "$LICGEN" clock-reset "$key" --code "$code"
assert_stderr_has "answered before"
cp "$out" second.json
run_code 5 "$LICCTL" --apply-clock-reset second.json

test_case "what is no reset of this machine is refused"
fresh_home
run_ok "$LICCTL" --activate-license "licenses/$key.json"
run_ok faketime -f "+900d" "$LICCTL" --license-info
run_code 5 "$LICCTL" --apply-clock-reset second.json
assert_stderr_has "none waits on this machine"
run_ok "$LICCTL" --clock-code
mine=$(cat "$out")
[ "$mine" != "$code" ] || fail "a code was given twice"
run_code 5 "$LICCTL" --apply-clock-reset second.json
assert_stderr_has "this machine waits for $mine"
run_code 15 "$LICCTL" --apply-clock-reset "licenses/$key.json"
run_code 3 "$LICCTL" --apply-clock-reset cut.json --json
assert_json_error invalid-input 3
input=second.json run_code 5 "$LICCTL" --apply-clock-reset -
run_code 2 "$LICCTL" --clock-code --license-file "licenses/$key.json"
run_code 17 "$LICCTL" --license-info

test_case "licgen clock-reset answers no code that needs none"
run_code 3 "$LICGEN" clock-reset "$key" --code "${mine%?}$([[ $mine == *0 ]] && echo 1 || echo 0)"
assert_stderr_has "mistyped"
run_code 2 "$LICGEN" clock-reset "$key"
run_code 5 faketime -f "+900d" "$LICGEN" clock-reset "$key" --code "$mine"
assert_stderr_has "customer's clock that is wrong now"
run_code 4 "$LICGEN" clock-reset "$("$LICGEN" --home other create --plan premium --customer X)" --code "$mine"
run_code 12 "$LICGEN" clock-reset "$revoked" --code "$mine"
run_code 15 "$LICGEN" --home other clock-reset "$("$LICGEN" --home other create --plan premium --customer X)" --code "$mine"
run_ok "$LICGEN" show "$key" --json
assert_json 'sum(e["action"] == "clock-reset" for e in d["history"]) == 2'

finished
