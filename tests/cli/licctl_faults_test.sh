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
  had=2 # used, where usage is walked
  done_already=
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

test_case "usage that is recorded: counted once or not at all, and a message that says which"
from=active
before
run_ok "$LICCTL" --record-usage tickets=2
run_ok "$LICCTL" --record-usage clients=2
keep_as used
from=used
# look_at_use: $use of $limit
look_at_use() {
  "$LICCTL" --usage --json >"$seen" 2>"$err.usage" || fail "what was used is not to be had: $(cat "$err.usage")"
  use=$(jq ".limits.$limit.used" "$seen")
}
after() {
  look_at_use
  [[ $use == "$had" || $use == $((had + 5)) ]] || fail "$use used, of 5 more than $had"
  [[ $status != 0 || $use != "$had" ]] || fail "it is not counted"
  [[ $status != 1 || $use == "$had" ]] || grep -q 'it is recorded, but not confirmed' "$err" || fail "it is counted"
  if [ "$status" = 0 ]; then done_already=1; fi
  had=$use
}
finally() {
  look_at_use
  [[ $use == $((had + 5)) || (-n $done_already && $use == "$had") ]] || fail "$use used, of 5 more than $had"
  done_already=
}
for limit in tickets clients; do everywhere "$LICCTL" --record-usage "$limit=5"; done

test_case "a usage statement: what was counted is told once, and no statement that counts is lost"
# told: the tickets of all statements that this device has made, each of which is still to be had
told() {
  local n text sum=0
  for ((n = 1; ; ++n)); do
    "$LICCTL" --usage-report - --statement $n >"$seen" 2>/dev/null || break
    text=$(jq -r '.payload | @base64d | fromjson | [.seq, ([.counters.tickets.months[]?] | add // 0)] | @tsv' "$seen")
    [ "${text%$'\t'*}" = $n ] || fail "statement $n is another one"
    sum=$((sum + ${text#*$'\t'}))
  done
  statements=$((n - 1))
  tickets=$sum
}
after() {
  told
  [[ $statements -le 1 && $tickets == $((2 * statements)) ]] || fail "$statements statements, of $tickets tickets"
  [[ $status != 1 || $statements == 0 ]] || grep -q 'counts as told' "$err" || fail "it counts, and nobody was told"
  limit=tickets
  look_at_use
  [ "$use" = 2 ] || fail "what was used is $use"
}
finally() {
  told
  [ "$tickets" = 2 ] || fail "$tickets tickets in $statements statements"
  jq -e '.payload | @base64d | fromjson | .seq' "$box/statement.json" >/dev/null || fail "no statement"
}
everywhere "$LICCTL" --usage-report "$box/statement.json" --force

test_case "a list of revocations"
run_ok "$LICGEN" revoke "$first" --reason fraud
run_ok "$LICGEN" revocations export --out list.json
from=active
# holds: $code of the license, in a state that opens
holds() {
  "$LICCTL" --license-info --json >"$seen" 2>/dev/null
  code=$?
  [[ $code == 0 || $code == 12 ]] || fail "the state is not what it was ($code): $(cat "$seen")"
}
after() {
  holds
  [[ $status != 1 || $code == 0 ]] || grep -qE 'is written|, but: ' "$err" || fail "the list counts"
}
finally() {
  holds
  [ "$code" = 12 ] || fail "it is not revoked"
  [ "$(jq .revocation_list.seq "$seen")" = 1 ] || fail "the list is not known"
}
everywhere "$LICCTL" --import-revocations list.json

test_case "a clock that once ran ahead is set back, once"
from=
before
run_ok "$LICCTL" --activate-license "$second_file"
run_ok faketime -f +40d "$LICCTL" --record-usage tickets=2
run_ok "$LICCTL" --clock-code
run_ok "$LICGEN" clock-reset "$second" --code "$(cat "$out")" --out reset.json
keep_as misled
from=misled
# stands: $code of the license: right, or still by the wrong time
stands() {
  "$LICCTL" --license-info --json >"$seen" 2>/dev/null
  code=$?
  [[ $code == 0 || $code == 17 ]] || fail "the state is not what it was ($code): $(cat "$seen")"
}
spent=
after() {
  stands
  [[ $status != 0 || $code == 0 ]] || fail "it is not set back"
  [[ $status != 1 || $code == 17 ]] || grep -q ', but: ' "$err" || fail "it is set back"
  if [[ $status == 1 && $code == 17 ]] && ! grep -q 'is used up' "$err"; then spent=no; else spent=maybe; fi
}
again=5 # it is done, or the code is spent
finally() {
  stands
  if [ "$code" = 17 ]; then
    [ "$spent" = maybe ] || fail "it is used up, and nobody was told"
    look "$LICCTL" --clock-code --quiet
    look "$LICGEN" clock-reset "$second" --code "$(cat "$seen")" --out "$box/another.json"
    look "$LICCTL" --apply-clock-reset "$box/another.json"
    stands
    [ "$code" = 0 ] || fail "the clock cannot be set back any more"
  fi
  limit=tickets
  look_at_use
  [ "$use" = 2 ] || fail "what was used is $use"
}
everywhere "$LICCTL" --apply-clock-reset reset.json
again=0

assert_walked '^mkdir .*/.ticketzero' '^write .*/\.state\.key\.' '^rename .*/state.key$' '^rename .*/license_data.json$' \
  '^write .*/\.license_data\.json\.' '^fsync .*/license$' "^rename .*/$first.json\$" '^write .*/\.local/share/lic/' \
  '^rename .*/usage_data.json$' '^rename .*/statements/' '^write .*/\.statement\.json\.' '^rename .*/\.local/share/lic/'
finished
