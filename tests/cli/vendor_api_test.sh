#!/usr/bin/env bash
# shellcheck disable=SC2016 # the statements are Python's
# licgen token; the vendor API of licgen serve: who may do what, all that licgen does with licenses, requests that
# are sent again, and what is in no log.
. "$(dirname "$0")/lib.sh"
at_a_desk
with_server
limits=(--address-limit 0 --license-limit 0)
run_ok "$LICGEN" init --catalog "$examples/ticketzero.json" --no-passphrase --quiet

test_case "token create: shown once, and the ledger has its hash"
run_ok "$LICGEN" token list
assert_stderr_has "there is no token"
run_ok "$LICGEN" token create --name shop --scope issue --scope read --expires 30d
shop=$(cat "$out")
[[ $shop =~ ^lic_[0-9a-f]{72}$ ]] || fail "no token: $shop"
assert_stderr_has "may read, issue until"
run_ok "$LICGEN" --as ops token create --name support --scope read --json
assert_json 'd["token"].startswith("lic_") and d["scopes"] == ["read"] and d["state"] == "valid" and d["used_at"] is None'
run_ok "$LICGEN" token list --json
assert_json '[(t["name"], t["scopes"], t["state"]) for t in d["tokens"]] == [("shop", ["read", "issue"], "valid"), ("support", ["read"], "valid")]'
grep -q "$shop" "$out" && fail "the token is listed"
if ! on_postgres; then grep -aq "$shop" "$LICGEN_HOME"/ledger.db* && fail "the token is in the ledger"; fi
run_ok "$LICGEN" token list
assert_stdout_has "shop"
assert_stdout_has "never"

test_case "token create: what it may not be"
run_code 2 "$LICGEN" token create --name x --scope write
assert_stderr_has "read|issue|change|revoke|admin"
run_code 2 "$LICGEN" token create --name x
run_code 2 "$LICGEN" token create --scope read
run_code 3 "$LICGEN" token create --name '' --scope read
run_code 3 "$LICGEN" token create --name x --scope read --expires 2y
assert_stderr_has "12 months"
run_code 3 "$LICGEN" token create --name x --scope read --expires 2020-01-01
run_code 3 "$LICGEN" token create --name x --scope read --expires soon
run_code 3 "$LICGEN" token create --name 01KC3D5Z8Q4N7W2V6B9M1X0RTA --scope read
run_code 5 "$LICGEN" token create --name shop --scope read
assert_stderr_has "revoke it first"

test_case "token revoke: by name or id, once"
run_code 4 "$LICGEN" token revoke nobody
run_ok "$LICGEN" token revoke support --reason leaked
assert_stdout_has "revoked"
run_ok "$LICGEN" token revoke support --json
assert_json 'd["changed"] is False and d["revoked_at"]'
run_ok "$LICGEN" token create --name support --scope read --quiet
run_ok "$LICGEN" token list --json
assert_json '[t["state"] for t in d["tokens"]] == ["valid", "revoked", "valid"]'
run_ok "$LICGEN" token revoke "$(json_get 'd["tokens"][2]["id"]')"
run_ok "$LICGEN" audit

with_tokens
gone=$(token --name gone --scope admin)
run_ok "$LICGEN" token revoke gone
late=$(token --name late --scope admin --expires 1h)
serve --can-issue --access-log --log-json
L=/v1/vendor/licenses

test_case "vendor API: who has no token that holds gets one answer, whatever is wrong"
client "first = vendor(None, 'GET', '/v1/vendor/token', wanted=401)" \
  "for t in ('', 'x', '$gone', '$admin'[:-1], '$admin'[:-1] + ('0' if '$admin'[-1] != '0' else '1'), 'lic_' + 'a' * 72, '$admin $admin'): assert vendor(t, 'GET', '/v1/vendor/token', wanted=401) == first" \
  "assert vendor('$gone', 'POST', '$L', {'plan': 'x'}, wanted=401) == first" \
  "assert fetch('GET', '/v1/vendor/token', headers={'Authorization': 'Basic $admin'})[0] == 401" \
  "assert fetch('GET', '/v1/vendor/token', headers={'Authorization': 'bearer  $admin'})[0] == 200" \
  "me = v('GET', '/v1/vendor/token'); assert me['name'] == 'admin' and me['scopes'] == ['admin'] and me['can_issue'] is True and me['product'] == 'ticketzero'"

test_case "vendor API: scopes"
client "acme = {'plan': 'professional', 'customer': 'ACME GmbH', 'email': 'ops@acme.example'}" \
  "for t in ('$reader', '$changer', '$revoker'): assert vendor(t, 'POST', '$L', acme, wanted=403)['error']['code'] == 'forbidden'" \
  "made = vendor('$issuer', 'POST', '$L', acme, wanted=201); id = made['licenses'][0]['id']" \
  "for t in ('$issuer', '$changer', '$revoker'): vendor(t, 'GET', f'$L/{id}', wanted=403); vendor(t, 'POST', '$L/list', {}, wanted=403); vendor(t, 'POST', '/v1/vendor/check', {'email': 'a@b.example'}, wanted=403)" \
  "for t in ('$reader', '$issuer', '$revoker'):
    for what in ('renew', 'change', 'suspend', 'reinstate', 'transfer', 'release'): vendor(t, 'POST', f'$L/{id}/{what}', {}, wanted=403)" \
  "for t in ('$reader', '$issuer', '$changer'): vendor(t, 'POST', f'$L/{id}/revoke', {'reason': 'x'}, wanted=403)" \
  "vendor('$reader', 'GET', f'$L/{id}'); vendor('$changer', 'POST', f'$L/{id}/suspend'); vendor('$revoker', 'POST', f'$L/{id}/revoke', {'reason': 'test'})"

test_case "vendor API: what is created is what licgen creates"
client "made = v('POST', '$L', {'plan': 'professional', 'customer': 'Initech', 'email': 'it@initech.example', 'expires': '2099-12-31', 'seats': 7, 'features': {'sso': True, 'sizes': ['s', 'm'], 'level': 3}, 'limits': {'tickets': {'max': 9, 'per': 'month', 'overage': 10}, 'open': {'max': None}}, 'metadata': {'crm': '17'}, 'order': 'PO-1', 'note': 'by hand', 'virtual': False}, wanted=201)" \
  "one = made['licenses'][0]; assert made['keys'] == [one['key']]; terms = verify(one['document'], 'license')" \
  "assert terms['seats'] == 7 and terms['features']['sizes'] == ['s', 'm'] and terms['limits']['tickets'] == {'max': 9, 'per': 'month', 'overage': 10} and terms['expires_at'] == '2099-12-31T00:00:00Z' and terms['metadata'] == {'crm': '17'} and terms['order'] == 'PO-1' and terms['id'] == one['id']" \
  "open('made', 'w').write(one['key'] + ' ' + one['id'])" \
  "many = v('POST', '$L', {'plan': 'starter', 'customer': 'Reseller', 'count': 100, 'months': 3}, wanted=201); assert len(set(many['keys'])) == 100 and [l['key'] for l in many['licenses']] == many['keys']"
read -r key id <made
run_ok "$LICGEN" show "$key" --json
cp "$out" shown.json
assert_json 'd["note"] == "by hand" and d["history"][0]["actor"] == "token:admin" and d["history"][0]["action"] == "create"'
client "shown = json.load(open('shown.json')); assert v('GET', '$L/$id') == shown and v('POST', '$L/find', {'key': '$key'}) == shown and v('POST', '$L/find', {'key': '$key'.lower().replace('-', '')}) == shown" \
  "assert verify(v('GET', '$L/$id/document'), 'license')['key'] == '$key'"
run_ok "$LICGEN" export "$key" --out files
client "assert v('GET', '$L/$id/document') == json.load(open('files/$key.json'))"
run_ok "$LICGEN" audit

test_case "vendor API: what it refuses, and why"
client "def no(status, code, path, body, part=''):
    e = v('POST', path, body, wanted=status)['error']; assert e['code'] == code and part in e['message'], e" \
  "for body, part in (([], 'object'), ({}, '/plan'), ({'plan': 'professional'}, '/customer'), ({'plan': 'professional', 'customer': ' '}, '/customer'), ({'plan': 'professional', 'customer': 'x', 'seat': 5}, '/seat'), ({'plan': 'professional', 'customer': 'x', 'seats': '5'}, '/seats'), ({'plan': 'professional', 'customer': 'x', 'seats': 0}, '/seats'), ({'plan': 'professional', 'customer': 'x', 'count': 101}, '/count'), ({'plan': 'professional', 'customer': 'x', 'expires': 'soon'}, '/expires'), ({'plan': 'professional', 'customer': 'x', 'email': 'nobody'}, '/email'), ({'plan': 'professional', 'customer': 'x', 'months': 3, 'perpetual': True}, 'exclude'), ({'plan': 'professional', 'customer': 'x', 'machines': ['M1-X']}, '/machines/0'), ({'plan': 'professional', 'customer': 'x', 'features': {'A b': True}}, '/features')): no(400, 'bad-request', '$L', body, part)" \
  "no(422, 'invalid', '$L', {'plan': 'pro', 'customer': 'x'}, 'pro'); no(422, 'invalid', '$L', {'plan': 'professional', 'customer': 'x', 'expires': '2020-01-01'})" \
  "no(400, 'bad-request', '$L/list', {'limit': 1001}, '/limit'); no(400, 'bad-request', '$L/list', {'after': 'x'}, 'after'); no(400, 'bad-request', '$L/list', {'status': 'good'}, '/status')" \
  "no(404, 'not-found', '$L/find', {'key': 'TZ-PRO-0000-0000-0000-0000'}); no(404, 'not-found', '$L/find', {'key': 'x'})" \
  "nobody = '0' * 26; v('GET', f'$L/{nobody}', wanted=404); v('GET', f'$L/{nobody}/document', wanted=404); no(404, 'not-found', f'$L/{nobody}/renew', {}); no(404, 'not-found', f'$L/{nobody}/revoke', {'reason': 'x'})" \
  "fault(404, 'not-found', 'GET', '/v1/vendor/nothing'); fault(404, 'not-found', 'GET', '$L/x'); fault(404, 'not-found', 'GET', '$L/$id/'); fault(404, 'not-found', 'GET', '$L/$key')" \
  "assert fault(405, 'method-not-allowed', 'GET', '$L')['Allow'] == 'POST'; assert fault(405, 'method-not-allowed', 'DELETE', '$L/$id')['Allow'] == 'GET'" \
  "a = {'Authorization': 'Bearer $admin'}; fault(415, 'unsupported-media-type', 'POST', '$L', '{}', a)" \
  "a['Content-Type'] = 'application/json'; fault(413, 'too-large', 'POST', '$L', 'x' * 70000, a); fault(400, 'bad-request', 'POST', '$L', '{', a)" \
  "a['Idempotency-Key'] = 'x' * 129; fault(400, 'bad-request', 'POST', '$L', '{}', a); a['Idempotency-Key'] = 'a b'; fault(400, 'bad-request', 'POST', '$L', '{}', a)" \
  "twice = lambda *lines: raw(b'POST $L HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 2\r\n' + ''.join(line + '\r\n' for line in lines).encode() + b'\r\n{}')
assert twice('Authorization: Bearer $admin', 'Idempotency-Key: one', 'Idempotency-Key: two').startswith(b'HTTP/1.1 400 ')
assert twice('Authorization: Bearer $admin', 'Authorization: Bearer $admin').startswith(b'HTTP/1.1 401 ')
assert b'/plan' in twice('Authorization: Bearer $admin', 'Idempotency-Key: one')"

test_case "vendor API: lists, page by page"
client "seen, after = [], None
while True:
    page = v('POST', '$L/list', {'plan': 'starter', 'limit': 30, **({'after': after} if after else {})})
    seen += page['licenses']; after = page['next']
    if after is None: break
assert len(seen) == 100 == len({l['id'] for l in seen}), len(seen)" \
  "assert [l['key'] for l in v('POST', '$L/list', {'customer': 'init*'})['licenses']] == ['$key']" \
  "assert [l['id'] for l in v('POST', '$L/list', {'email': 'IT@initech.example', 'order': 'PO-1', 'status': 'valid'})['licenses']] == ['$id']" \
  "assert v('POST', '$L/list', {'status': 'revoked'})['licenses'][0]['customer'] == 'ACME GmbH' and v('POST', '$L/list', {'batch': 'none'}) == {'licenses': [], 'next': None}" \
  "assert len(v('POST', '$L/list', {'expires_within': '6mo', 'limit': 1000})['licenses']) == 100" \
  "e = v('POST', '/v1/vendor/check', {'email': 'it@initech.example'}); assert e['entitled'] is True and e['licenses'][0]['key'] == '$key'" \
  "assert v('POST', '/v1/vendor/check', {'customer': 'acme gmbh'})['entitled'] is False and v('POST', '/v1/vendor/check', {'customer': 'nobody'}) == {'entitled': False, 'licenses': []}"

test_case "vendor API: the life of a license"
client "p = '$L/$id'; do = lambda what, **body: v('POST', p + '/' + what, body)" \
  "r = do('renew', months=12, order='PO-2'); assert r['changed'] and r['serial'] == 2 and verify(r['document'], 'license')['expires_at'] == '2100-12-31T00:00:00Z'" \
  "assert not do('renew', months=12, order='PO-2')['changed']; assert v('POST', p + '/renew', {'months': 6, 'order': 'PO-2'}, wanted=409)['error']['code'] == 'conflict'" \
  "r = do('change', plan='enterprise', seats=9, reason='upgrade'); assert r['serial'] == 3 and {c['member'] for c in r['changes']} >= {'plan', 'seats'} and verify(r['document'], 'license')['plan'] == 'enterprise'" \
  "v('POST', p + '/change', {'plan': 'gold'}, wanted=422); v('POST', p + '/change', {}, wanted=400)" \
  "assert do('suspend', reason='unpaid')['changed'] and not do('suspend')['changed']; assert v('GET', p)['status'] == 'suspended'" \
  "v('POST', p + '/renew', {}, wanted=409); assert do('reinstate')['serial'] == 5" \
  "r = do('transfer', customer='Initrode', email='it@initrode.example'); assert verify(r['document'], 'license')['customer'] == {'name': 'Initrode', 'email': 'it@initrode.example'}" \
  "assert [h['action'] for h in v('GET', p)['history']] == ['create', 'renew', 'change', 'suspend', 'reinstate', 'transfer'] and v('GET', p)['history'][3]['reason'] == 'unpaid'" \
  "assert v('GET', p + '/usage')['months'] == []"
# For the command it is the same renewal.
run_ok "$LICGEN" renew "$key" --months 12 --order PO-2 --json
assert_json 'd["changed"] is False'
run_ok "$LICGEN" audit

test_case "vendor API: seats, of leases and named in the license"
run_ok "$LICCTL" --request-activation r.json --license-key "$key"
client "ask('activate', '$key', 1); ask('activate', '$key', 2)" \
  "a = v('GET', '$L/$id/activations'); assert a['taken'] == 2 and len(a['activations']) == 2; m = a['activations'][0]['machine']" \
  "v('POST', '$L/$id/release', {'machine': 'M1'}, wanted=422); v('POST', '$L/$id/release', {'machine': 'M1-0525Z-JQKMM'}, wanted=404)" \
  "r = v('POST', '$L/$id/release', {'machine': m, 'reason': 'lost'}); assert r['changed'] and r['serial'] == a['activations'][0]['serial'] and r['ended'][0]['ended_by'] == 'release'" \
  "assert v('GET', '$L/$id/activations')['taken'] == 1; denied(ask('validate', '$key', 1), 'not-activated')"
run_ok "$LICGEN" sign-request r.json --out a.json
client "a = v('GET', '$L/$id/activations'); m = next(x['machine'] for x in a['activations'] if 'lease' not in x)" \
  "r = v('POST', '$L/$id/release', {'machine': m}); assert r['changed'] and r['ended'][0]['machine'] == m; assert not v('POST', '$L/$id/release', {'machine': m})['changed']"
run_ok "$LICGEN" audit

test_case "idempotency: a request that comes again is answered as before, another under its key is refused"
client "acme = {'plan': 'starter', 'customer': 'Twice'}; one = v('POST', '$L', acme, wanted=201, key='k-1'); assert v('POST', '$L', acme, wanted=201, key='k-1') == one" \
  "assert len(v('POST', '$L/list', {'customer': 'twice'})['licenses']) == 1" \
  "e = v('POST', '$L', {**acme, 'seats': 2}, wanted=422, key='k-1')['error']; assert e['code'] == 'idempotency-conflict'" \
  "p = '$L/' + one['licenses'][0]['id']; assert v('POST', p + '/suspend', {}, wanted=422, key='k-1')['error']['code'] == 'idempotency-conflict'" \
  "assert vendor('$issuer', 'POST', '$L', acme, wanted=201, key='k-1') != one" \
  "v('POST', p + '/renew', {'expires': '2020-01-01'}, wanted=400, key='k-2'); assert v('POST', p + '/renew', {}, key='k-2')['serial'] == 2 and v('POST', p + '/renew', {}, key='k-2')['serial'] == 2" \
  "r = v('POST', p + '/revoke', {'reason': 'refund'}, key='k-3'); assert r['revoked'][0]['changed'] and v('POST', p + '/revoke', {'reason': 'refund'}, key='k-3') == r and not v('POST', p + '/revoke', {'reason': 'refund'})['revoked'][0]['changed']" \
  "v('POST', p + '/revoke', {'reason': 'other'}, wanted=409); v('POST', p + '/renew', {}, wanted=409)"

test_case "kill -9: a request of which nobody saw the answer is done once"
client 'import threading' "seen = []
def run(n):
    try:
        seen.append(v('POST', '$L', {'plan': 'starter', 'customer': 'Killed', 'count': 50}, wanted=201, key=f'kill-{n}'))
    except (OSError, http.client.HTTPException, ValueError): pass
threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]; [t.start() for t in threads]
while not seen: pass
os.kill($server, 9); [t.join() for t in threads]; json.dump(seen, open('seen', 'w'))"
{ wait "$server"; } 2>/dev/null
serve --can-issue --access-log --log-json
client "again = [v('POST', '$L', {'plan': 'starter', 'customer': 'Killed', 'count': 50}, wanted=201, key=f'kill-{n}') for n in range(8)]" \
  "for one in json.load(open('seen')): assert one in again" \
  "assert len(v('POST', '$L/list', {'customer': 'killed', 'limit': 1000})['licenses']) == 400"
run_ok "$LICGEN" audit

test_case "a token that was revoked is refused from then on, and what was used shows"
run_ok "$LICGEN" token list --json
assert_json '{t["name"]: t["used_at"] is not None for t in d["tokens"]}["admin"] is True and {t["name"]: t["used_at"] is not None for t in d["tokens"]}["late"] is False'
client "vendor('$late', 'GET', '/v1/vendor/token')"
run_ok "$LICGEN" token revoke late
client "vendor('$late', 'GET', '/v1/vendor/token', wanted=401)"

test_case "no key and no token is in the log"
! grep -qE 'TZ-|lic_[0-9a-f]|Bearer' serve.err serve.out || fail "a key or a token is in the log"
grep -q '/v1/vendor/licenses/{id}' serve.err || client "v('GET', '$L/$id')"
grep -q '"route":"/v1/vendor/licenses/{id}"' serve.err || fail "no route in the log"
client 'assert any("/v1/vendor/licenses/{id}" in name for name in metrics())'
stop TERM 0

test_case "without --can-issue nothing is signed, and the rest goes on"
mkdir away && mv "$LICGEN_HOME/keys/license.pem" away/
run_code 4 "$LICGEN" serve --can-issue --listen 127.0.0.1:0
limits=(--address-limit 0 --license-limit 0 --token-limit 4)
serve
client "def no(path, body): assert v('POST', path, body, wanted=403)['error']['code'] == 'cannot-issue'" \
  "assert v('GET', '/v1/vendor/token')['can_issue'] is False; no('$L', {'plan': 'starter', 'customer': 'x'})"
run_ok "$LICGEN" token create --name second --scope admin --quiet
admin=$(cat "$out")
client "v('POST', '$L/$id/suspend', wanted=403)" "v('POST', '$L/$id/revoke', {'reason': 'end'})"
test_case "limits: by token, with Retry-After"
client "v('POST', '/v1/vendor/check', {'customer': 'x'}, wanted=429)" \
  "status, head, _ = fetch('GET', '/v1/vendor/token', headers={'Authorization': 'Bearer $admin'}); assert status == 429 and int(head['Retry-After']) >= 1" \
  "vendor('$reader', 'GET', '/v1/vendor/token')"
stop TERM 0
mv away/license.pem "$LICGEN_HOME/keys/"
limits=(--address-limit 0 --license-limit 0)

test_case "--admin-listen: the vendor's listener, and the public one that has nothing of it"
run_code 2 "$LICGEN" serve --listen 127.0.0.1:0 --admin-listen 0.0.0.0:0
run_code 2 "$LICGEN" serve --listen 127.0.0.1:0 --admin-listen 127.0.0.1
run_code 3 "$LICGEN" serve --listen 127.0.0.1:0 --admin-listen localhost:1
serve --admin-listen 127.0.0.1:0
public=$url
run_code 5 "$LICGEN" serve --listen 127.0.0.1:0 --admin-listen "$(sed -n 's#^vendor API on http://##p' serve.out)"
assert_stderr_has "--admin-listen"
client "fault(404, 'not-found', 'GET', '/v1/vendor/token', headers={'Authorization': 'Bearer $admin'}); fault(404, 'not-found', 'GET', '/metrics')" \
  "assert ask('validate', 'x')['verdict'] == 'denied' and fetch('GET', '/healthz')[0] == 200 and fetch('GET', '/v1/product')[0] == 200"
url=$(sed -n 's/^vendor API on //p' serve.out)
client "assert v('GET', '/v1/vendor/token')['name'] == 'second'; assert metrics(); assert fetch('GET', '/readyz')[0] == 200" \
  "fault(404, 'not-found', 'GET', '/v1/product'); fault(404, 'not-found', 'POST', '/v1/validate', '{}')"
url=$public
stop TERM 0
run_ok "$LICGEN" audit

if ! on_postgres; then
  test_case "audit: a token that was added, given other rights or brought back to life by hand"
  edit() {
    edit_ledger "$1"
    run_code 15 "$LICGEN" audit
    assert_stdout_has "$2"
    cp kept.db "$LICGEN_HOME/ledger.db"
  }
  edit "UPDATE tokens SET scopes = 'admin' WHERE name = 'reader'" "is not what was made"
  edit "UPDATE tokens SET expires_at = expires_at + 1 WHERE name = 'reader'" "is not what was made"
  edit "UPDATE tokens SET revoked_at = NULL WHERE name = 'gone'" "is not revoked as the history says"
  edit "DELETE FROM tokens WHERE name = 'gone'" "but not in the ledger"
  edit "INSERT INTO tokens SELECT 99, 'x' || id, 'y', 'z' || hash, scopes, created_at, expires_at, NULL, NULL FROM tokens WHERE name = 'reader'" "but not in the history"
  run_ok "$LICGEN" audit

  test_case "ledger copy takes the tokens along"
  run_ok "$LICGEN" ledger copy "sqlite:$LICGEN_HOME/ledger.db" sqlite:copy.db
  run_ok "$LICGEN" token list --json
  cp "$out" tokens.json
  run_ok "$LICGEN" --ledger sqlite:copy.db token list --json
  assert_same "$out" tokens.json
fi

finished
