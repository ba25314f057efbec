#!/usr/bin/env bash
# shellcheck disable=SC2016 # the statements are Python's
# The vendor API beyond single licenses: batches, signed licenses by the page, activation requests and receipts, usage
# statements, clock resets, reports and histories, revocation lists; each is what the command of licgen gives.
. "$(dirname "$0")/lib.sh"
at_a_desk
with_server
limits=(--address-limit 0 --license-limit 0 --token-limit 0)
run_ok "$LICGEN" init --catalog "$examples/ticketzero.json" --no-passphrase --quiet
with_tokens
serve --can-issue
L=/v1/vendor/licenses

test_case "scopes: who may do what"
client "def only(allowed, method, path, body=None):
    for name, t in (('read', '$reader'), ('issue', '$issuer'), ('change', '$changer'), ('revoke', '$revoker')):
        code = fetch(method, path, None if method == 'GET' else json.dumps(body or {}), {'Authorization': 'Bearer ' + t, 'Content-Type': 'application/json'})[0]
        assert (code == 403) == (name != allowed), (path, name, code)" \
  "id = '0' * 26
for path in ('/v1/vendor/report', '/v1/vendor/usage/list', '$L/export'): only('read', 'POST', path)
for path in ('history', 'activations/all'): only('read', 'GET', f'$L/{id}/{path}')
only('issue', 'POST', '$L/batch')
for path in ('/v1/vendor/activations', '/v1/vendor/receipts', '/v1/vendor/usage', f'$L/{id}/clock-reset'): only('change', 'POST', path)" \
  "for t in ('$reader', '$issuer', '$changer'): vendor(t, 'POST', '/v1/vendor/revocations', {}, wanted=403)"

test_case "batch: each row is a license, as licgen create makes it"
client "rows = [{'plan': 'professional', 'customer': 'ACME GmbH', 'email': 'ops@acme.example', 'order': 'PO-1', 'months': 6}, {'plan': 'starter', 'customer': 'Reseller', 'count': 3, 'note': 'by hand'}, {'plan': 'enterprise', 'customer': 'Initech', 'order': 'PO-2', 'seats': 9}]" \
  "made = vendor('$issuer', 'POST', '$L/batch', {'rows': rows, 'batch': 'autumn'}, wanted=201)" \
  "assert made['batch'] == 'autumn' and made['issued'] == 5 and [l['row'] for l in made['licenses']] == [0, 1, 1, 1, 2] and [l['key'] for l in made['licenses']] == made['keys'] and len(set(made['keys'])) == 5" \
  "listed = v('POST', '$L/list', {'batch': 'autumn'})['licenses']; assert [l['key'] for l in listed] == made['keys'] and [l['id'] for l in listed] == [l['id'] for l in made['licenses']]" \
  "one = v('GET', '$L/' + made['licenses'][0]['id']); assert one['batch'] == 'autumn' and one['license']['order'] == 'PO-1' and one['history'][0]['actor'] == 'token:issuer' and one['history'][0]['detail']['line'] == 1" \
  "open('first.txt', 'w').write(made['licenses'][0]['key'] + ' ' + made['licenses'][0]['id']); json.dump(rows, open('rows.json', 'w')); json.dump(made, open('made.json', 'w'))"
read -r first first_id <first.txt
run_ok "$LICGEN" show "$first"
assert_stdout_has "autumn"
run_ok "$LICGEN" audit

test_case "batch: sent again it is the same, and other rows under its name are refused"
client "rows = json.load(open('rows.json')); made = json.load(open('made.json'))" \
  "again = v('POST', '$L/batch', {'batch': 'autumn', 'rows': rows}, wanted=201); assert again['issued'] == 0 and again['licenses'] == made['licenses'] and again['keys'] == made['keys']" \
  "assert v('POST', '$L/batch', {'batch': 'autumn', 'rows': rows[:2]}, wanted=409)['error']['code'] == 'conflict'" \
  "e = v('POST', '$L/batch', {'rows': rows}, wanted=409)['error']; assert [f['row'] for f in e['faults']] == [0, 2] and all(f['member'] == '/order' and 'issued already' in f['message'] for f in e['faults'])" \
  "more = [{'plan': 'starter', 'customer': 'Twice'}]; one = v('POST', '$L/batch', {'rows': more}, wanted=201, key='b-1'); assert one['batch'] is None and v('POST', '$L/batch', {'rows': more}, wanted=201, key='b-1') == one" \
  "assert v('POST', '$L/batch', {'rows': more * 2}, wanted=422, key='b-1')['error']['code'] == 'idempotency-conflict'" \
  "assert len(v('POST', '$L/list', {'customer': 'twice'})['licenses']) == 1 and len(v('POST', '$L/list', {'batch': 'autumn'})['licenses']) == 5"
# The command knows the name, too.
printf 'plan,customer\nstarter,x\n' >rows.csv
run_code 5 "$LICGEN" create --from-csv rows.csv --batch autumn

test_case "batch: a bad row and nothing is issued, and every fault is named"
client "def no(status, code, body, *faults):
    e = v('POST', '$L/batch', body, wanted=status)['error']; assert e['code'] == code and [(f['row'], f['member']) for f in e.get('faults', [])] == list(faults), e" \
  "good = {'plan': 'starter', 'customer': 'Nobody'}" \
  "no(400, 'bad-request', {'rows': [good, {'plan': 'starter'}, {**good, 'seat': 5, 'seats': 0}, 7]}, (1, '/customer'), (2, '/seat'), (2, '/seats'), (3, None))" \
  "no(422, 'invalid', {'rows': [good, {**good, 'plan': 'gold'}, {**good, 'order': 'PO-9'}, {**good, 'order': 'PO-9'}, {**good, 'order': 'PO-1'}]}, (1, None), (3, '/order'), (4, '/order'))" \
  "for body in ({}, {'rows': []}, {'rows': {}}, {'rows': [good], 'bach': 'x'}, {'rows': [good], 'batch': ' '}, {'rows': [good], 'batch': 'x' * 201}, {'rows': [{**good, 'count': 1000}, good]}, {'rows': [{'plan': 'a', 'customer': 'b'}] * 1001}): no(400, 'bad-request', body)" \
  "assert v('POST', '$L/list', {'customer': 'nobody'})['licenses'] == []"
run_ok "$LICGEN" audit

test_case "batch: a thousand at once"
client "made = v('POST', '$L/batch', {'batch': 'many', 'rows': [{'plan': 'starter', 'customer': f'C{n}'} for n in range(1000)]}, wanted=201); assert made['issued'] == 1000" \
  "seen, after = [], None
while True:
    page = v('POST', '$L/export', {'batch': 'many', 'limit': 100, **({'after': after} if after else {})})
    seen += page['licenses']; after = page['next']
    if after is None: break
assert [l['key'] for l in seen] == made['keys']; assert verify(seen[7]['document'], 'license')['key'] == seen[7]['key'] and verify(seen[7]['document'], 'license')['customer']['name'] == 'C7'"

test_case "export: what licgen export writes"
client "v('POST', '$L/' + json.load(open('made.json'))['licenses'][4]['id'] + '/revoke', {'reason': 'test'})"
run_ok "$LICGEN" export --all --plan professional --out pro.jsonl
client "assert [l['document'] for l in v('POST', '$L/export', {'plan': 'professional'})['licenses']] == [json.loads(l) for l in open('pro.jsonl')]" \
  "assert len(v('POST', '$L/export', {'batch': 'autumn'})['licenses']) == 4 and len(v('POST', '$L/export', {'batch': 'autumn', 'status': 'revoked'})['licenses']) == 1" \
  "v('POST', '$L/export', {'limit': 101}, wanted=400); v('POST', '$L/export', {'after': 'x'}, wanted=400)"

test_case "create: seats that float, and what moves them"
client "made = v('POST', '$L', {'plan': 'starter', 'customer': 'F', 'floating': {'minutes': 10, 'borrow_days': 2}, 'seats': 2}, wanted=201); assert verify(made['licenses'][0]['document'], 'license')['floating'] == {'minutes': 10, 'borrow_days': 2}" \
  "made = v('POST', '$L', {'plan': 'starter', 'customer': 'T', 'transfers': {'max': 3, 'per': 'year'}}, wanted=201); id = made['licenses'][0]['id']; assert verify(made['licenses'][0]['document'], 'license')['transfers'] == {'max': 3, 'per': 'year'}" \
  "r = v('POST', f'$L/{id}/change', {'transfers': False}); assert r['changed'] and not verify(r['document'], 'license').get('transfers')" \
  "for bad in (True, {'minutes': 0}, {}, 'no'): v('POST', '$L', {'plan': 'starter', 'customer': 'F', 'floating': bad}, wanted=400)"

test_case "activation requests: answered as licgen sign-request does, and once"
run_ok "$LICCTL" --request-activation request.json --license-key "$first"
client "r = json.load(open('request.json')); a = vendor('$changer', 'POST', '/v1/vendor/activations', {'request': r})" \
  "assert a['key'] == '$first' and a['changed'] and a['taken'] == 1 and a['request'] == r['id']; terms = verify(a['answer'], 'license'); assert terms['activation']['request'] == r['id'] and len(terms['machines']) == 1" \
  "b = v('POST', '/v1/vendor/activations', {'request': open('request.json').read()}); assert not b['changed'] and b['answer'] == a['answer']" \
  "json.dump(a['answer'], open('answer.json', 'w')); json.dump(b, open('second.json', 'w')); h = v('GET', '$L/$first_id/history'); assert h['key'] == '$first' and h['history'][-1]['action'] == 'activate' and h['history'][-1]['actor'] == 'token:changer'"
run_ok "$LICGEN" sign-request request.json --json
assert_json '{k: v for k, v in d.items() if k != "files"} == json.load(open("second.json"))'
run_ok "$LICCTL" --apply-activation answer.json
run_ok "$LICCTL" --license-info --json
assert_json 'd["license_key"] == a[0] and d["status"] in ("valid", "expiring")' "$first"
run_ok "$LICGEN" activations "$first" --json
cp "$out" seats.json
client "assert v('GET', '$L/$first_id/activations') == json.load(open('seats.json'))"

test_case "activation requests: what is refused"
cat >forge.py <<'END'
import hashlib, json, sys
d = json.load(open(sys.argv[1]))
del d["check"]
for statement in sys.argv[3:]:
    exec(statement)
text = json.dumps(d, separators=(",", ":"))
d["check"] = hashlib.sha256(text.encode()).hexdigest()[:16]
print(json.dumps(d, separators=(",", ":")), file=open(sys.argv[2], "w"))
END
other() { run_ok "$python" forge.py request.json "$1" "d['facts'] = {'machine-id': '%016x' % $2, 'cpu': '00000000000000cc'}; d['id'] = '%032x' % $2" "${@:3}"; }
other foreign.json 1 "d['product'] = 'other'"
other changed.json 2 "d['id'] = json.load(open('request.json'))['id']"
other unknown.json 3 "d['key'] = '$first'[:-1] + ('0' if '$first'[-1] != '0' else '1')"
client "A = '/v1/vendor/activations'; load = lambda name: json.load(open(name))" \
  "def no(status, code, body): e = v('POST', A, body, wanted=status)['error']; assert e['code'] == code, e" \
  "no(400, 'bad-request', {}); no(400, 'bad-request', {'request': load('request.json'), 'x': 1}); no(422, 'invalid', {'request': {}}); no(422, 'invalid', {'request': 'LIC:1/2:00:x'}); no(422, 'invalid', {'request': load('foreign.json')}); no(409, 'conflict', {'request': load('changed.json')})" \
  "no(422, 'invalid', {'request': {**load('request.json'), 'id': '0' * 32}})"
run_ok "$LICGEN" activations "$first" --json
seats=$(json_get 'd["seats"]')
for n in $(seq 10 $((10 + seats - 1))); do other "m$n.json" "$n"; done
client "A = '/v1/vendor/activations'; outcomes = []
for n in range(10, 10 + $seats):
    status, _, text = fetch('POST', A, json.dumps({'request': json.load(open(f'm{n}.json'))}), {'Authorization': 'Bearer $admin', 'Content-Type': 'application/json'})
    outcomes.append((status, json.loads(text).get('error', {}).get('code')))
assert outcomes == [(200, None)] * ($seats - 1) + [(409, 'no-seat-left')], outcomes" \
  "assert v('GET', '$L/$first_id/activations')['taken'] == $seats" \
  "v('POST', A, {'request': json.load(open('m$((10 + seats - 1)).json'))}, wanted=409)"
run_ok "$LICGEN" audit

test_case "receipts: the seat is free, once, as licgen release --receipt does"
run_ok "$LICCTL" --deactivate-license --receipt receipt.json
run_ok "$python" forge.py receipt.json false.json "d['secret'] = 'ab' * 32"
client "R = '/v1/vendor/receipts'; r = json.load(open('receipt.json'))" \
  "for status, body in ((400, {}), (400, {'receipt': r, 'machine': 'x'}), (422, {'receipt': {**r, 'secret': 'ab' * 32}}), (422, {'receipt': json.load(open('false.json'))})): v('POST', R, body, wanted=status)" \
  "a = vendor('$changer', 'POST', R, {'receipt': r, 'reason': 'moved'}, key='r-1'); assert a['key'] == '$first' and a['changed'] and a['ended'][0]['ended_by'] == 'receipt' and len(a['changes']) >= 1; verify(a['document'], 'license')" \
  "assert vendor('$changer', 'POST', R, {'receipt': r, 'reason': 'moved'}, key='r-1') == a; vendor('$changer', 'POST', R, {'receipt': r}, wanted=422, key='r-1')" \
  "b = v('POST', R, {'receipt': open('receipt.json').read()}); assert not b['changed'] and b['ended'] == []" \
  "assert v('GET', '$L/$first_id/activations')['taken'] == $seats - 1; every = v('GET', '$L/$first_id/activations/all'); assert [x['ended_by'] for x in every['activations'] if x['ended_at']] == ['receipt']"
run_ok "$LICGEN" release --receipt receipt.json --json
assert_json 'd["changed"] is False'
run_ok "$LICGEN" activations "$first" --all --json
cp "$out" every.json
client "assert v('GET', '$L/$first_id/activations/all') == json.load(open('every.json'))" \
  "assert v('GET', '$L/$first_id/history')['history'] == v('GET', '$L/$first_id')['history']"
run_ok "$LICGEN" audit

test_case "usage statements: imported, known and refused, as licgen usage import does"
run_ok "$LICGEN" create --plan professional --customer Metered
export LICENSE_KEY LICENSE_ID
LICENSE_KEY=$(cat "$out")
run_ok "$LICGEN" show "$LICENSE_KEY" --json
LICENSE_ID=$(json_get 'd["license"]["id"]')
forge() { "$python" "$here/forge_usage.py" "$@" || fail "cannot forge $1"; }
forge usage.jsonl 7 1 3
forge other.jsonl 8 1 1
client "U = '/v1/vendor/usage'; s = [json.loads(l) for l in open('usage.jsonl')]; o = json.loads(open('other.jsonl').read())" \
  "gap = v('POST', U, {'statements': [s[1]]}); assert (gap['imported'], gap['refused']) == (0, 1) and gap['statements'][0]['error']['code'] == 'conflict'" \
  "a = vendor('$changer', 'POST', U, {'statements': [s[1], s[0], 'x']}); assert (a['imported'], a['known'], a['refused']) == (2, 0, 1), a" \
  "by = {x['index']: x for x in a['statements']}; assert by[2]['error']['code'] == 'invalid-input' and by[1]['statement'] == 1 and by[1]['new_device'] and by[0]['statement'] == 2" \
  "assert v('POST', U, {'statements': s})['known'] == 2 and v('POST', U, {'statements': s})['known'] == 3" \
  "assert v('POST', U, {'statements': [o], 'expect_keys': ['0000']})['statements'][0]['error']['code'] == 'untrusted'" \
  "r = v('POST', U, {'statements': [json.dumps(o)]}, key='u-1'); assert r['imported'] == 1 and v('POST', U, {'statements': [json.dumps(o)]}, key='u-1') == r" \
  "for body in ({}, {'statements': []}, {'statements': ['x'] * 101}, {'statements': o}, {'statements': [o], 'newkey': True}): v('POST', U, body, wanted=400)" \
  "h = v('GET', '$L/$LICENSE_ID/history')['history']; assert [x['actor'] for x in h if x['action'] == 'usage-import'] == ['token:changer'] * 2 + ['token:admin'] * 2"
run_ok "$LICGEN" usage import usage.jsonl other.jsonl --json
assert_json 'd["known"] == 4 and d["imported"] == 0'
run_ok "$LICGEN" usage list --json
cp "$out" usage.json
run_ok "$LICGEN" usage list --month 2026-12 --json
cp "$out" month.json
client "P = '/v1/vendor/usage/list'; all = v('POST', P); assert all == {'usage': json.load(open('usage.json'))['usage'], 'next': None} and len(all['usage']) == 1" \
  "assert v('POST', P, {'month': '2026-12'})['usage'] == json.load(open('month.json'))['usage']; assert v('POST', P, {'customer': 'acme*'})['usage'] == []" \
  "assert v('GET', '$L/$LICENSE_ID/usage') == all['usage'][0]; v('POST', P, {'month': 'soon'}, wanted=400); v('POST', P, {'limit': 101}, wanted=400)"
run_ok "$LICGEN" audit

test_case "reports: what licgen report gives"
for by in plan month customer status; do
  run_ok "$LICGEN" report --by "$by" --json
  cp "$out" "report-$by.json"
  run_ok "$LICGEN" report --by "$by" --from 2026-01-01 --to 2027-01-01 --top 3 --json
  cp "$out" "year-$by.json"
done
client "P = '/v1/vendor/report'
def same(a, b): a = dict(a); b = dict(b); b.pop('html', None); return {k: x for k, x in a.items() if k != 'to'} == {k: x for k, x in b.items() if k != 'to'}
for by in ('plan', 'month', 'customer', 'status'):
    assert same(v('POST', P, {'by': by}), json.load(open(f'report-{by}.json'))), by
    assert same(vendor('$reader', 'POST', P, {'by': by, 'from': '2026-01-01', 'to': '2027-01-01', 'top': 3}), json.load(open(f'year-{by}.json'))), by" \
  "assert v('POST', P)['by'] == 'plan'; v('POST', P, {'by': 'x'}, wanted=400); v('POST', P, {'top': 0}, wanted=400); v('POST', P, {'from': '30d'}, wanted=400); v('POST', P, {'from': '2026-02-01', 'to': '2026-01-01'}, wanted=422); v('POST', P, {'from': '2099-01-01'}, wanted=422)"

test_case "a report keeps neither machines nor changes waiting, and one too many is told to come again"
run_ok "$LICGEN" create --plan starter --customer Bulk --count 20000 --quiet
client 'import threading' "done, between = [], 0
auth = {'Authorization': 'Bearer $admin', 'Content-Type': 'application/json'}
def report(): done.append(fetch('POST', '/v1/vendor/report', '{}', auth)[:2])
threads = [threading.Thread(target=report) for _ in range(20)]; [t.start() for t in threads]
while any(t.is_alive() for t in threads):
    status = fetch('POST', '/v1/validate', json.dumps(request('validate', '$first', 1)))[0]; assert status == 200, status
    status = fetch('GET', '$L/$first_id', headers=auth)[0]; assert status == 200, status
    status = fetch('POST', '$L/$first_id/renew', json.dumps({'expires': '2099-01-01'}), auth)[0]; assert status == 200, status
    between += 1
assert between > 10, between
assert {s for s, _ in done} == {200, 503}, done
assert all('Retry-After' in h for s, h in done if s == 503)"

test_case "what was answered is seen by the next read"
client "for n in range(30):
    made = v('POST', '$L', {'plan': 'starter', 'customer': f'Seen {n}'}, wanted=201)['licenses'][0]
    assert v('GET', '$L/' + made['id'])['license']['key'] == made['key']
    assert v('POST', '$L/' + made['id'] + '/suspend')['changed'] and v('GET', '$L/' + made['id'])['status'] == 'suspended'"

test_case "revocation lists: the next one, signed, with all that is revoked"
client "r = vendor('$revoker', 'POST', '/v1/vendor/revocations', {'valid': '3d'}, key='l-1'); said = verify(r, 'revocations'); assert said['seq'] == 1 and len(said['entries']) == 1, said" \
  "assert vendor('$revoker', 'POST', '/v1/vendor/revocations', {'valid': '3d'}, key='l-1') == r; v('POST', '/v1/vendor/revocations', {'valid': 'x'}, wanted=400); v('POST', '/v1/vendor/revocations', {'until': '3d'}, wanted=400)" \
  "json.dump(r, open('list.json', 'w'))"
run_ok "$LICGEN" verify list.json
run_ok "$LICGEN" revocations export --out next.json
run_ok "$LICGEN" verify next.json --json
run_ok "$LICGEN" audit

test_case "clock resets: what licctl --apply-clock-reset takes"
run_ok "$LICGEN" create --plan professional --customer Ahead --expires 9y --out licenses --json
ahead=$(json_get 'd["keys"][0]')
run_ok "$LICGEN" show "$ahead" --json
ahead_id=$(json_get 'd["license"]["id"]')
rm -rf "$HOME/.ticketzero"
run_ok "$LICCTL" --activate-license "licenses/$ahead.json"
run_ok faketime -f "+900d" "$LICCTL" --license-info
run_code 17 "$LICCTL" --license-info
run_ok "$LICCTL" --clock-code
code=$(cat "$out")
client "C = '$L/$ahead_id/clock-reset'; r = vendor('$changer', 'POST', C, {'code': '$code'}); assert r['key'] == '$ahead' and r['remarks'] == []; json.dump(r['document'], open('reset.json', 'w'))" \
  "assert 'answered before' in v('POST', C, {'code': '$code'})['remarks'][0]; v('POST', C, {'code': 'x'}, wanted=422); v('POST', C, {}, wanted=400)" \
  "assert v('GET', '$L/$ahead_id/history')['history'][1]['action'] == 'clock-reset'"
run_ok "$LICCTL" --apply-clock-reset reset.json
run_ok "$LICCTL" --license-info
run_ok "$LICGEN" audit

test_case "SIGTERM: what was asked is answered"
client 'import threading, time' "done = []
def one(n): done.append(fetch('POST', '/v1/vendor/report' if n % 2 else '$L/list', '{}', {'Authorization': 'Bearer $admin', 'Content-Type': 'application/json'})[0])
threads = [threading.Thread(target=one, args=(n,)) for n in range(4)]; [t.start() for t in threads]; time.sleep(0.05); os.kill($server, 15); [t.join() for t in threads]; assert done == [200] * 4, done"
wait "$server"
status=$?
server=
[ "$status" -eq 0 ] || fail "the server ended with $status"

test_case "kill -9: a batch of which nobody saw the answer is issued once"
serve --can-issue
client 'import threading' "seen = {}
def body(n): return {'batch': f'kill-{n}', 'rows': [{'plan': 'starter', 'customer': 'Killed'}] * 100}
def run(n):
    try: seen[n] = v('POST', '$L/batch', body(n), wanted=201)
    except (OSError, http.client.HTTPException, ValueError): pass
threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]; [t.start() for t in threads]
while not seen: pass
os.kill($server, 9); [t.join() for t in threads]; json.dump(seen, open('seen', 'w'))"
{ wait "$server"; } 2>/dev/null
serve --can-issue
client "seen = json.load(open('seen'))
for n in range(8):
    again = v('POST', '$L/batch', {'batch': f'kill-{n}', 'rows': [{'plan': 'starter', 'customer': 'Killed'}] * 100}, wanted=201)
    assert again['issued'] in (0, 100) and (str(n) not in seen or (again['issued'] == 0 and again['licenses'] == seen[str(n)]['licenses'])), n" \
  "assert len(v('POST', '$L/list', {'customer': 'killed', 'limit': 1000})['licenses']) == 800"
stop TERM 0
run_ok "$LICGEN" audit

test_case "without --can-issue what needs no key goes on"
serve
client "def no(path, body): assert v('POST', path, body, wanted=403)['error']['code'] == 'cannot-issue', path" \
  "no('$L/batch', {'rows': [{'plan': 'starter', 'customer': 'x'}]}); no('/v1/vendor/revocations', {}); no('/v1/vendor/receipts', {'receipt': json.load(open('receipt.json'))}); no('$L/$ahead_id/clock-reset', {'code': '$code'})" \
  "assert not v('POST', '/v1/vendor/activations', {'request': json.load(open('m10.json'))})['changed']; no('/v1/vendor/activations', {'request': json.load(open('m$((10 + seats - 1)).json'))})" \
  "v('POST', '/v1/vendor/report'); assert v('POST', '/v1/vendor/usage', {'statements': [json.loads(l) for l in open('usage.jsonl')]})['known'] == 3"
stop TERM 0
run_ok "$LICGEN" audit

finished
