#!/usr/bin/env bash
# The short form of scripts/soak, which runs for a day.
. "$(dirname "$0")/lib.sh"
at_a_desk

test_case "a server under load stays as it was"
run_ok "$python" "$here/../../scripts/soak" "${SOAK_SECONDS:-9}" "$LICGEN"
assert_stdout_has "answers in"
cat "$out"

finished
