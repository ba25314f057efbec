#!/usr/bin/env bash
# licctl with the key of its state in a keyring: GNOME's, one that misbehaves, and none.
. "$(dirname "$0")/lib.sh"
: "${LICGEN:?the licgen to test}" "${LICCTL:?the licctl to test}"
here=$(cd "$(dirname "$0")" && pwd)
cd "$work" || exit 1

for program in dbus-daemon gnome-keyring-daemon; do
  command -v "$program" >/dev/null || fail "there is no $program (packages dbus, gnome-keyring)"
done
bus_python=
for candidate in "$python" /usr/bin/python3; do
  if "$candidate" -c 'import jeepney' 2>/dev/null; then bus_python=$candidate && break; fi
done
[ -n "$bus_python" ] || fail "no python3 here has jeepney (package python3-jeepney)"

# What this script started, ended with it.
declare -A started=()
end_all() {
  local pid
  for pid in "${!started[@]}"; do kill -CONT "$pid" && kill "$pid"; done 2>/dev/null
  wait
  rm -rf "$work"
}
trap end_all EXIT

unset DBUS_SESSION_BUS_ADDRESS
XDG_RUNTIME_DIR=$work/run
export XDG_RUNTIME_DIR
mkdir -m 700 run

# wait_for COMMAND...: until it succeeds.
wait_for() {
  local tries=600
  until "$@" >/dev/null 2>&1; do
    ((tries-- > 0)) || fail "waited in vain for: $*"
    sleep 0.1
  done
}

# start_bus NAME: a session bus; its address in $address, its process in $bus.
start_bus() {
  dbus-daemon --session --nofork --nopidfile --address="unix:path=$work/$1" 2>"$work/$1.log" &
  bus=$!
  started[$bus]=1
  address=unix:path=$work/$1
  wait_for test -S "$work/$1"
}

# start_gnome [--unlock]: GNOME Keyring on $address, which makes its login keyring with the password "open".
start_gnome() {
  printf open | DBUS_SESSION_BUS_ADDRESS=$address gnome-keyring-daemon --foreground --components=secrets "$@" \
    >"$work/gnome.log" 2>&1 &
  gnome=$!
  started[$gnome]=1
  wait_for named
}
named() {
  DBUS_SESSION_BUS_ADDRESS=$address dbus-send --session --dest=org.freedesktop.DBus --print-reply /org/freedesktop/DBus \
    org.freedesktop.DBus.GetNameOwner string:org.freedesktop.secrets
}
end() {
  unset "started[$1]"
  kill -CONT "$1" 2>/dev/null
  kill "$1"
  wait "$1" 2>/dev/null
}

run_ok "$LICGEN" --home vendor init --catalog "$here/../../docs/examples/ticketzero.json" --no-passphrase --quiet
run_ok "$LICGEN" --home vendor product export --out product.json
run_ok "$LICGEN" --home vendor create --plan professional --customer X --out licenses
LICCTL_PRODUCT=$work/product.json
export LICCTL_PRODUCT
key=$(basename licenses/*.json .json)
state=$HOME/.ticketzero/license
run_ok "$LICCTL" --activate-license licenses/*.json

sealed() { jq -c ".sealed.$1" "$state/license_data.json"; }
in_keyring() {
  [ "$(sealed v)" = 2 ] || fail "the state does not say that its key is in the keyring"
  assert_absent "$state/state.key"
}
in_file() {
  [ "$(sealed v) $(sealed keyring)" = "1 null" ] || fail "the state does not say that its key is in the file"
  assert_mode "$state/state.key" 600
}
# Every call of licctl that may reach a keyring, with far more time than it may take.
licctl() { timeout 60 "$LICCTL" "$@"; }
export -f licctl
export LICCTL
reach() { # CODE ARGUMENTS...: with the bus at $address
  local code=$1
  shift
  run_code "$code" env DBUS_SESSION_BUS_ADDRESS="$address" bash -c 'licctl "$@"' - "$@"
}
# As it was before: what is there, and that nothing was set aside.
unharmed() {
  assert_same "$state/license_data.json" before.json
  assert_entries "$state" "$(find before.d -mindepth 1 -maxdepth 1 | wc -l)"
}
remember() {
  rm -rf before.d
  cp -a "$state" before.d
  cp "$state/license_data.json" before.json
}

test_case "the command line"
run_code 2 "$LICCTL" --state-key vault
assert_stderr_has "'vault' is neither keyring nor file"
run_code 2 "$LICCTL" --state-key keyring --license-file licenses/*.json

test_case "no session bus, as with ssh and cron: nothing is moved"
remember
run_code 7 "$LICCTL" --state-key keyring
assert_stderr_has "there is no session bus here"
assert_stdout_empty
unharmed
run_code 7 env DBUS_SESSION_BUS_ADDRESS=tcp:host=localhost,port=1 "$LICCTL" --state-key keyring
assert_stderr_has "not a socket of this machine"
run_code 7 env DBUS_SESSION_BUS_ADDRESS="unixexec:path=/bin/touch,argv1=$work/ran" "$LICCTL" --state-key keyring --json
assert_json_error unavailable 7
assert_absent ran
run_code 7 env DBUS_SESSION_BUS_ADDRESS=unix:path=no-such-socket "$LICCTL" --state-key keyring
assert_stderr_has "the session bus cannot be reached"
run_ok "$LICCTL" --state-key file
assert_stdout_has "in its file already"
unharmed

test_case "a bus without a keyring"
start_bus bus
reach 7 --state-key keyring
assert_stderr_has "no keyring is running in this session"
unharmed

test_case "a keyring that is locked"
start_gnome
reach 6 --state-key keyring
assert_stderr_has "the keyring is locked"
unharmed
end "$gnome"

test_case "there"
start_gnome --unlock
reach 0 --state-key keyring
assert_stdout "the key of the license state is in the keyring now"
assert_stderr_has "what runs without this desktop session (cron, ssh, other users) cannot open the state any more"
in_keyring
reach 0 --license-info
assert_stdout_has "$key"
assert_stderr_empty
reach 0 --state-key keyring --json
assert_json 'd == {"state_key": "keyring", "changed": False, "message": "the key of the license state is in the keyring already"}'
reach 0 --deactivate-license
reach 0 --activate-license "$key"
in_keyring

test_case "the bus of the runtime directory, where no address is given"
ln -s ../bus run/bus
run_ok "$LICCTL" --license-info
rm run/bus

test_case "without the session the state waits"
remember
for action in --license-info --verify-license --deactivate-license --machine-id; do
  run_code 7 "$LICCTL" "$action"
  assert_stderr_has "the license state cannot be opened: its key is in the keyring, and there is no session bus here"
  assert_stderr_has "move license_data.json away and activate again"
done
run_code 7 "$LICCTL" --activate-license "$key"
run_code 7 "$LICCTL" --state-key file
run_code 7 "$LICCTL" --license-info --json
assert_json_error unavailable 7
unharmed
run_ok "$LICCTL" --license-info --license-file licenses/*.json # which needs no state

test_case "a keyring that is locked later, or stands still"
end "$gnome"
reach 7 --license-info
assert_stderr_has "no keyring is running in this session"
start_gnome # without the password, as after logging in by other means
reach 6 --license-info
assert_stderr_has "its key is in the keyring, and the keyring is locked"
reach 6 --activate-license "$key"
unharmed
kill -STOP "$gnome"
reach 7 --license-info
assert_stderr_has "the keyring does not answer in time"
kill -CONT "$gnome"
reach 6 --license-info
unharmed
end "$gnome"
start_gnome --unlock
reach 0 --license-info
kill -STOP "$bus"
reach 7 --license-info
assert_stderr_has "the session bus does not answer in time"
kill -CONT "$bus"
reach 0 --license-info

test_case "and back"
reach 0 --state-key file
assert_stdout "the key of the license state is in the file state.key now"
assert_stderr_empty
in_file
run_ok "$LICCTL" --license-info
reach 0 --state-key keyring
in_keyring

test_case "a keyring that was wiped: told, kept, begun anew"
remember
end "$gnome"
mv "$HOME/.local/share/keyrings" wiped
start_gnome --unlock
reach 10 --license-info
assert_stderr_has "the key of license_data.json is in the keyring no more"
unharmed
reach 0 --activate-license "$key"
assert_stderr_has "it is kept as license_data.json.corrupt-"
in_file
run_ok "$LICCTL" --license-info
kept=$(echo "$state"/license_data.json.corrupt-*)
assert_same "$kept" before.json

test_case "the wiped keyring came back, and the state that was kept with it"
end "$gnome"
rm -rf "$HOME/.local/share/keyrings"
mv wiped "$HOME/.local/share/keyrings"
mv "$kept" "$state/license_data.json"
start_gnome --unlock
reach 0 --license-info
assert_stdout_has "$key"
reach 0 --state-key file
end "$gnome"

# --- a service that does what it should not

test_case "a keyring that would ask shows no question"
mkdir fake
echo open >fake/mode
DBUS_SESSION_BUS_ADDRESS=$address "$bus_python" "$here/fake_secrets.py" fake 2>fake/log &
started[$!]=1
wait_for test -e fake/ready
remember
echo asks >fake/mode
reach 6 --state-key keyring
assert_stderr_has "the keyring would have to ask its user first"
assert_same before.json "$state/license_data.json"
grep -q '^Dismiss$' fake/calls || fail "the prompt was not sent away"
echo new >fake/mode
reach 6 --state-key keyring
for mode in locked hidden; do
  echo $mode >fake/mode
  reach 6 --state-key keyring
  assert_stderr_has "the keyring is locked"
done
for mode in garbled silent; do
  echo $mode >fake/mode
  reach 7 --state-key keyring
done
unharmed
in_file

test_case "one that does so later loses nothing"
echo open >fake/mode
reach 0 --state-key keyring
in_keyring
remember
for mode in locked hidden refuses; do
  echo $mode >fake/mode
  reach 6 --license-info
  assert_stderr_has "the keyring is locked"
done
for mode in garbled silent; do
  echo $mode >fake/mode
  reach 7 --license-info
done
unharmed
echo asks >fake/mode # which touches only what changes
reach 0 --license-info
reach 0 --state-key file
assert_stderr_has "the old key stays in the keyring, where it opens nothing any more"
in_file
! grep -qE '^(Unlock|Prompt|CreateCollection)$' fake/calls || fail "the keyring was asked for a question"

test_case "a state with its key in the file asks nobody"
: >fake/calls
for action in --license-info --verify-license --deactivate-license "--activate-license $key" "--state-key file"; do
  # shellcheck disable=SC2086 # an action and its value
  reach 0 $action
done
[ ! -s fake/calls ] || fail "the keyring was asked: $(tr '\n' ' ' <fake/calls)"

test_case "without sd-bus there is no keyring"
mkdir none
for library in libsystemd.so.0 libelogind.so.0; do echo "no library" >none/$library; done
run_code 7 env LD_LIBRARY_PATH="$work/none${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" DBUS_SESSION_BUS_ADDRESS="$address" \
  "$LICCTL" --state-key keyring
assert_stderr_has "libsystemd.so.0 or libelogind.so.0, which cannot be loaded"
in_file

finished
