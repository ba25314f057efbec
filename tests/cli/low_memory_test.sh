#!/usr/bin/env bash
# Memory that runs out at every allocation of liblic, through the C and the C++ interface.
. "$(dirname "$0")/lib.sh"
: "${LICGEN:?the licgen to test}" "${LIC_LOW_MEMORY:?the program tests/faults/low_memory.cpp}"
here=$(cd "$(dirname "$0")" && pwd)
cd "$work" || exit 1

run_ok "$LICGEN" --home vendor init --catalog "$here/../../docs/examples/ticketzero.json" --no-passphrase --quiet
run_ok "$LICGEN" --home vendor product export --out product.json
# As many tickets as the test may count, each refused allocation at least one.
run_ok "$LICGEN" --home vendor create --plan enterprise --customer "ACME GmbH" --limit tickets=unlimited/month \
  --limit clients=unlimited --out unlimited

test_case "every allocation is refused once"
run "$LIC_LOW_MEMORY" product.json unlimited/*.json state
[ "$status" -eq 0 ] || fail "memory that runs out does harm"
assert_stdout_has "open, close"
assert_stdout_has "C++"
cat "$out"
finished
