#!/usr/bin/env bash
# licctl and licgen serve with each other: activation, leases, denials, trials, TLS, what is no answer.
. "$(dirname "$0")/lib.sh"
at_a_desk
with_server
odd=
trap '{ kill -9 ${server:+"$server"} ${odd:+"$odd"} && wait; } 2>/dev/null; rm -rf "$work"' EXIT
new() {
  run_ok "$LICGEN" create --customer ACME --plan professional "$@"
  cat "$out"
}
# other_home: another user of this machine, who has no state.
other_home() { export HOME=$work/$1 && mkdir -p "$HOME"; }
state() { echo "$HOME/.ticketzero/license"; }
# odd KIND: a server that speaks so; $odd_url.
odd() {
  if [ -n "$odd" ]; then { kill -9 "$odd" && wait "$odd"; } 2>/dev/null; fi
  : >odd.out
  "$python" "$here/odd_server.py" "$1" >odd.out 2>/dev/null </dev/null &
  odd=$!
  for _ in $(seq 200); do
    odd_url=$(cat odd.out)
    if [ -n "$odd_url" ]; then return; fi
    sleep 0.05
  done
  fail "the odd server does not start"
}

run_ok "$LICGEN" init --catalog "$examples/ticketzero.json" --no-passphrase --quiet
run_ok "$LICGEN" keys delegate --no-passphrase --quiet
run_ok "$LICGEN" product export --out product.json
serve

test_case "a key alone is enough where there is a server"
key=$(new --seats 1)
run_code 4 "$LICCTL" --activate-license "$key"
run_ok "$LICCTL" --activate-license "$key" --server "$url" --json
assert_json 'd["status"] == "valid" and d["source"] == "online" and d["license_key"] == a[0]' "$key"
[ -f "$(state)/$key.json" ] || fail "the signed license is not kept"
assert_mode "$(state)/license_data.json" 600
run_ok "$LICCTL" --license-info --json
assert_json 'd["source"] == "online" and d["lease"]["server"] == a[0] and d["lease"]["expires_at"] > d["lease"]["refresh_at"] and d["denied"] is None' "$url"
run_ok "$LICCTL" --license-info
assert_stdout_has "lease      until"
run_ok "$LICGEN" activations "$key" --json
assert_json 'd["taken"] == 1'

test_case "verify: which source has answered"
run_ok "$LICCTL" --verify-license --json
assert_json 'd["verified_by"] == "server" and d["server"] == a[0] and d["server_fault"] is None' "$url"
run_ok "$LICCTL" --verify-license
assert_stdout_has "checked by the licensing server"
run_ok "$LICCTL" --verify-license --offline --json
assert_json 'd["verified_by"] == "lease" and d["server"] is None and d["server_fault"] is None'
run_code 2 "$LICCTL" --verify-license --offline --server "$url"

test_case "a second one on this machine is the same seat; another machine has none"
other_home second
run_ok "$LICCTL" --activate-license "$key" --server "$url" --quiet
run_ok "$LICGEN" activations "$key" --json
assert_json 'd["taken"] == 1'
full=$(new --seats 1)
run_ok "$python" "$here/serve_client.py" "$url" product.json "assert ask('activate', '$full', 77)['verdict'] == 'granted'"
run_code 18 "$LICCTL" --activate-license "$full" --server "$url"
assert_stderr_has "no seat left"
run_ok "$LICCTL" --license-info --json # what was active stays
assert_json 'd["license_key"] == a[0]' "$key"

test_case "what the server does not know, and what is no key"
run_code 4 "$LICCTL" --activate-license TZ-PRO-7K3M-9QXA-R2VD-5R28 --server "$url"
assert_stderr_has "is not known there"
run_code 3 "$LICCTL" --activate-license TZ-PRO-7K3M-9QXA-R2VD-5R29 --server "$url"
HOME=$work/home

test_case "suspended, reinstated, revoked: a signed no is kept, and stands offline"
run_ok "$LICGEN" suspend "$key"
run_code 13 "$LICCTL" --verify-license --json
assert_json 'd["verified_by"] == "server" and d["status"] == "suspended" and d["error"]["exit"] == 13'
run_code 13 "$LICCTL" --license-info --offline --json
assert_json 'd["denied"]["status"] == "suspended"'
run_ok "$LICGEN" reinstate "$key"
run_ok "$LICCTL" --verify-license
run_ok "$LICGEN" renew "$key"
run_ok "$LICCTL" --activate-license "$key" --server "$url"
run_ok "$LICCTL" --license-info --json
assert_json 'd["days_remaining"] > 366' # the renewal came along
gone=$(new)
other_home third
run_ok "$LICCTL" --activate-license "$gone" --server "$url"
run_ok "$LICGEN" revoke "$gone" --reason refund
run_code 12 "$LICCTL" --verify-license
run_code 12 "$LICCTL" --license-info
run_ok "$LICGEN" export "$gone" --out gone
run_code 12 "$LICCTL" --activate-license "gone/$gone.json"
run_code 12 "$LICCTL" --activate-license "gone/$gone.json" --server "$url"
HOME=$work/home

test_case "a file is confirmed by the server, and denied by it"
filed=$(new)
run_ok "$LICGEN" export "$filed" "$gone" --out files
other_home fourth
run_ok "$LICCTL" --activate-license "files/$filed.json" --server "$url" --json
assert_json 'd["source"] == "online"'
run_ok "$LICCTL" --deactivate-license
run_ok "$LICGEN" activations "$filed" --json
assert_json 'd["taken"] == 0'
run_code 12 "$LICCTL" --activate-license "files/$gone.json" --server "$url"
run_code 10 "$LICCTL" --license-info

test_case "released by the vendor: the machine learns of it, and may take another seat"
run_ok "$LICCTL" --activate-license "$filed" --server "$url"
run_ok "$LICGEN" activations "$filed" --json
machine=$(json_get 'd["activations"][-1]["machine"]')
run_ok "$LICGEN" release "$filed" --machine "$machine"
run_code 18 "$LICCTL" --verify-license
run_code 18 "$LICCTL" --license-info
run_ok "$LICCTL" --activate-license "$filed" --server "$url"
run_ok "$LICCTL" --license-info
HOME=$work/home

test_case "a trial is the machine's, whatever is deleted"
other_home fifth
run_ok "$LICCTL" --generate-trial --server "$url"
run_ok "$LICCTL" --license-info --json
first=$(json_get 'd["license_key"]')
rm -rf "$HOME" && mkdir "$HOME"
run_ok "$LICCTL" --generate-trial --server "$url"
run_ok "$LICCTL" --license-info --json
assert_json 'd["license_key"] == a[0] and d["status"] == "trial"' "$first"
run_ok "$LICGEN" audit
HOME=$work/home

test_case "usage statements: the server gets those that it has not, each once"
run_code 2 "$LICCTL" --usage-report never.json --send --offline
run_ok "$LICCTL" --record-usage tickets=3
for n in 1 2 3; do
  run_ok "$LICCTL" --record-usage tickets=10
  run_ok "$LICCTL" --usage-report "u$n.json" --force --json
done
assert_json 'd["statement"] == 3 and d["sent"] is None' # the refused call has made none
run_ok "$LICCTL" --usage-report u4.json --send --json
assert_json 'd["sent"] == d["statement"] == 4'
run_ok "$LICCTL" --usage-report again.json --statement 1 --send --json
assert_json 'd["sent"] == 1'
run_ok "$LICGEN" usage list --format json
assert_stdout_has "$key"
cp -r "$(state)" backup
run_ok "$LICCTL" --usage-report u5.json --send
rm -rf "$(state)" && cp -r backup "$(state)"
run_ok "$LICCTL" --record-usage tickets
run_code 5 "$LICCTL" --usage-report u5.json --force --send --json
assert_json '"refuses usage statement" in d["error"]["message"] and "--new-key" in d["error"]["hint"]'
run_ok "$LICGEN" audit

test_case "the server is away: the lease holds, and what comes then is said"
stop TERM 0
run_ok "$LICCTL" --verify-license --json
assert_json 'd["verified_by"] == "lease" and "no connection could be made" in d["server_fault"]'
run_ok "$LICCTL" --license-info
run_code 7 "$LICCTL" --usage-report u6.json --send
assert_stderr_has "is made, but was not sent"
assert_file u6.json
other_home sixth
run_code 7 "$LICCTL" --activate-license "$key" --server "$url" --json
assert_json 'd["error"]["code"] == "unavailable" and a[0] in d["error"]["hint"] and "machine id M1-" in d["error"]["hint"]' "$key"
run_code 10 "$LICCTL" --license-info
run_ok "$LICCTL" --activate-license "files/$filed.json" --server "$url"
assert_stderr_has "did not confirm it"
HOME=$work/home
run_ok "$LICCTL" --deactivate-license
assert_stderr_has "its seat is not given back yet"
run_code 10 "$LICCTL" --license-info
listen=${url#http://} serve
run_ok "$LICCTL" --deactivate-license
assert_stdout_has "gave back the seat of $key"
run_ok "$LICGEN" activations "$key" --json
assert_json 'd["taken"] == 0'
run_ok "$LICCTL" --activate-license "$key" --server "$url"

test_case "what is not signed is neither yes nor no"
for kind in html redirect unsigned fault endless cut garbage busy; do
  odd "$kind"
  other_home "odd-$kind"
  run_code 7 "$LICCTL" --activate-license "$key" --server "$odd_url"
  run_code 10 "$LICCTL" --license-info
  run_ok "$LICCTL" --activate-license "files/$filed.json" --server "$odd_url"
  HOME=$work/home
  run_ok "$LICCTL" --verify-license --server "$odd_url" --json
  assert_json 'd["verified_by"] == "lease" and d["status"] == "valid" and d["server_fault"]'
done
grep -q elsewhere odd.log && fail "a redirect was followed"
# 429 said an hour: the server is not asked again.
odd busy
: >odd.log
run_ok "$LICCTL" --verify-license --server "$odd_url" --json
[ ! -s odd.log ] || fail "it was asked in spite of Retry-After"
run_ok "$LICCTL" --activate-license "$key" --server "$url"

test_case "time is bounded, whatever the server does"
for kind in slow trickle; do
  odd "$kind"
  from=$(date +%s)
  run_ok "$LICCTL" --verify-license --server "$odd_url" --json
  assert_json '"no answer came in time" in d["server_fault"]'
  [ $(($(date +%s) - from)) -lt 40 ] || fail "it waited for too long"
done

test_case "addresses that are not safe are not asked"
run_code 2 "$LICCTL" --activate-license "$gone" --server http://licenses.example.com
assert_stderr_has "plain http:// is for this machine alone"
run_code 2 "$LICCTL" --activate-license "$gone" --server licenses.example.com

test_case "a state that cannot be written is still confirmed"
if [ "$(id -u)" -ne 0 ]; then
  chmod 500 "$(state)"
  run_ok "$LICCTL" --verify-license
  chmod 700 "$(state)"
fi

test_case "TLS: a certificate that is not trusted, or of another host, is never passed over"
stop TERM 0
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem -days 2 \
  -subj "/CN=Test Authority" 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout tls.key -out tls.csr -subj "/CN=localhost" 2>/dev/null
echo "subjectAltName=DNS:localhost" >san
openssl x509 -req -in tls.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out tls.pem 2>/dev/null
serve --tls-cert tls.pem --tls-key tls.key
port=${url##*:}
other_home tls
run_code 7 "$LICCTL" --activate-license "$key" --server "https://localhost:$port"
assert_stderr_has "its certificate is not trusted"
run_code 7 "$LICCTL" --activate-license "$key" --server "https://127.0.0.1:$port" --server-ca ca.pem
assert_stderr_has "or is of another host"
run_code 7 "$LICCTL" --activate-license "$key" --server "http://127.0.0.1:$port"
run_ok "$LICCTL" --activate-license "$key" --server "https://localhost:$port" --server-ca ca.pem
run_code 2 "$LICCTL" --activate-license "$key" --server "https://localhost:$port" --server-ca missing.pem
run_ok env SSL_CERT_FILE="$work/none.pem" "$LICCTL" --verify-license --server-ca ca.pem
assert_stdout_has "checked by the licensing server"

test_case "a proxy that the environment names is used"
odd html
: >odd.log
run_ok env https_proxy="$odd_url" no_proxy= "$LICCTL" --verify-license --server-ca ca.pem --json
assert_json 'd["verified_by"] == "lease"'
HOME=$work/home
run_ok env http_proxy="$odd_url" no_proxy= "$LICCTL" --verify-license --json
grep -q "^http://" odd.log || fail "the proxy was not asked"

test_case "the lease key is replaced: clients follow the product file of the server"
stop TERM 0
run_ok "$LICGEN" keys delegate --no-passphrase --json
serve --lease-key "$(json_get 'd["file"]')"
run_ok "$LICCTL" --verify-license --server "$url" --json
assert_json 'd["verified_by"] == "server"'
run_ok "$LICGEN" audit
stop TERM 0
finished
