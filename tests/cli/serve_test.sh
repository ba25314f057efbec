#!/usr/bin/env bash
# shellcheck disable=SC2016 # the statements are Python's
# licgen keys delegate, licgen serve: seats, signatures, restarts, TLS, what is no request, what it says of itself.
. "$(dirname "$0")/lib.sh"
at_a_desk
with_server
limits=(--address-limit 0 --license-limit 0)
client() { run_ok "$python" "$here/serve_client.py" "$url" product.json "$@"; }
new() {
  run_ok "$LICGEN" create --customer ACME --plan professional "$@"
  cat "$out"
}

test_case "delegate: a key that signs leases, and nothing of the vendor's besides"
run_ok "$LICGEN" init --catalog "$examples/ticketzero.json" --no-passphrase --quiet
run_code 4 "$LICGEN" serve --listen 127.0.0.1:0
assert_stderr_has "licgen keys delegate makes one"
run_code 6 "$LICGEN" keys delegate
assert_stderr_has "--no-passphrase"
assert_entries "$LICGEN_HOME/keys" 2
run_ok "$LICGEN" keys delegate --no-passphrase --json
assert_json 'd["version"] == 2 and d["changed"] is True and d["file"].endswith("/lease-" + d["keyid"][:16] + ".pem")'
assert_mode "$(json_get 'd["file"]')" 600
run_ok "$LICGEN" keys list --json
assert_json '[(k["purpose"], k["roles"], k["state"]) for k in d["keys"]][2] == ("lease", ["lease"], "current")'
run_ok "$LICGEN" audit
run_ok "$LICGEN" doctor
run_ok "$LICGEN" product export --out product.json

test_case "serve: what cannot be served is told before anything listens"
run_code 2 "$LICGEN" serve --listen 0.0.0.0:0
assert_stderr_has "--allow-plain-http"
run_code 2 "$LICGEN" serve --listen 127.0.0.1
run_code 3 "$LICGEN" serve --listen localhost:0
run_code 2 "$LICGEN" serve --lease 1d --refresh 2d
run_code 2 "$LICGEN" serve --tls-cert product.json
run_code 3 "$LICGEN" serve --listen 127.0.0.1:0 --tls-cert product.json --tls-key product.json
run_code 5 "$LICGEN" serve --lease-key "$LICGEN_HOME/keys/license.pem"
assert_stderr_has "may sign no leases"

test_case "serve: it needs the lease key alone"
mkdir away && mv "$LICGEN_HOME/keys/root.pem" "$LICGEN_HOME/keys/license.pem" away/
serve --access-log --log-json
client 'assert fetch("GET", "/healthz")[::2] == (200, b"ok\n") and fetch("GET", "/readyz")[0] == 200' \
  'status, _, body = fetch("GET", "/v1/product"); assert status == 200 and payload(json.loads(body)) == product'
mv away/* "$LICGEN_HOME/keys/"

test_case "serve: activate, validate, refresh, deactivate; every answer signed and to its question"
two=$(new --seats 2)
client "key = '$two'" \
  'first = ask("activate", key, 1); assert first["verdict"] == "granted"' \
  'assert ask("activate", key, 1)["lease"]["id"] == first["lease"]["id"]' \
  'assert ask("activate", key, 2)["verdict"] == "granted"' \
  'third = ask("activate", key, 3); denied(third, "no-seat-left"); assert third["denial"]["retry_at"] >= first["lease"]["expires_at"]' \
  'assert ask("validate", key, 1)["lease"]["id"] == first["lease"]["id"]' \
  'denied(ask("validate", key, 3), "not-activated")' \
  'b = "b" * 64; assert ask("refresh", key, 1, next_hash=hash_of(b))["lease"]["id"] == first["lease"]["id"]' \
  'assert ask("refresh", key, 1, next_hash=hash_of(b))["verdict"] == "granted"' \
  'denied(ask("deactivate", key, 1, secret="c" * 64), "wrong-secret")' \
  'assert ask("deactivate", key, 1, secret=b)["verdict"] == "released"' \
  'denied(ask("deactivate", key, 1, secret=b), "not-activated")' \
  'assert ask("activate", key, 3)["verdict"] == "granted"' \
  'denied(ask("activate", "TZ-PRO-0000-0000-0000-0000"), "unknown-license"); denied(ask("activate", "x"), "unknown-license")' \
  't = ask("trial", on=9); assert t["verdict"] == "trial" and ask("trial", on=9)["trial"] == t["trial"]'
run_ok "$LICGEN" activations "$two" --json
assert_json 'd["taken"] == 2 and d["seats"] == 2 and all(a["lease"]["clones"] == 0 for a in d["activations"])'
run_ok "$LICGEN" activations "$two" --all
assert_stdout_has "given back by the machine"
assert_stdout_has "lease until"
run_ok "$LICGEN" audit

test_case "serve: a clone is told to the vendor, and locks nobody out"
client "key = '$two'" 'ask("activate", key, 2)' \
  'b, c = "b" * 64, "c" * 64; ask("refresh", key, 2, next_hash=hash_of(b))' \
  'assert ask("refresh", key, 2, next_hash=hash_of(c))["verdict"] == "granted"'
run_ok "$LICGEN" activations "$two"
assert_stdout_has "shown to be cloned 1 time"

test_case "release: the vendor frees a seat that a lease holds, and signs nothing"
mv "$LICGEN_HOME/keys/license.pem" away/
run_ok "$LICGEN" activations "$two" --json
gone=$(json_get 'd["activations"][0]["machine"]')
run_ok "$LICGEN" release "$two" --machine "$gone" --json
assert_json 'd["changed"] is True and d["ended"][0]["ended_by"] == "release"'
mv away/license.pem "$LICGEN_HOME/keys/"
run_ok "$LICGEN" activations "$two" --json
assert_json 'd["taken"] == 1'
run_ok "$LICGEN" show "$two" --json
assert_json 'd["license"]["serial"] == 1 and d["license"]["machines"] == []'
run_ok "$LICGEN" audit

test_case "revoked, suspended, renewed: as the ledger has it now"
gone=$(new) && away=$(new)
client "ask('activate', '$gone')" "ask('activate', '$away')"
run_ok "$LICGEN" revoke "$gone" --reason refund
run_ok "$LICGEN" suspend "$away"
client "denied(ask('refresh', '$gone'), 'revoked')" "denied(ask('activate', '$away'), 'suspended')"
run_ok "$LICGEN" reinstate "$away"
run_ok "$LICGEN" renew "$away"
client "assert ask('refresh', '$away')['lease']['serial'] == 4"

test_case "the offline exchange counts machines that have a lease, and names them"
both=$(new --seats 2)
client "ask('activate', '$both', 1)"
run_ok "$LICCTL" --request-activation r.json --license-key "$both"
run_ok "$LICGEN" sign-request r.json --out a.json
run_ok "$LICGEN" activations "$both" --json
assert_json 'd["taken"] == 2'
client "assert ask('refresh', '$both', 1)['lease']['serial'] == 2" "denied(ask('activate', '$both', 5), 'wrong-machine')"
one=$(new --seats 1)
client "ask('activate', '$one', 1)"
run_ok "$LICCTL" --request-activation r2.json --license-key "$one"
run_code 18 "$LICGEN" sign-request r2.json

test_case "what is no request gets no answer, and harms nobody"
client 'good = json.dumps(request("activate", "x"))' \
  'fault(404, "not-found", "GET", "/"); fault(404, "not-found", "POST", "/v1/nothing", good)' \
  'fault(404, "not-found", "POST", "/v1/../v1/activate", good); fault(404, "not-found", "POST", "/v1/activate?key=x", good)' \
  'assert fault(405, "method-not-allowed", "GET", "/v1/activate")["Allow"] == "POST"' \
  'assert fault(405, "method-not-allowed", "POST", "/v1/product", good)["Allow"] == "GET"' \
  'fault(404, "not-found", "GET", "/v1/revocations")' \
  'fault(415, "unsupported-media-type", "POST", "/v1/activate", good, {"Content-Type": "text/plain"})' \
  'fault(413, "too-large", "POST", "/v1/activate", "x" * 17000)' \
  'fault(422, "wrong-product", "POST", "/v1/activate", json.dumps(request("activate", "x", product="other")))' \
  'weak = request("activate", "x"); weak["facts"] = {"cpu": "00000000000000ff"}; fault(400, "bad-request", "POST", "/v1/activate", json.dumps(weak))' \
  'for text in ("", "{", "null", "[]", "{}", good[:-1], good + good, good.replace("\"v\": 1", "\"v\": 1e400"), good.replace("\"v\": 1", "\"v\": 1, \"v\": 1"), "[" * 9000, "\xff\xfe"): fault(400, "bad-request", "POST", "/v1/activate", text.encode("latin-1"))'
client 'assert raw(b"GARBAGE\r\n\r\n").startswith(b"HTTP/1.1 400 ")' \
  'assert raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n").startswith(b"HTTP/1.1 400 ")' \
  'assert raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 9000 + b"\r\n\r\n").startswith(b"HTTP/1.1 431 ")' \
  'post = b"POST /v1/activate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"' \
  'assert raw(post + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n").count(b"HTTP/1.1 ") == 1' \
  'assert raw(post + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!").startswith(b"HTTP/1.1 400 ")' \
  'assert raw(post + b"Content-Length: 99999999999999999999999\r\n\r\n").startswith(b"HTTP/1.1 400 ")' \
  'assert raw(post + b"Content-Length: -1\r\n\r\n").startswith(b"HTTP/1.1 400 ")' \
  'assert raw(post + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n").startswith(b"HTTP/1.1 400 ")' \
  'assert raw(post + b"Content-Length: 9000000\r\n\r\n").startswith(b"HTTP/1.1 413 ")' \
  'assert b" 404 " in raw(b"GET /%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")' \
  'c = connection(); assert [fetch("GET", "/healthz", to=c)[0] for _ in range(3)] == [200] * 3' \
  'assert fetch("GET", "/healthz")[0] == 200'

test_case "openapi.json is what the server does"
client 'status, _, text = fetch("GET", "/openapi.json"); assert status == 200; api = json.loads(text)' \
  'assert api == json.load(open("'"$examples"'/../openapi.json"))' \
  'for action in ("activate", "refresh", "validate", "deactivate", "trial"):
    asked = request(action, None if action == "trial" else "'"$two"'", 2)
    described = api["paths"]["/v1/" + action]["post"]
    schema = described["requestBody"]["$ref"]
    wanted = api["components"]["requestBodies"][schema.rsplit("/", 1)[1]]["content"]["application/json"]["schema"]
    holds(wanted, asked, api)
    status, _, text = fetch("POST", "/v1/" + action, json.dumps(asked))
    assert status == 200 and "200" in described["responses"]
    holds(api["components"]["schemas"]["Reply"], json.loads(text), api)
    holds(api["components"]["schemas"]["Answer"], payload(json.loads(text)["answer"]), api)
    assert set(wanted["required"]) == set(asked), action
    for member in wanted["required"]:
        less = {k: v for k, v in asked.items() if k != member}
        status, _, text = fetch("POST", "/v1/" + action, json.dumps(less))
        assert status == 400 and "400" in described["responses"], (action, member)
        holds(api["components"]["schemas"]["Fault"], json.loads(text), api)' \
  'for path, methods in api["paths"].items():
    path = path.replace("{id}", "0" * 26)
    for method, described in methods.items():
        other = "GET" if method == "post" else "POST"
        status, _, text = fetch(other, path, "{}" if other == "POST" else None)
        assert status == 405 and "405" in described["responses"], path
        holds(api["components"]["schemas"]["Fault"], json.loads(text), api)
        status = fetch(method.upper(), path, "{}" if method == "post" else None)[0]
        assert status != 405 and str(status) in described["responses"], (path, status)'

test_case "metrics count what was done, and name nobody"
client 'before = metrics(); ask("activate", "x"); after = metrics()' \
  'name = "lic_answers_total{action=\"activate\",outcome=\"unknown-license\"}"; assert after[name] == before[name] + 1' \
  'name = "lic_requests_total{route=\"/v1/activate\",status=\"200\"}"; assert after[name] == before[name] + 1' \
  'assert after["lic_round_requests_total"] == before["lic_round_requests_total"] + 1' \
  'h = "lic_request_duration_seconds"; assert after[h + "_bucket{le=\"+Inf\"}"] == after[h + "_count"] > 0' \
  'assert after["lic_connections"] >= 1'

test_case "the log has no key and no secret"
grep -q '"event":"request"' serve.err || fail "no access log"
! grep -qE 'TZ-PRO|aaaaaaaa|bbbbbbbb' serve.err serve.out || fail "a key or a secret is in the log"
"$python" -c 'import json,sys; [json.loads(line) for line in open(sys.argv[1])]' serve.err || fail "a line of the log is no JSON"

test_case "kill -9: what was answered is there, and a lost answer costs nothing"
racing=$(new --seats 20)
client "key = '$racing'" 'import threading' \
  'seen = []
def run(n):
    try:
        seen.append((n, ask("activate", key, 100 + n)["verdict"]))
    except (OSError, http.client.HTTPException):
        pass' \
  'threads = [threading.Thread(target=run, args=(n,)) for n in range(12)]; [t.start() for t in threads]; [t.join() for t in threads]' \
  'assert len(seen) == 12 and all(v == "granted" for _, v in seen)' "os.kill($server, 9)"
{ wait "$server"; } 2>/dev/null
serve
client "key = '$racing'" 'assert all(ask("validate", key, 100 + n)["verdict"] == "granted" for n in range(12))'
run_ok "$LICGEN" activations "$racing" --json
assert_json 'd["taken"] == 12'
run_ok "$LICGEN" audit

test_case "SIGTERM: a request that has begun is answered, then it ends"
client "key = '$racing'" 'body = json.dumps(request("activate", key, 300))' 'import signal, time' \
  'parts = urllib.parse.urlsplit(url); s = socket.create_connection((parts.hostname, parts.port))' \
  'head = f"POST /v1/activate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"' \
  's.sendall((head + body[:20]).encode()); idle = connection(); assert fetch("GET", "/healthz", to=idle)[0] == 200' \
  "os.kill($server, signal.SIGTERM)" \
  'idle.sock.settimeout(20); assert idle.sock.recv(1) == b""' \
  's.sendall(body[20:].encode()); text = b""
while True:
    more = s.recv(65536)
    if not more: break
    text += more
assert text.startswith(b"HTTP/1.1 200 ") and b"Connection: close" in text, text[:300]'
wait "$server"
status=$?
server=
[ "$status" -eq 0 ] || fail "it ended with $status"

if ! on_postgres; then
  test_case "a copy of the ledger finds machines as the ledger does"
  marks() { sqlite3 "$1" "SELECT license, mark, activation FROM machine_marks ORDER BY 1, 2, 3"; }
  run_ok "$LICGEN" ledger copy "sqlite:$LICGEN_HOME/ledger.db" sqlite:copy.db
  marks "$LICGEN_HOME/ledger.db" >marks.txt
  [ "$(wc -l <marks.txt)" -ge 36 ] || fail "there are too few marks"
  marks copy.db | cmp - marks.txt || fail "the copy has other marks"
  sqlite3 copy.db "DELETE FROM machine_marks WHERE mark < 0"
  run_code 15 "$LICGEN" --ledger sqlite:copy.db audit
  cat "$out" "$err" | grep -qF "its machines are not found by what their leases say" || fail "audit says nothing of it"
  run_ok "$LICGEN" ledger copy sqlite:copy.db sqlite:again.db
  marks again.db | cmp - marks.txt || fail "marks that were lost are lacking in the copy, too"
  run_ok "$LICGEN" --ledger sqlite:again.db audit
  run_ok "$LICGEN" restore --force copy.db
  marks "$LICGEN_HOME/ledger.db" | cmp - marks.txt || fail "marks that were lost in a backup are lacking when it is restored"
  run_ok "$LICGEN" audit
fi

if ! on_postgres; then
  test_case "a newer licgen has brought the ledger up to date: the server says so once, and is not ready"
  version=$(sqlite3 "$LICGEN_HOME/ledger.db" "PRAGMA user_version")
  serve
  client 'assert fetch("GET", "/readyz")[0] == 200'
  sqlite3 "$LICGEN_HOME/ledger.db" "PRAGMA user_version = 99"
  client 'import time' 'for _ in range(100):
    if fetch("GET", "/readyz")[0] == 503: break
    time.sleep(0.1)' \
    'fault(503, "unavailable", "GET", "/readyz"); assert fetch("GET", "/healthz")[0] == 200' \
    'assert [fetch("POST", "/v1/validate", json.dumps(request("validate", "y")))[0] for _ in range(3)] == [500] * 3'
  stop TERM 0
  [ "$(grep -c "is of version 99 since another licgen has opened it" serve.err)" -le 2 ] || fail "it says so over and over"
  grep -q "nothing is decided any more: .*start this program anew" serve.err || fail "it does not say what to do"
  sqlite3 "$LICGEN_HOME/ledger.db" "PRAGMA user_version = $version"
fi

test_case "limits: by address and by license, with Retry-After"
limits=(--address-limit 0 --license-limit 4)
serve
client "key = '$two'" 'assert [fetch("POST", "/v1/validate", json.dumps(request("validate", key)))[0] for _ in range(3)] == [200, 200, 429]' \
  'assert int(fault(429, "too-many-requests", "POST", "/v1/validate", json.dumps(request("validate", key)))["Retry-After"]) >= 1' \
  'assert fetch("POST", "/v1/validate", json.dumps(request("validate", "y")))[0] == 200'
stop TERM 0
limits=(--address-limit 4)
serve
client 'assert [fetch("GET", "/v1/product")[0] for _ in range(3)] == [200, 200, 429]' 'assert fetch("GET", "/healthz")[0] == 200'
stop TERM 0

test_case "SIGHUP: another lease key, a revocation list; what is no good leaves what was"
run_ok "$LICGEN" revocations export --out list.json
limits=(--address-limit 0 --license-limit 0)
serve --revocations list.json
client 'status, _, body = fetch("GET", "/v1/revocations"); assert status == 200 and verify(json.loads(body), "revocations")["seq"] == 1'
run_ok "$LICGEN" revocations export --out list.json --force
run_ok "$LICGEN" keys delegate --no-passphrase
fresh=$(sed -n 's/^new lease key \([0-9a-f]*\).*/\1/p' "$out")
run_ok "$LICGEN" product export --out product.json --force
kill -HUP "$server"
client 'import time
for _ in range(400):
    if payload(json.loads(fetch("GET", "/v1/product")[2]))["version"] == product["version"]: break
    time.sleep(0.05)
else: raise SystemExit("not reloaded")' \
  'assert verify(json.loads(fetch("GET", "/v1/revocations")[2]), "revocations")["seq"] == 2' \
  "reply = json.loads(fetch('POST', '/v1/validate', json.dumps(request('validate', 'x')))[2]); assert reply['answer']['signatures'][0]['keyid'] == '$fresh'"
echo '{}' >list.json
kill -HUP "$server"
for _ in $(seq 400); do grep -q reload-failed serve.err && break; sleep 0.05; done
grep -q "what was in use stays" serve.err || fail "the failure was not told"
client 'assert verify(json.loads(fetch("GET", "/v1/revocations")[2]), "revocations")["seq"] == 2'
stop TERM 0

test_case "a disk that fails: no answer that rests on it, and none after it until a new start"
if [ -n "${FILE_FAULTS:-}" ]; then # an SQLite ledger, without sanitizers
  one=$(new --seats 2)
  cp -r "$LICGEN_HOME" as-it-was
  # serve_failing CHANGE: that change of the log fails; 0: none, and all are noted.
  serve_failing() {
    export LD_PRELOAD=$FILE_FAULTS FILE_FAULT_BELOW=$LICGEN_HOME/ledger.db-wal FILE_FAULT_LOG=$PWD/changes
    export FILE_FAULT_KIND=once FILE_FAULT_AT=$1
    serve
    unset LD_PRELOAD FILE_FAULT_BELOW FILE_FAULT_LOG FILE_FAULT_KIND FILE_FAULT_AT
  }
  serve_failing 0
  client "assert ask('activate', '$one', 1)['verdict'] == 'granted'"
  stop TERM 0
  sync=$(grep -n '^fsync' changes | sed -n 2p | cut -d: -f1) # the first is of the log's head
  rm -r "$LICGEN_HOME" && mv as-it-was "$LICGEN_HOME"
  serve_failing "$sync"
  client "key = '$one'" 'body = json.dumps(request("activate", key, 1))' \
    'fault(500, "failure", "POST", "/v1/activate", body); fault(500, "failure", "POST", "/v1/activate", body)' \
    'fault(503, "unavailable", "GET", "/readyz"); assert fetch("GET", "/healthz")[0] == 200'
  grep -q "cannot sync the log of ledger" serve.err || fail "the operator was not told"
  stop TERM 0
  serve
  client "assert ask('activate', '$one', 1)['verdict'] == 'granted'"
  stop TERM 0
  run_ok "$LICGEN" audit
fi

test_case "TLS: the certificate of an authority, reloaded; plain HTTP is none of it"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem 2>/dev/null
certificate() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout tls.key -out tls.csr 2>/dev/null
  openssl x509 -req -in tls.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out tls.pem \
    -extfile <(echo "subjectAltName=IP:127.0.0.1") 2>/dev/null
}
certificate first
serve --tls-cert tls.pem --tls-key tls.key
case $url in https://*) ;; *) fail "it serves $url" ;; esac
CA=$work/ca.pem
export CA
client "assert ask('activate', '$two', 2)['verdict'] == 'granted'" \
  'c = connection(); c.connect(); assert c.sock.version() in ("TLSv1.2", "TLSv1.3"); assert dict(x[0] for x in c.sock.getpeercert()["subject"])["commonName"] == "first"' \
  'assert not raw(b"GET /healthz HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200")'
certificate second
kill -HUP "$server"
client 'import time
for _ in range(400):
    c = connection(); c.connect()
    if dict(x[0] for x in c.sock.getpeercert()["subject"])["commonName"] == "second": break
    time.sleep(0.05)
else: raise SystemExit("not reloaded")'
stop TERM 0
run_ok "$LICGEN" audit

finished
