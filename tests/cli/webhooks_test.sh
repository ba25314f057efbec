#!/usr/bin/env bash
# shellcheck disable=SC2016 # the statements are Python's
# licgen webhooks, and what licgen serve sends: who is told what, genuine, once, again where it fails, and never lost.
. "$(dirname "$0")/lib.sh"
at_a_desk
with_server
limits=(--address-limit 0 --license-limit 0)
receivers=()
trap 'disown -a; kill -9 ${server:-} "${receivers[@]}" 2>/dev/null; rm -rf "$work"' EXIT
run_ok "$LICGEN" init --catalog "$examples/ticketzero.json" --no-passphrase --quiet

# receiver NAME [CERTIFICATE KEY]: starts one, in the directory NAME; $port.
receiver() {
  mkdir -p "$1"
  "$python" "$here/webhook_receiver.py" "$@" 2>"$1/err" &
  receivers+=($!)
  for _ in $(seq 200); do
    if [ -e "$1/port" ]; then break; fi
    sleep 0.05
  done
  port=$(cat "$1/port") || fail "no receiver"
}

# got NAME EXPRESSION: holds of `g`, the list of what that receiver got.
got() {
  ran="got $*"
  "$python" - "$1/got" "$2" <<'END' >"$out" 2>&1 || fail "what was received"
import json, os, sys
g = [json.loads(line) for line in open(sys.argv[1])] if os.path.exists(sys.argv[1]) else []
t = [d["type"] for d in g]
if not eval(sys.argv[2]):
    sys.exit(json.dumps(g))
END
}

# wait_for N NAME: until that receiver got so many deliveries, ten seconds at most.
wait_for() {
  for _ in $(seq 200); do
    if [ -e "$2/got" ] && [ "$(wc -l <"$2/got")" -ge "$1" ]; then return; fi
    sleep 0.05
  done
  fail "no $1 deliveries came to $2"
}

test_case "webhooks add: what it may not be"
run_ok "$LICGEN" webhooks list
assert_stderr_has "there is no webhook"
no() {
  run_code "$1" "$LICGEN" webhooks add --name x --url "$2" "${@:4}"
  assert_stderr_has "$3"
}
no 3 ftp://crm.example/x "https://HOST"
no 3 crm.example "https://HOST"
no 3 https:///x "no host"
no 3 'https://[::1/x' "no host"
no 3 'https://{a,b}.example/' "no host"
no 3 https://crm.example:99999/x "port"
no 3 https://crm.example:abc/x "port"
no 3 "https://crm.example/$(printf 'x%.0s' {1..2000})" "longer than 2000"
no 3 'https://crm.example/a b' "none that can be posted to"
no 3 https://crm.example/x#y "none that can be posted to"
no 3 https://ops:pw4711@crm.example/x "password"
grep -q pw4711 "$err" && fail "the password is shown"
no 3 http://crm.example/x "no TLS"
no 3 http://127.evil.example/x "no TLS"
no 3 https://crm.example/x "did you mean license.revoked" --event license.revokd
no 3 https://crm.example/x "no event" --event 'nothing.*'
run_code 3 "$LICGEN" webhooks add --name '' --url https://crm.example/x
run_code 3 "$LICGEN" webhooks add --name 01KC3D5Z8Q4N7W2V6B9M1X0RTA --url https://crm.example/x
run_code 2 "$LICGEN" webhooks add --name x
run_code 4 "$LICGEN" webhooks test nobody
run_code 4 "$LICGEN" webhooks remove nobody
run_code 4 "$LICGEN" webhooks replay nobody --failed
run_code 4 "$LICGEN" webhooks deliveries --webhook nobody
run_ok "$LICGEN" audit
assert_stdout_has "1 entries"

test_case "webhooks add: the secret is shown once, and the history has neither it nor the address"
receiver crm
run_ok "$LICGEN" webhooks add --name crm --url "http://127.0.0.1:$port/hook?x=1" --event license.created --event license.revoked --event 'webhook.*'
cp "$out" crm/secret
[[ $(cat crm/secret) =~ ^whsec_[A-Za-z0-9+/]{43}=$ ]] || fail "no secret"
run_ok "$LICGEN" webhooks add --name second --url https://second.example/x --allow-plain-http --json
assert_json 'd["secret"].startswith("whsec_") and d["events"] is None and d["removed_at"] is None'
run_code 5 "$LICGEN" webhooks add --name crm --url https://other.example/x
run_ok "$LICGEN" webhooks list --json
assert_json '[w["name"] for w in d["webhooks"]] == ["crm", "second"] and d["webhooks"][0]["events"] == ["license.created", "license.revoked", "webhook.added", "webhook.removed"] and d["webhooks"][0]["due_at"]'
grep -q whsec "$out" && fail "the secret is listed"
run_ok "$LICGEN" webhooks list
assert_stdout_has "license.created, license.revoked"
run_ok "$LICGEN" webhooks remove second --reason moved
assert_stdout_has removed
run_ok "$LICGEN" webhooks remove second --json
assert_json 'd["changed"] is False'
run_ok "$LICGEN" webhooks deliveries --webhook second --json
assert_json 'all(x["state"] == "failed" and x["trouble"] == "the webhook was removed" for x in d["deliveries"]) and d["deliveries"]'
run_ok "$LICGEN" audit

test_case "webhooks test: what is sent is genuine, and what is answered is told"
run_ok "$LICGEN" webhooks test crm
assert_stdout_has "crm answered 204"
got crm 'g[0]["genuine"] and g[0]["json"] and t == ["webhook.test"] and g[0]["path"] == "/hook?x=1" and g[0]["id"].startswith("test_")'
run_ok "$LICGEN" webhooks test crm --json
assert_json 'd["status"] == 204 and d["id"].startswith("test_")'
for answer in 500 302 404; do
  echo "$answer" >crm/answer
  run_code 7 "$LICGEN" webhooks test crm
  assert_stderr_has "it answered $answer"
done
echo drop >crm/answer
run_code 7 "$LICGEN" webhooks test crm
assert_stderr_has "cut off"
rm crm/answer crm/got

test_case "webhooks deliver: what happened, of the events that are wanted, without license keys"
run_ok "$LICGEN" create --plan professional --customer ACME --quiet
key=$(cat "$out")
run_ok "$LICGEN" suspend "$key" --reason unpaid --quiet
run_ok "$LICGEN" revoke "$key" --reason refund --quiet
run_ok "$LICGEN" webhooks deliveries --state pending --json
assert_json '[x["type"] for x in d["deliveries"]] == ["license.revoked", "license.created", "webhook.removed", "webhook.added", "webhook.added"] and {x["attempts"] for x in d["deliveries"]} == {0}'
run_ok "$LICGEN" show "$key" --json
id=$(json_get 'd["license"]["id"]')
run_ok "$LICGEN" webhooks deliver --json
assert_json 'd == {"delivered": 5, "failed": 0, "given_up": 0, "due_at": None}'
got crm 'sorted(t) == sorted(["webhook.added", "webhook.added", "webhook.removed", "license.created", "license.revoked"]) and all(d["genuine"] for d in g) and len({d["id"] for d in g}) == 5'
got crm '[(d["data"]["license"], d["data"]["reason"], d["data"]["product"]) for d in g if d["type"] == "license.revoked"] == [("'"$id"'", "refund", "ticketzero")]'
grep -q "$key" crm/got && fail "a license key was sent"
grep -q "$port" crm/got && fail "the address of a webhook was sent"
run_ok "$LICGEN" webhooks deliver
assert_stdout_has "delivered 0, failed 0"
rm crm/got

test_case "a delivery that fails is tried again, later each time, and the same message"
echo 500 >crm/answer
for _ in 1 2 3; do run_ok "$LICGEN" create --plan starter --customer Initech --quiet; done
run_code 7 "$LICGEN" webhooks deliver
assert_stdout_has "delivered 0, failed 3, given up 0; the next is due at"
assert_stderr_has "webhook 'crm' fails: it answered 500"
got crm 'len(g) == 3'
run_ok "$LICGEN" webhooks deliveries --webhook crm --limit 3 --json
assert_json '[(x["attempts"], x["status"], x["trouble"]) for x in d["deliveries"]] == [(1, 500, "it answered 500")] * 3'
run_ok "$LICGEN" webhooks deliveries --state pending
assert_stdout_has "it answered 500"
rm crm/answer
sleep 6
run_ok "$LICGEN" webhooks deliver
assert_stdout_has "delivered 3, failed 0, given up 0"
got crm 'len(g) == 6 and len({d["id"] for d in g}) == 3'
for _ in 1 2 3 4 5 6 7 8; do run_ok "$LICGEN" create --plan starter --customer Initech --quiet; done
echo 500 >crm/answer
run_code 7 "$LICGEN" webhooks deliver # one that is down is left alone after five
assert_stdout_has "delivered 0, failed 5, given up 0"
rm crm/answer
sleep 6
run_ok "$LICGEN" webhooks deliver
assert_stdout_has "delivered 8, failed 0, given up 0"
echo "503 Retry-After: 3600" >crm/answer
run_ok "$LICGEN" create --plan starter --customer Initech --quiet
run_code 7 "$LICGEN" webhooks deliver --json
run_ok "$LICGEN" webhooks list --json
assert_json '(lambda t: 3500 < (t - __import__("datetime").datetime.now(t.tzinfo)).total_seconds() <= 3600)(__import__("datetime").datetime.fromisoformat(d["webhooks"][0]["due_at"].replace("Z", "+00:00")))'

test_case "410 gives it up, and replay sends again: what failed, one event, all since a day"
echo 410 >crm/answer
run_ok "$LICGEN" create --plan starter --customer Hooli --quiet
run_code 7 "$LICGEN" webhooks deliver
assert_stdout_has "given up 1"
assert_stderr_has "is given up: it answered 410"
rm crm/answer crm/got
run_ok "$LICGEN" webhooks deliveries --webhook crm --state failed --json
assert_json 'len(d["deliveries"]) == 1 and d["deliveries"][0]["status"] == 410 and d["deliveries"][0]["ended_at"]'
event=$(json_get 'd["deliveries"][0]["event"]')
run_code 2 "$LICGEN" webhooks replay crm
run_code 2 "$LICGEN" webhooks replay crm --failed --since 2020-01-01
run_code 3 "$LICGEN" webhooks replay crm --event 0
run_code 4 "$LICGEN" webhooks replay crm --event 4711
run_ok "$LICGEN" doctor
assert_stdout_has "was given up for 'crm': it answered 410"
run_ok "$LICGEN" webhooks replay crm --failed
assert_stdout_has "1 event is in the outbox of crm"
run_ok "$LICGEN" webhooks deliver
got crm 'len(g) == 1 and g[0]["data"]["event"] == '"$event"
run_ok "$LICGEN" webhooks replay crm --event "$event" --event 1 --json
assert_json 'd["events"] == 2'
run_ok "$LICGEN" webhooks replay crm --event "$event" --event "$event" --json
assert_json 'd["events"] == 1'
run_ok "$LICGEN" webhooks deliver
got crm 't[1:] in (["license.created", "ledger.created"], ["ledger.created", "license.created"]) and g[0]["id"] in {d["id"] for d in g[1:]}'
run_ok "$LICGEN" webhooks replay crm --since 2020-01-01 --json
assert_json 'd["events"] == 18'
run_ok "$LICGEN" webhooks deliver --json
assert_json 'd["delivered"] == 18 and d["due_at"] is None'
run_ok "$LICGEN" doctor
assert_stdout_has "what is due to 1 is told in time"
run_ok faketime -f +2h "$LICGEN" create --plan starter --customer Later --quiet
run_ok faketime -f +4h "$LICGEN" doctor --json
assert_json 'any(c["name"] == "webhooks" and c["verdict"] == "warning" and "was to be told" in c["message"] for c in d["checks"])'
run_ok faketime -f +4h "$LICGEN" webhooks deliver
run_ok "$LICGEN" webhooks replay crm --since 2199-01-01 --json
assert_json 'd["events"] == 0'
run_ok "$LICGEN" audit

test_case "TLS: a certificate that is not trusted is no receiver; --cacert"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
  -addext subjectAltName=IP:127.0.0.1 -keyout tls.key -out tls.pem 2>/dev/null
receiver secure tls.pem tls.key
run_ok "$LICGEN" webhooks add --name secure --url "https://127.0.0.1:$port/" --event license.created --quiet
cp "$out" secure/secret
run_code 7 "$LICGEN" webhooks test secure
assert_stderr_has "certificate is not trusted"
run_code 4 "$LICGEN" webhooks test secure --cacert /nonexistent
run_code 4 "$LICGEN" webhooks deliver --cacert /nonexistent
run_code 3 "$LICGEN" webhooks deliver --cacert ''
run_ok "$LICGEN" webhooks test secure --cacert tls.pem
got secure 'len(g) == 1 and g[0]["genuine"]'
run_ok "$LICGEN" webhooks remove secure --quiet

test_case "licgen serve sends what happens, whoever does it, and a slow receiver keeps nobody waiting"
rm -f crm/got
receiver slow
run_ok "$LICGEN" webhooks add --name slow --url "http://127.0.0.1:$port/" --quiet
cp "$out" slow/secret
echo sleep >slow/answer
run_ok "$LICGEN" keys delegate --no-passphrase --quiet
run_ok "$LICGEN" product export --out product.json
run_ok "$LICGEN" webhooks remove crm --quiet
run_ok "$LICGEN" webhooks add --name all --url "http://127.0.0.1:$(cat crm/port)/all" --quiet
cp "$out" crm/secret
serve
wait_for 1 crm
run_ok "$LICGEN" create --plan professional --customer ACME --quiet
key=$(cat "$out")
run_ok "$python" "$here/serve_client.py" "$url" product.json "assert ask('activate', '$key')['verdict'] == 'granted'"
wait_for 3 crm
got crm 'sorted(t) == ["license.activated", "license.created", "webhook.added"] and all(d["genuine"] for d in g) and [d["data"]["actor"] for d in g if d["type"] == "license.activated"] == ["server"]'
for _ in $(seq 100); do
  run_ok "$python" "$here/serve_client.py" "$url" product.json 'print(fetch("GET", "/metrics")[2].decode())'
  grep -q 'lic_webhook_attempts_total{outcome="delivered"} 3' "$out" && break
  sleep 0.05
done
assert_stdout_has 'lic_webhook_attempts_total{outcome="delivered"} 3'
assert_stdout_has 'lic_webhook_lag_seconds'

test_case "deliveries are what openapi.json says"
run_ok "$python" "$here/serve_client.py" "$url" product.json 'api = json.load(open("'"$examples"'/../openapi.json"))' \
  'assert set(api["webhooks"]) == {"event"}' \
  'seen = [json.loads(line) for name in ("crm", "slow", "secure") for line in open(name + "/got")]' \
  'assert len(seen) > 3 and all(holds(api["components"]["schemas"]["Event"], d["event"], api) for d in seen)' \
  'wanted = {p["name"]: p["schema"] for p in api["webhooks"]["event"]["post"]["parameters"]}' \
  'assert all(holds(wanted[n], d["headers"][n], api) for d in seen for n in wanted)'

test_case "a server that is killed loses none, and sends none twice that it has noted"
echo 500 >crm/answer
run_ok "$LICGEN" create --plan professional --customer Globex --count 20 --quiet
wait_for 4 crm
stop KILL 137
sleep 1 # what it had sent is there
rm crm/answer crm/got
if ! on_postgres; then  # claims of the dead one hold for a minute
  "$python" - "$LICGEN_HOME/ledger.db" <<'END'
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    db.execute("UPDATE outbox SET due_at = 0 WHERE due_at IS NOT NULL")
END
  serve
  wait_for 20 crm
  stop TERM 0
  got crm 'len({d["id"] for d in g}) == 20 == len(g) and set(t) == {"license.created"}'
fi

test_case "--no-webhooks leaves it to others"
rm -f crm/got
serve --no-webhooks
run_ok "$LICGEN" create --plan professional --customer Globex --quiet
sleep 1.5
stop TERM 0
got crm 'g == []'
run_code 7 "$LICGEN" webhooks deliver # the slow one does not answer
wait_for 1 crm
got crm '"license.created" in t'

if ! on_postgres; then
  test_case "audit: a webhook that was added or led elsewhere by hand; ledger copy takes them along"
  edit() {
    edit_ledger "$1"
    run_code 15 "$LICGEN" audit
    assert_stdout_has "$2"
    cp kept.db "$LICGEN_HOME/ledger.db"
  }
  edit "UPDATE webhooks SET url = 'https://evil.example/' WHERE name = 'all'" "is not what was made"
  edit "UPDATE webhooks SET removed_at = NULL WHERE name = 'crm'" "is not removed as the history says"
  edit "INSERT INTO webhooks SELECT 99, 'x' || id, 'y', url, secret, actions, created_at, NULL FROM webhooks WHERE name = 'slow'" "but not in the history"
  run_ok "$LICGEN" ledger copy "sqlite:$LICGEN_HOME/ledger.db" sqlite:copy.db
  for list in list deliveries; do
    run_ok "$LICGEN" webhooks "$list" --json
    cp "$out" these.json
    run_ok "$LICGEN" --ledger sqlite:copy.db webhooks "$list" --json
    assert_same "$out" these.json
  done
fi

finished
