#!/usr/bin/env bash
# shellcheck disable=SC2317 # walk calls the functions
# licctl on a disk that is full at any moment, and killed at any: what was active stays active, a state
# opens, and the command run again completes.
#
#   FAULTS  how many moments are tried, in percent (default 100); all: every one
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/faults.sh"
: "${LICGEN:?the licgen to test}" "${LICCTL:?the licctl to test}"
here=$(cd "$(dirname "$0")" && pwd)
cd "$work" || exit 1
export LICGEN_HOME=$work/vendor LICCTL_PRODUCT=$work/product.json
run_ok faketime -f -5h "$LICGEN" init --catalog "$here/../../docs/examples/ticketzero.json" --no-passphrase --quiet
run_ok "$LICGEN" product export --out product.json
for name in first second; do
  run_ok faketime -f -4h "$LICGEN" create --plan professional --customer "$name" --months 12 --out .
  printf -v "$name" %s "$(cat "$out")"
done
# shellcheck disable=SC2154 # assigned by printf
first_file=$work/$first.json second_file=$work/$second.json
run_ok "$LICGEN" renew "$first" --months 12 --out newer
newer_file=$work/newer/$first.json

# The home of the user, anew for each fault, as it was kept by keep_as NAME.
HOME=$box
state=$box/.ticketzero/license
keep_as() {
  rm -rf "$1"
  cp -a "$box" "$1"
}
from=
before() {
  rm -rf "$box"
  if [ -n "$from" ]; then cp -a "$from" "$box"; else mkdir "$box"; fi
}
everywhere() { for kind in full once kill; do walk $kind 1000 "$@"; done; }

# info: $now is the key that is active, empty where none is. The state opens.
info() {
  "$LICCTL" --license-info --json >"$seen" 2>/dev/null
  local code=$? text
  [[ $code == 0 || $code == 10 ]] || fail "the state is not what it was ($code): $(cat "$seen")"
  text=$(<"$seen")
  now=
  if [[ $text =~ '"license_key": "'([^\"]*) ]]; then now=${BASH_REMATCH[1]}; fi
  [[ $code == 0 && -n $now || $code == 10 && -z $now ]] || fail "exit status $code with the license '$now'"
  [[ $text == *'"warnings": []'* ]] || fail "a warning: $text"
  for aside in "$state"/*.corrupt-*; do [ ! -e "$aside" ] || fail "a state was set aside"; done
}

is_active() {
  info
  [ "$now" = "$1" ] || fail "'$now' is active, wanted '$1'"
}

# still OLD NEW: the one or the other is active; the new one after a failure that tells so
still() {
  info
  [[ $now == "$1" || $now == "$2" ]] || fail "'$now' is active, wanted '$1' or '$2'"
  [[ $status != 1 || $now == "$1" ]] || grep -qE 'is written|, but: ' "$err" || fail "it was changed"
}

test_case "activation, the first"
after() { still '' "$first"; }
finally() { is_active "$first"; }
everywhere "$LICCTL" --activate-license "$first_file"
keep_as active

test_case "activation of another license"
from=active
after() { still "$first" "$second"; }
finally() { is_active "$second"; }
everywhere "$LICCTL" --activate-license "$second_file"

test_case "activation of a newer file of the same license"
expires() { jq -r .expires "$seen"; }
after() { is_active "$first"; }
finally() {
  is_active "$first"
  [[ $(expires) == 2* && $(expires) != "$(jq -r '.payload | @base64d | fromjson | .expires_at' "$first_file")" ]] ||
    fail "the older file counts"
}
everywhere "$LICCTL" --activate-license "$newer_file"

test_case "a newer file that is found in the state directory, and the time that is kept"
before
cp "$newer_file" "$state/"
keep_as dropped
from=dropped
after() {
  [[ $kind == kill || $status == 0 ]] || fail "the answer does not come"
  finally
}
everywhere "$LICCTL" --license-info
rm -rf "$box"
mkdir "$box"
run_ok faketime -f -3h "$LICCTL" --activate-license "$first_file"
keep_as earlier
from=earlier
finally() { is_active "$first"; }
everywhere "$LICCTL" --license-info
from=active

test_case "deactivation"
again=10
after() { still "$first" ''; }
finally() { is_active ''; }
everywhere "$LICCTL" --deactivate-license

test_case "the trial"
from=
again=21
after() {
  info
  [[ $now == TZ-TRIAL-* || -z $now ]] || fail "'$now' is active"
}
finally() {
  info
  [[ $now == TZ-TRIAL-* ]] || fail "there is no trial"
  find "$box/.local" -type f | grep -q . || fail "the trial is not marked"
}
everywhere "$LICCTL" --generate-trial
again=0

test_case "a state that is damaged is kept, and the license activated again"
before
from=active
before
head -c 100 "$state/license_data.json" >cut.json
cp cut.json "$state/license_data.json"
keep_as damaged
from=damaged
kept() { cat "$state"/license_data.json* | grep -qF "$(cat cut.json)" || fail "what was damaged is lost"; }
after() { kept; }
finally() {
  kept
  "$LICCTL" --license-info --json >"$seen" 2>/dev/null || fail "it is not active: $(cat "$seen")"
}
everywhere "$LICCTL" --activate-license "$first_file"

test_case "a request, its answer, and the receipt"
from=active
after() { is_active "$first"; }
finally() {
  is_active "$first"
  look "$LICGEN" verify "$first_file"
  [ "$(jq -r .key "$box/request.json")" = "$second" ] || fail "no request"
}
everywhere "$LICCTL" --request-activation "$box/request.json" --license-key "$second"
keep_as asked
cp asked/request.json .
run_ok "$LICGEN" sign-request request.json --out answer.json
from=asked
after() { still "$first" "$second"; }
finally() { is_active "$second"; }
everywhere "$LICCTL" --apply-activation answer.json
keep_as seated
from=seated
after() {
  "$LICCTL" --license-info --json >"$seen" 2>/dev/null
  code=$?
  [[ $code == 0 || $code == 10 ]] || fail "the state does not open: $(cat "$seen")"
  if [ -e "$box/receipt.json" ]; then jq -e .check "$box/receipt.json" >/dev/null || fail "half of a receipt"; fi
}
finally() {
  is_active ''
  jq -e .check "$box/receipt.json" >/dev/null || fail "no receipt"
}
everywhere "$LICCTL" --deactivate-license --receipt "$box/receipt.json"
run_ok "$LICGEN" release --receipt "$box/receipt.json"

assert_walked '^mkdir .*/.ticketzero' '^write .*/\.state\.key\.' '^rename .*/state.key$' '^rename .*/license_data.json$' \
  '^write .*/\.license_data\.json\.' '^fsync .*/license$' "^rename .*/$first.json\$" '^write .*/\.local/share/lic/'
finished
