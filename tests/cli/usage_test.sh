#!/usr/bin/env bash
# What both programs do with a command line, and with a standard output that fails.
. "$(dirname "$0")/lib.sh"
: "${LICGEN:?the licgen to test}" "${LICCTL:?the licctl to test}"
catalog=$(cd "$(dirname "$0")/../../docs/examples" && pwd)/ticketzero.json
cd "$work" || exit 1
LICCTL_PRODUCT=$work/product.json
export LICCTL_PRODUCT
run_ok "$LICGEN" --home vendor init --no-passphrase --catalog "$catalog"
run_ok "$LICGEN" --home vendor product export --out product.json

# wrong_usage MESSAGE CMD...: exit status 2, nothing on stdout, MESSAGE on stderr.
wrong_usage() {
  local message=$1
  shift
  run_code 2 "$@"
  assert_stdout_empty
  assert_stderr_has "$message"
  assert_no_escapes
}

test_case "help goes to standard output, with its examples"
for help in -h --help; do
  run_ok "$LICGEN" $help
  assert_stderr_empty
  assert_stdout_has "Usage: licgen [OPTIONS] COMMAND ..."
  assert_stdout_has "--log-file FILE"
  run_ok "$LICGEN" create $help
  assert_stdout_has "Usage: licgen create --plan PLAN --customer NAME"
  assert_stdout_has "  licgen create --plan"
  run_ok "$LICGEN" catalog import $help
  assert_stdout_has "Usage: licgen catalog import [OPTIONS] FILE"
  run_ok "$LICCTL" $help
  assert_stderr_empty
  assert_stdout_has "Usage: licctl ACTION [OPTIONS]"
  assert_stdout_has "--activate-license KEY|FILE"
done
run_ok "$LICGEN" create --no-such --help --also

test_case "help fits 80 columns and has no names of types"
for program in "$LICGEN" "$LICCTL"; do
  run_ok "$program" --help
  ! grep -n '.\{81\}' "$out" || fail "a line of the help is too long"
  assert_stdout_lacks TEXT
  assert_stdout_lacks UINT
done

test_case "the version"
for program in licgen licctl; do
  path=$LICGEN
  [ $program = licctl ] && path=$LICCTL
  run_ok "$path" --version
  grep -qx "$program [0-9]*\.[0-9]*\.[0-9]*" "$out" || fail "not a version"
  assert_stderr_empty
done
run_ok "$LICGEN" create --version

test_case "what is unknown is named, with the nearest that is known"
wrong_usage "licgen: unknown option '--jsno'; did you mean '--json'?" "$LICGEN" --jsno
wrong_usage "licgen: unknown option '--jsno'; did you mean '--json'?" "$LICGEN" list --jsno
wrong_usage "licgen: unknown option '--paln'; did you mean '--plan'?" "$LICGEN" create --paln pro
wrong_usage "licgen: unknown option '--paln'; did you mean '--plan'?" "$LICGEN" create --paln=secret
assert_stderr_lacks secret
wrong_usage "licgen: unknown command 'crate'; did you mean 'create'?" "$LICGEN" crate --plan pro
wrong_usage "licgen: unknown command 'imprt'; did you mean 'import'?" "$LICGEN" catalog imprt f
wrong_usage "licgen: unknown command 'xyzzy'" "$LICGEN" xyzzy
assert_stderr_has "licgen: hint: see licgen --help"
wrong_usage "licctl: unknown option '--licens-info'; did you mean '--license-info'?" "$LICCTL" --licens-info
wrong_usage "licctl: unexpected argument 'extra'" "$LICCTL" --license-info extra
wrong_usage "unknown option '--a\\x1b[31m'" "$LICCTL" $'--a\x1b[31m'

test_case "what is missing or too much is named"
wrong_usage "licgen: a command is missing" "$LICGEN"
wrong_usage "licgen: a command is missing after 'licgen catalog': import" "$LICGEN" catalog
wrong_usage "licgen: licgen create needs --plan PLAN, --customer NAME" "$LICGEN" create
wrong_usage "licgen: --plan needs a value: --plan PLAN" "$LICGEN" create --plan
wrong_usage "licgen: --plan can be given only once" "$LICGEN" create --plan a --plan b --customer c
wrong_usage "licgen: --json takes no value" "$LICGEN" --json=yes list
wrong_usage "licgen: --color: 'red' is none of auto, always, never" "$LICGEN" --color red list
wrong_usage "licctl: no action was given" "$LICCTL"
wrong_usage "licctl: --state-dir needs a value" "$LICCTL" --license-info --state-dir

test_case "with --json a failure is a document on standard output too"
run_code 2 "$LICGEN" list --json --jsno
assert_json_error usage 2
assert_json '"--jsno" in d["error"]["message"] and list(d) == ["error"]'
assert_json 'list(d["error"]) == ["code", "exit", "message", "hint"]'
assert_stderr_has "unknown option '--jsno'"
run_code 2 "$LICCTL" --state-dir --json
run_code 2 "$LICCTL" --json
assert_json_error usage 2
run_code 2 "$LICCTL" --json $'--\xff\xfe'
assert_json_error usage 2

test_case "global options stand before and after the command"
run_code 4 "$LICGEN" --home absent --json list
assert_json_error not-found 4
run_code 4 "$LICGEN" list --json --home absent
assert_json_error not-found 4

test_case "a value is what was typed"
run "$LICGEN" catalog import --home absent -- -x.json
[ "$status" -ne 2 ] || fail "a name behind -- was taken for an option"
run_code 2 "$LICGEN" catalog import -x.json
assert_stderr_has "unknown option '-x.json'"
run_ok "$LICCTL" --machine-id --log-file '[a,b].log'
assert_file '[a,b].log'
run_code 2 "$LICGEN" --home= list
assert_stderr_has "empty"

test_case "a standard output that fails is a failure, and no crash"
run_ok bash -c "\"$LICCTL\" --help | true; exit 0"
bash -c "trap '' PIPE; { sleep 0.2; \"$LICCTL\" --help; echo \$? >code; } 2>said | true"
[ "$(cat code)" = 1 ] || fail "a closed pipe gives $(cat code)"
grep -q '^licctl: cannot write to standard output: ' said || fail "a closed pipe is not told: $(cat said)"
run_code 1 bash -c "exec \"$LICCTL\" --help >/dev/full"
assert_stderr_has "licctl: cannot write to standard output: No space left on device"
run_code 1 bash -c "exec \"$LICGEN\" --version >&-"
assert_stderr_has "licgen: cannot write to standard output"
run_ok bash -c "exec \"$LICCTL\" --machine-id 2>&- </dev/null"

test_case "colors only where they are wanted"
run_ok "$LICGEN" --help
assert_no_escapes
run "$LICCTL" --license-info
assert_no_escapes

test_case "the log"
run_ok "$LICCTL" --machine-id --log-file run.log
assert_mode run.log 600
assert_stderr_empty
grep -Eq '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z licctl\[[0-9]+\]: ' run.log || fail "no time stamp: $(cat run.log)"
lines=$(wc -l <run.log)
run_ok "$LICCTL" --machine-id --log-file run.log
[ "$(wc -l <run.log)" -eq $((2 * lines)) ] || fail "the log was not appended to"
run_ok "$LICCTL" --machine-id --verbose
assert_stderr_has "licctl: "
assert_lines 1
run_code 4 "$LICCTL" --machine-id --log-file no/such/dir.log
assert_stderr_has "cannot open log file 'no/such/dir.log'"
ln -s elsewhere link.log
run_code 6 "$LICCTL" --machine-id --log-file link.log
assert_absent elsewhere

finished
