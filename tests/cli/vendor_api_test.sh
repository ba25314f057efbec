#!/usr/bin/env bash
# shellcheck disable=SC2016 # the statements are Python's
# licgen token; the vendor API of licgen serve: who may do what, all that licgen does with licenses, requests that
# are sent again, and what is in no log.
. "$(dirname "$0")/lib.sh"
at_a_desk
with_server
limits=(--address-limit 0 --license-limit 0)
run_ok "$LICGEN" init --catalog "$examples/ticketzero.json" --no-passphrase --quiet

test_case "token create: shown once, and the ledger has its hash"
run_ok "$LICGEN" token list
assert_stderr_has "there is no token"
run_ok "$LICGEN" token create --name shop --scope issue --scope read --expires 30d
shop=$(cat "$out")
[[ $shop =~ ^lic_[0-9a-f]{72}$ ]] || fail "no token: $shop"
assert_stderr_has "may read, issue until"
run_ok "$LICGEN" --as ops token create --name support --scope read --json
assert_json 'd["token"].startswith("lic_") and d["scopes"] == ["read"] and d["state"] == "valid" and d["used_at"] is None'
run_ok "$LICGEN" token list --json
assert_json '[(t["name"], t["scopes"], t["state"]) for t in d["tokens"]] == [("shop", ["read", "issue"], "valid"), ("support", ["read"], "valid")]'
grep -q "$shop" "$out" && fail "the token is listed"
if ! on_postgres; then grep -aq "$shop" "$LICGEN_HOME"/ledger.db* && fail "the token is in the ledger"; fi
run_ok "$LICGEN" token list
assert_stdout_has "shop"
assert_stdout_has "never"

test_case "token create: what it may not be"
run_code 2 "$LICGEN" token create --name x --scope write
assert_stderr_has "read|issue|change|revoke|admin"
run_code 2 "$LICGEN" token create --name x
run_code 2 "$LICGEN" token create --scope read
run_code 3 "$LICGEN" token create --name '' --scope read
run_code 3 "$LICGEN" token create --name x --scope read --expires 2y
assert_stderr_has "12 months"
run_code 3 "$LICGEN" token create --name x --scope read --expires 2020-01-01
run_code 3 "$LICGEN" token create --name x --scope read --expires soon
run_code 3 "$LICGEN" token create --name 01KC3D5Z8Q4N7W2V6B9M1X0RTA --scope read
run_code 5 "$LICGEN" token create --name shop --scope read
assert_stderr_has "revoke it first"

test_case "token revoke: by name or id, once"
run_code 4 "$LICGEN" token revoke nobody
run_ok "$LICGEN" token revoke support --reason leaked
assert_stdout_has "revoked"
run_ok "$LICGEN" token revoke support --json
assert_json 'd["changed"] is False and d["revoked_at"]'
run_ok "$LICGEN" token create --name support --scope read --quiet
run_ok "$LICGEN" token list --json
assert_json '[t["state"] for t in d["tokens"]] == ["valid", "revoked", "valid"]'
run_ok "$LICGEN" token revoke "$(json_get 'd["tokens"][2]["id"]')"
run_ok "$LICGEN" audit
finished
