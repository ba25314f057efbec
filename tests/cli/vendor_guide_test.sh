#!/usr/bin/env bash
# The commands of docs/vendor-guide.md run, and print what the page shows.
. "$(dirname "$0")/lib.sh"
: "${LICGEN:?the licgen to test}" "${LICCTL:?the licctl to test}"
here=$(cd "$(dirname "$0")" && pwd)

test_case "a year in a vendor's life"
run_ok "$python" "$here/run_guide.py" "$here/../../docs/vendor-guide.md" \
  "$work/guide" "$LICGEN" "$LICCTL"
cat "$out"
