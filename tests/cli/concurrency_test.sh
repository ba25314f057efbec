#!/usr/bin/env bash
# Many processes at once, and processes killed at any moment: nothing lost, nothing
# twice, nothing that does not open.
#
#   KILLS  how many processes are killed (default 200; scripts/kill-test runs more)
. "$(dirname "$0")/lib.sh"
: "${LICGEN:?the licgen to test}" "${LICCTL:?the licctl to test}"
here=$(cd "$(dirname "$0")" && pwd)
kills=${KILLS:-200}
cd "$work" || exit 1
LICGEN_HOME=$work/vendor
LICCTL_PRODUCT=$work/product.json
export LICGEN_HOME LICCTL_PRODUCT
run_ok "$LICGEN" init --catalog "$here/../../docs/examples/ticketzero.json" --no-passphrase --quiet
run_ok "$LICGEN" product export --out product.json
run_ok "$LICGEN" create --plan professional --customer "ACME GmbH" --count 8 --out licenses
keys=()
for file in licenses/*.json; do keys+=("$(basename "$file" .json)"); done
state=$HOME/.ticketzero/license

test_case "32 licctl at once on one state directory"
pids=()
for i in {0..31}; do
  case $((i % 4)) in
    0 | 1) "$LICCTL" --activate-license "licenses/${keys[$((i / 4))]}.json" >"log.$i" 2>&1 & ;;
    2) "$LICCTL" --license-info >"log.$i" 2>&1 & ;;
    3) "$LICCTL" --check-feature custom-workflows >"log.$i" 2>&1 & ;;
  esac
  pids+=($!)
done
for i in {0..31}; do
  wait "${pids[$i]}"
  code=$?
  case $((i % 4)) in
    0 | 1) [ $code -eq 0 ] || fail "activation $i ended with $code: $(cat "log.$i")" ;;
    *) [[ $code == 0 || $code == 10 || $code == 19 ]] || fail "reading $i ended with $code: $(cat "log.$i")" ;;
  esac
done
run_ok "$LICCTL" --license-info --json
assert_json 'd["status"] == "valid" and d["warnings"] == []'
for key in "${keys[@]}"; do assert_same "licenses/$key.json" "$state/$key.json"; done
[ -z "$(find "$state" -name '*.corrupt-*' -o -name '.*.??????')" ] || fail "debris: $(ls -A "$state")"

# killed_soon MILLISECONDS COMMAND...: starts it, kills it within that time, and waits for it.
killed_soon() {
  local within=$1
  shift
  "$@" >"$work/killed.out" 2>/dev/null &
  local pid=$!
  sleep "$(printf '0.%03d' $((RANDOM % within)))"
  kill -9 "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
}

test_case "licctl killed $((kills / 2)) times: the state opens each time"
for ((i = 0; i < kills / 2; ++i)); do
  case $((i % 3)) in
    0 | 1) killed_soon 10 "$LICCTL" --activate-license "licenses/${keys[$((RANDOM % 8))]}.json" ;;
    2) killed_soon 10 "$LICCTL" --deactivate-license ;;
  esac
  run "$LICCTL" --license-info
  [[ $status == 0 || $status == 10 ]] || fail "kill $i left a state that does not open"
  assert_stderr_lacks corrupt
done
run_ok "$LICCTL" --activate-license "licenses/${keys[0]}.json"
run_ok "$LICCTL" --license-info

test_case "licgen killed $((kills / 2)) times: acknowledged licenses are there, files have their row"
acknowledged=()
for ((i = 0; i < kills / 2; ++i)); do
  killed_soon 80 "$LICGEN" create --plan starter --customer "Customer $i" --out issued
  while read -r key; do acknowledged+=("$key"); done <"$work/killed.out"
done
run_ok "$LICGEN" list --format jsonl
cp "$out" listed
sort -u "$out" | cmp -s - <(sort "$out") || fail "a license is listed twice"
for key in "${acknowledged[@]}"; do grep -qF "$key" listed || fail "$key was acknowledged and is lost"; done
if [ -d issued ]; then
  for file in issued/*.json; do
    [ -e "$file" ] || continue
    grep -qF "$(basename "$file" .json)" listed || fail "$file has no row in the ledger"
    run_ok "$LICGEN" verify "$file"
  done
fi
run_ok sqlite3 "$LICGEN_HOME/ledger.db" "PRAGMA integrity_check; PRAGMA foreign_key_check; SELECT count(*) FROM licenses l WHERE NOT EXISTS (SELECT 1 FROM history h WHERE h.key = l.key);"
assert_stdout "ok
0"
echo "  ${#acknowledged[@]} of $((kills / 2)) were acknowledged before the kill, $(wc -l <listed) are in the ledger"

test_case "init killed: a home that opens, or one that can be made"
for ((i = 0; i < 30; ++i)); do
  killed_soon 80 env LICGEN_HOME="$work/home.$i" "$LICGEN" init --catalog "$here/../../docs/examples/ticketzero.json" --no-passphrase
  run "$LICGEN" --home "$work/home.$i" list
  if [ "$status" != 0 ]; then
    run "$LICGEN" --home "$work/home.$i" init --catalog "$here/../../docs/examples/ticketzero.json" --no-passphrase
    [[ $status == 0 || $status == 5 ]] || fail "an interrupted init cannot be repeated"
  fi
done

finished
