# Shared by the tests that run the real binaries. Source it first.
#
#   run CMD...          runs it; exit status in $status, stdout in $out, stderr in $err (files)
#   run_ok CMD...       and wants exit status 0
#   run_code N CMD...   and wants exit status N
#
# Every run is without a terminal and with an empty standard input, unless $input
# names a file. A test begins with `test_case NAME`; the first failure ends the script.

set -u
LC_ALL=C.UTF-8
export LC_ALL
# faketime is preloaded before a sanitizer's runtime, which is no fault here. Leaks are looked for in the unit
# tests: at the end of each of thousands of programs that takes as long as their work.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0:detect_leaks=0
export ASAN_OPTIONS

work=$(mktemp -d "${TMPDIR:-/tmp}/lic-cli.XXXXXX")
trap 'rm -rf "$work"' EXIT
python=$(python3 -c 'import sys; print(sys.executable)') || exit 1

HOME=$work/home
export HOME
mkdir -p "$HOME"
unset NO_COLOR ${!LICGEN_@} ${!LICCTL_@}
umask 022

out=$work/.stdout
err=$work/.stderr
status=0
input=/dev/null
ran=
this_case=

fail() {
  echo "FAILED: $this_case: $*" >&2
  echo "  line ${BASH_LINENO[*]: -2:1} of ${BASH_SOURCE[-1]}" >&2
  echo "  command: $ran" >&2
  echo "  status:  $status" >&2
  sed 's/^/  stdout:  /' "$out" | cut -c1-400 | head -n 30 >&2
  sed 's/^/  stderr:  /' "$err" | cut -c1-400 | head -n 30 >&2
  exit 1
}

test_case() {
  this_case=$1
  echo "- $1"
}

run() {
  ran=$(printf '%q ' "$@" | cut -c1-2000)
  setsid -w "$@" <"$input" >"$out" 2>"$err"
  status=$?
}

run_code() {
  local wanted=$1
  shift
  run "$@"
  [ "$status" -eq "$wanted" ] || fail "exit status $status, wanted $wanted"
}

run_ok() { run_code 0 "$@"; }

# at_a_desk: a vendor with his home and a user's product file, both in $work; $examples is docs/examples.
at_a_desk() {
  : "${LICGEN:?the licgen to test}" "${LICCTL:?the licctl to test}"
  here=$(cd "$(dirname "${BASH_SOURCE[-1]}")" && pwd)
  examples=$here/../../docs/examples
  cd "$work" || exit 1
  LICGEN_HOME=$work/h
  LICCTL_PRODUCT=$work/product.json
  export LICGEN_HOME LICCTL_PRODUCT
}

# with_server: for a test that starts licgen serve; `limits` are options for each.
with_server() {
  server=
  limits=()
  trap 'if [ -n "$server" ]; then kill -9 "$server" 2>/dev/null; fi; rm -rf "$work"' EXIT
}

# serve ARGS...: starts it on a free port, unless they name one; $url and $server.
serve() {
  : >serve.out
  "$LICGEN" serve --listen "${listen:-127.0.0.1:0}" "${limits[@]}" "$@" >serve.out 2>serve.err </dev/null &
  server=$!
  for _ in $(seq 600); do
    url=$(sed -n 's/^listening on //p' serve.out)
    if [ -n "$url" ]; then return; fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.05
  done
  ran="licgen serve $*"
  cp serve.out "$out"
  cp serve.err "$err"
  fail "it does not listen"
}

# with_tokens: a product file, and a token for each scope: $admin, $reader, $issuer, $changer, $revoker. After that:
#   token ARGS...         makes another one, and prints it
#   client STATEMENT...   of Python, in serve_client.py, where v() asks the vendor API with every right
with_tokens() {
  run_ok "$LICGEN" keys delegate --no-passphrase
  run_ok "$LICGEN" product export --out product.json
  admin=$(token --name admin --scope admin)
  reader=$(token --name reader --scope read)
  issuer=$(token --name issuer --scope issue)
  changer=$(token --name changer --scope change)
  revoker=$(token --name revoker --scope revoke)
}
token() {
  run_ok "$LICGEN" token create --quiet "$@"
  cat "$out"
}
client() {
  run_ok "$python" "$here/serve_client.py" "$url" product.json "v = lambda *a, **k: vendor('$admin', *a, **k)" "$@"
}

# stop SIGNAL CODE: ends it, and wants that exit status.
stop() {
  kill "-$1" "$server"
  wait "$server" 2>/dev/null
  status=$?
  server=
  [ "$status" -eq "$2" ] || fail "the server ended with $status, wanted $2"
}

# Whether the ledgers of this test are in PostgreSQL (on_postgres.sh).
on_postgres() { [ -n "${LIC_ON_POSTGRES:-}" ]; }

# only_in_a_file: what follows looks into the file of a ledger.
only_in_a_file() {
  if on_postgres; then
    finished
    exit 0
  fi
}

# ledger_now FILE: writes what the ledger is, to be compared.
ledger_now() { if on_postgres; then "$LICGEN" audit --json >"$1"; else cp "$LICGEN_HOME/ledger.db" "$1"; fi; }

# edit_ledger SQL: does that behind licgen's back, its triggers put back afterwards; kept.db is as it was.
edit_ledger() {
  cp "$LICGEN_HOME/ledger.db" kept.db
  "$python" - "$LICGEN_HOME/ledger.db" "$1" <<'END' || fail "the edit failed: $1"
import sqlite3, sys
ledger = sqlite3.connect(sys.argv[1])
triggers = ledger.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
for name, _ in triggers:
    ledger.execute(f"DROP TRIGGER {name}")
ledger.executescript(sys.argv[2])
for _, sql in triggers:
    ledger.execute(sql)
ledger.commit()
END
}

# --- what was printed

assert_stdout() { [ "$(cat "$out")" = "$1" ] || fail "stdout is not: $1"; }
assert_stdout_empty() { [ ! -s "$out" ] || fail "stdout is not empty"; }
assert_stderr_empty() { [ ! -s "$err" ] || fail "stderr is not empty"; }
assert_stdout_has() { grep -qF -- "$1" "$out" || fail "stdout has no: $1"; }
assert_stderr_has() { grep -qF -- "$1" "$err" || fail "stderr has no: $1"; }
assert_stdout_lacks() { ! grep -qF -- "$1" "$out" || fail "stdout has: $1"; }
assert_stderr_lacks() { ! grep -qF -- "$1" "$err" || fail "stderr has: $1"; }
assert_lines() { [ "$(wc -l <"$out")" -eq "$1" ] || fail "stdout has not $1 lines"; }

# Nothing that moves a cursor, in either stream.
assert_no_escapes() {
  ! LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f\x7f]' "$out" "$err" || fail "a control character was printed"
}

# assert_json EXPRESSION: true in Python, with `d` the JSON document on stdout and
# the further arguments as a[0], a[1], ...
assert_json() {
  "$python" - "$out" "$@" <<'END' || fail "JSON: not true: $1"
import json, sys
d = json.load(open(sys.argv[1], encoding="utf-8"))
a = sys.argv[3:]
sys.exit(0 if eval(sys.argv[2]) else 1)
END
}

# json_get EXPRESSION: prints it.
json_get() {
  "$python" - "$out" "$@" <<'END' || fail "JSON: no $1"
import json, sys
d = json.load(open(sys.argv[1], encoding="utf-8"))
print(eval(sys.argv[2]))
END
}

# After a failure with --json.
assert_json_error() { assert_json 'd["error"]["code"] == a[0] and d["error"]["exit"] == int(a[1]) and d["error"]["message"]' "$1" "$2"; }

# --- files

assert_file() { [ -f "$1" ] || fail "no file $1"; }
assert_absent() { [ ! -e "$1" ] && [ ! -L "$1" ] || fail "there is a $1"; }
assert_mode() {
  local mode
  mode=$(stat -c %a "$1") || fail "no $1"
  [ "$mode" = "$2" ] || fail "$1 has mode $mode, wanted $2"
}
assert_same() { cmp -s "$1" "$2" || fail "$1 and $2 differ"; }
# assert_entries DIR N: so many names in it, hidden ones too.
assert_entries() {
  local count
  count=$(find "$1" -mindepth 1 -maxdepth 1 | wc -l)
  [ "$count" -eq "$2" ] || fail "$1 has $count entries, wanted $2: $(ls -A "$1" | tr '\n' ' ')"
}

finished() { echo "all good: ${0##*/}"; }
