#!/usr/bin/env bash
# shellcheck disable=SC2154 # some names are assigned by printf -v
# The offline exchange: licctl --request-activation, licgen sign-request, licctl
# --apply-activation, licctl --deactivate-license --receipt, licgen release; and QR codes.
. "$(dirname "$0")/lib.sh"
at_a_desk
state=$HOME/.ticketzero/license

# new NAME ARGS...: issues a license and puts its key into $NAME.
new() {
  local name=$1
  shift
  run_ok "$LICGEN" create --customer ACME "$@"
  printf -v "$name" %s "$(cat "$out")"
}
# request FILE KEY ARGS...: this machine's request.
request() {
  local file=$1 key=$2
  shift 2
  run_ok "$LICCTL" --request-activation "$file" --license-key "$key" "$@"
}
# forge FROM TO [STATEMENT...]: a request or receipt with its check made anew; `d` is the document.
forge() {
  "$python" - "$@" <<'END' || fail "cannot forge $2"
import hashlib, json, sys
d = json.load(open(sys.argv[1]))
del d["check"]
for statement in sys.argv[3:]:
    exec(statement)
text = json.dumps(d, separators=(",", ":"))
d["check"] = hashlib.sha256(text.encode()).hexdigest()[:16]
print(json.dumps(d, separators=(",", ":")), file=open(sys.argv[2], "w"))
END
}
# garble FROM TO MEMBER: one hex digit changed after the name of that member.
garble() {
  "$python" - "$@" <<'END'
import re, sys
d = open(sys.argv[1]).read()
at = re.search('"%s":.*?"(?=[0-9a-f]{16})' % sys.argv[3], d).end()
open(sys.argv[2], "w").write(d[:at] + ("0" if d[at] != "0" else "1") + d[at + 1:])
END
}
# machine N: a statement that makes a request that of the N-th machine, which does not exist.
machine() { echo "d['facts']={'machine-id': '%016x' % (${1} + 1000), 'cpu': '00000000000000cc'}; d['id']='%032x' % (${1} + 77)"; }
fingerprints() { run_ok "$LICGEN" activations "$1" --json; json_get '" ".join(a["machine"] for a in d["activations"])'; }
# taken KEY N: so many seats are taken.
taken() {
  run_ok "$LICGEN" activations "$1" --json
  assert_json 'd["taken"] == int(a[0])' "$2"
}
# serial KEY N
serial() {
  run_ok "$LICGEN" show "$1" --json
  assert_json 'd["license"]["serial"] == int(a[0])' "$2"
}
# info CODE: what --license-info says, with the status in $1's words.
info() { run_code "$1" "$LICCTL" --license-info --json; }
fresh_user() { rm -rf "$HOME" && mkdir -p "$HOME"; }
whole() { run_ok "$LICGEN" audit; }
scan() { zbarimg --raw -q "$@" 2>/dev/null; }

run_ok "$LICGEN" init --catalog "$examples/ticketzero.json" --no-passphrase --quiet
run_ok "$LICGEN" product export --out product.json

test_case "request: written, and given out again"
new key --plan professional
run_ok "$LICCTL" --request-activation request.json --license-key "$key"
assert_stdout_empty
assert_stderr_has "written to 'request.json'"
assert_stderr_has "licgen sign-request"
[ "$(wc -l <request.json)" -eq 1 ] || fail "a request is a line"
info 10 # nothing is active by asking
cp request.json first.json
request request.json "$key" --json
assert_json 'd["made"] is False and d["license_key"] == a[0] and d["files"] == ["request.json"] and len(d["request"]) == 32 and d["machine_id"].startswith("M1-")' "$key"
assert_same request.json first.json
run_ok "$LICCTL" --request-activation - --license-key "$(tr '[:upper:]' '[:lower:]' <<<"$key" | tr -d -)" --quiet
assert_same "$out" first.json
assert_stderr_empty
echo "another file" >other.json
run_code 5 "$LICCTL" --request-activation other.json --license-key "$key"
assert_stderr_has "--force replaces it"
[ "$(cat other.json)" = "another file" ] || fail "a file was overwritten"
new key2 --plan starter
run_code 5 "$LICCTL" --request-activation request.json --license-key "$key2"
request again.json "$key" # the one for the other key still waits
assert_same again.json first.json
request request.json "$key" --force
! cmp -s request.json first.json || fail "--force makes another request"
mv request.json first.json

test_case "request: what is refused"
run_code 2 "$LICCTL" --request-activation x.json
assert_stderr_has "--license-key KEY"
run_code 2 "$LICCTL" --request-activation - --license-key "$key" --json
run_code 2 "$LICCTL" --request-activation - --license-key "$key" --qr -
run_code 2 "$LICCTL" --request-activation x.json --license-key "$key" --qr x.jpg
run_code 2 "$LICCTL" --request-activation x.json --license-key "$key" --qr - --json
run_code 2 "$LICCTL" --license-info --license-key "$key"
run_code 2 "$LICCTL" --license-info --qr x.png
run_code 2 "$LICCTL" --deactivate-license --force
run_code 2 "$LICCTL" --license-info --receipt x.json
run_code 2 "$LICCTL" --apply-activation x.json --license-file y.json
run_code 3 "$LICCTL" --request-activation x.json --license-key TZ-PRO-AAAA-AAAA-AAAA-AAAA
run_code 3 "$LICCTL" --request-activation x.json --license-key TZ
run_code 4 "$LICCTL" --request-activation nowhere/x.json --license-key "$key"
assert_absent x.json
assert_absent x.png
run_code 4 "$LICCTL" --apply-activation x.json
run_code 10 "$LICCTL" --deactivate-license --receipt x.json
run_code 4 "$LICCTL" --deactivate-license --receipt x.json --license-key "$key"
assert_absent x.json

test_case "sign-request: a seat, an answer, and the same answer again"
run_ok "$LICGEN" sign-request first.json --out answer.json
assert_stdout_empty
assert_stderr_has "activated, serial 2, 1 of 3 seats taken"
assert_stderr_has "from now on the files of this license name the machines"
serial "$key" 2
run_ok "$LICGEN" sign-request first.json --out answer.json --quiet
assert_stderr_empty
input=first.json run_ok "$LICGEN" sign-request - --quiet
assert_same "$out" answer.json
run_ok "$LICGEN" sign-request first.json --json
assert_json 'd["changed"] is False and d["serial"] == 2 and d["seats"] == 3 and d["taken"] == 1 and d["files"] == [] and d["key"] == a[0]' "$key"
json_get 'json.dumps(d["answer"], separators=(",", ":"))' >scratch.json
"$python" -c 'import json,sys; sys.exit(json.load(open("scratch.json")) != json.load(open("answer.json")))' || fail "another answer"
echo other >there.json
run_code 5 "$LICGEN" sign-request first.json --out there.json
serial "$key" 2
taken "$key" 1
run_ok "$LICGEN" show "$key" --json
assert_json '[h["action"] for h in d["history"]] == ["create", "activate"] and len(d["activations"]) == 1 and list(d["activations"][0]) == ["machine", "at", "serial", "request", "ended_at", "ended_by"]'
assert_json 'd["activations"][0]["machine"] == a[0] and len(d["license"]["machines"]) == 1 and "activation" not in d["license"]' "$("$LICCTL" --machine-id)"
assert_json 'd["history"][1]["detail"]["sha256"] != d["history"][1]["detail"]["answer_sha256"]'
run_ok "$LICGEN" list --json
assert_json '[l["activations"] for l in d["licenses"] if l["key"] == a[0]] == [1]' "$key"
run_ok "$LICGEN" show "$key"
assert_stdout_has "machines      1 named"
run_ok "$LICGEN" report
assert_stdout_has "activations: 1 machine of 1 license, at most 1 of one"
run_ok "$LICGEN" verify answer.json --json
assert_json 'd["verdict"] == "valid" and d["serial"] == 2'
whole

test_case "sign-request: what is refused, and changes nothing"
garble first.json altered.json facts
run_code 3 "$LICGEN" sign-request altered.json
assert_stderr_has "altered, or copied wrongly"
assert_stdout_empty
forge first.json altered.json 'd["facts"]["cpu"] = "00000000000000cc"'
run_code 5 "$LICGEN" sign-request altered.json --json
assert_json_error conflict 5
forge first.json altered.json 'd["receipt_hash"] = "ab" * 32'
run_code 5 "$LICGEN" sign-request altered.json
forge first.json altered.json "$(machine 1)" 'd["product"] = "tensorpack"'
run_code 15 "$LICGEN" sign-request altered.json
forge first.json altered.json "$(machine 1)" 'd["key"] = "TZ-PRO-7K3M-9QXA-R2VD-5R28"'
run_code 4 "$LICGEN" sign-request altered.json
forge first.json altered.json "$(machine 1)" 'd["key"] = d["key"].lower()'
run_code 3 "$LICGEN" sign-request altered.json
forge first.json altered.json "$(machine 1)" 'd["facts"] = {"cpu": "00000000000000cc"}'
run_code 3 "$LICGEN" sign-request altered.json
assert_stderr_has "cannot be told from others"
for facts in '{"astrology": "0000000000000001", "machine-id": "0000000000000001"}' '{"machine-id": "1"}' '{}' '[]' \
  '{"machine-id": ["0000000000000002", "0000000000000001"]}' '{"machine-id": "XX00000000000001"}'; do
  forge first.json altered.json "$(machine 1)" "d['facts'] = $facts"
  run_code 3 "$LICGEN" sign-request altered.json
done
forge first.json altered.json 'd["v"] = 2'
run_code 3 "$LICGEN" sign-request altered.json
assert_stderr_has "newer version"
run_code 3 "$LICGEN" sign-request answer.json
assert_stderr_has "is a signed document, not an activation-request"
run_code 3 "$LICGEN" sign-request product.json
: >empty.json
run_code 3 "$LICGEN" sign-request empty.json
run_code 4 "$LICGEN" sign-request not-there.json
run_code 2 "$LICGEN" sign-request first.json --out - --json
new dead --plan starter
forge first.json dead.json "$(machine 1)" "d['key'] = '$dead'"
run_ok "$LICGEN" suspend "$dead" --quiet
run_code 13 "$LICGEN" sign-request dead.json --json
assert_json_error suspended 13
run_ok "$LICGEN" reinstate "$dead" --quiet
run_ok "$LICGEN" sign-request dead.json --quiet
run_ok "$LICGEN" revoke "$dead" --reason fraud --quiet
run_code 12 "$LICGEN" sign-request dead.json
assert_stdout_empty
new future --plan starter --starts 2090-01-01
forge first.json dead.json "$(machine 2)" "d['key'] = '$future'"
run_code 16 "$LICGEN" sign-request dead.json
new past --plan starter --starts 2020-01-01 --expires 2020-06-01
forge first.json dead.json "$(machine 2)" "d['key'] = '$past'"
run_code 11 "$LICGEN" sign-request dead.json
taken "$past" 0
serial "$key" 2
whole

test_case "apply: only here, and only for the request that waits"
info 10
new unbound --plan starter --out files
run_code 3 "$LICCTL" --apply-activation "files/$unbound.json"
assert_stderr_has "not the answer to a request"
run_code 3 "$LICCTL" --apply-activation first.json
assert_stderr_has "is a request, not the vendor's answer"
forge first.json away.json "$(machine 3)"
run_ok "$LICGEN" sign-request away.json --out away-answer.json
run_code 14 "$LICCTL" --apply-activation away-answer.json
"$python" - <<'END'
d = open("answer.json").read()
at = d.index('"payload":"') + 40
open("answer-altered.json", "w").write(d[:at] + ("A" if d[at] != "A" else "B") + d[at + 1:])
END
run_code 15 "$LICCTL" --apply-activation answer-altered.json
request another.json "$key" --force # the answer at hand is no longer the one that is waited for
run_code 5 "$LICCTL" --apply-activation answer.json
assert_stderr_has "answers another request"
run_code 5 "$LICCTL" --activate-license ./answer.json
info 10
run_ok "$LICGEN" sign-request another.json --out another-answer.json
assert_stderr_has "2 of 3 seats taken" # the same machine, the same seat
# Someone on the way replaced the hash of the receipt.
request mitm.json "$key" --force
forge mitm.json mitm2.json 'd["receipt_hash"] = "ab" * 32'
run_ok "$LICGEN" sign-request mitm2.json --out mitm-answer.json
run_code 15 "$LICCTL" --apply-activation mitm-answer.json
assert_stderr_has "altered"
info 10
request request.json "$key" --force
run_ok "$LICGEN" sign-request request.json --out answer.json --force
taken "$key" 2
run_ok "$LICCTL" --apply-activation answer.json
assert_stdout_has "activated $key"
info 0
assert_json 'd["license_key"] == a[0] and d["source"] == "offline"' "$key"
run_ok "$LICCTL" --apply-activation answer.json --json
assert_json 'd["status"] == "valid"'
run_ok "$LICCTL" --activate-license "$key"
run_code 5 "$LICCTL" --apply-activation another-answer.json
run_ok "$LICCTL" --deactivate-license # keeps the seat
assert_stderr_has "seat stays taken"
run_ok "$LICCTL" --activate-license "$key"
# What the vendor renews names this machine, and counts here; the answer is then older.
run_ok "$LICGEN" renew "$key" --months 1 --out renewed --quiet
cp "renewed/$key.json" "$state/$key.json"
info 0
run_code 5 "$LICCTL" --apply-activation answer.json
assert_stderr_has "serial"
whole

test_case "deactivate with a receipt: the license does not come back"
cp -a "$HOME/.ticketzero" saved
run_code 5 "$LICCTL" --deactivate-license --receipt there.json
info 0
run_ok "$LICCTL" --deactivate-license --receipt receipt.json
assert_stdout "gave back the seat of $key"
assert_mode receipt.json 600
info 10
cp receipt.json receipt1.json
run_ok "$LICCTL" --deactivate-license --receipt receipt.json --json
assert_json 'd["changed"] is False and d["status"] == "no-license" and d["files"] == ["receipt.json"]'
assert_same receipt.json receipt1.json
run_ok "$LICCTL" --deactivate-license --receipt - --quiet
assert_same "$out" receipt1.json
refuses_to_come_back() {
  run_code 5 "$LICCTL" --activate-license ./answer.json
  assert_stderr_has "given back"
  run_code 5 "$LICCTL" --apply-activation answer.json
  run_code 5 "$LICCTL" --activate-license "./renewed/$key.json"
  run_code 10 "$LICCTL" --license-info --license-file answer.json
  run_code 10 "$LICCTL" --license-info --license-file "renewed/$key.json"
  info 10
}
refuses_to_come_back
run_code 5 "$LICCTL" --activate-license "$key" # its file is still there
rm -r "$HOME/.ticketzero"
refuses_to_come_back
cp -a saved/. "$HOME/.ticketzero"
cp "renewed/$key.json" "$state/$key.json"
info 10
assert_stderr_has "given back"
refuses_to_come_back
# As after a death between the mark and the state: the next call ends what was begun.
cp -a saved/. "$HOME/.ticketzero"
run_ok "$LICCTL" --deactivate-license --receipt receipt2.json
"$python" - <<'END' || fail "another receipt"
import json
a, b = (json.load(open(f)) for f in ("receipt1.json", "receipt2.json"))
assert a["id"] == b["id"] and a["secret"] == b["secret"]
END
info 10

test_case "without HOME nothing is given back, since it could not be marked"
new homeless --plan starter
run_ok env -u HOME "$LICCTL" --state-dir s --request-activation homeless.json --license-key "$homeless"
run_ok "$LICGEN" sign-request homeless.json --out homeless-answer.json --quiet
run_ok env -u HOME "$LICCTL" --state-dir s --apply-activation homeless-answer.json
run_code 1 env -u HOME "$LICCTL" --state-dir s --deactivate-license --receipt homeless-receipt.json
assert_absent homeless-receipt.json
run_ok env -u HOME "$LICCTL" --state-dir s --license-info

test_case "release by receipt: once, and never for another"
taken "$key" 2
forge receipt1.json bad.json 'd["secret"] = "00" * 32'
run_code 15 "$LICGEN" release --receipt bad.json
assert_stderr_has "not genuine"
garble receipt1.json bad.json secret
run_code 3 "$LICGEN" release --receipt bad.json
forge receipt1.json bad.json 'd["key"] = "TZ-PRO-7K3M-9QXA-R2VD-5R28"'
run_code 4 "$LICGEN" release --receipt bad.json
forge receipt1.json bad.json "d['key'] = '$unbound'"
run_code 15 "$LICGEN" release --receipt bad.json
forge receipt1.json bad.json 'd["product"] = "tensorpack"'
run_code 15 "$LICGEN" release --receipt bad.json
forge receipt1.json bad.json 'd["id"] = "00" * 16'
run_code 4 "$LICGEN" release --receipt bad.json
run_code 3 "$LICGEN" release --receipt request.json
run_code 3 "$LICGEN" release "$unbound" --receipt receipt1.json
run_code 2 "$LICGEN" release "$key"
run_code 2 "$LICGEN" release --machine M1-06CP
run_code 2 "$LICGEN" release "$key" --machine M1-06CP --receipt receipt1.json
taken "$key" 2
run_ok "$LICGEN" release --receipt receipt1.json --json
assert_json 'd["changed"] is True and [(e["ended_by"], e["request"]) for e in d["ended"]] == [("receipt", json.load(open("receipt1.json"))["id"])] and d["changes"] == [{"member": "machines", "before": "2 machines", "after": "1 machine"}]'
taken "$key" 1
input=receipt1.json run_ok "$LICGEN" release "$key" --receipt -
assert_stdout_has "the receipt was used already"
assert_stdout_has "$(date -u +%Y)"
taken "$key" 1
run_code 5 "$LICGEN" sign-request request.json
assert_stderr_has "given back by receipt"
# The machine comes back by a new request; the old receipt frees nothing any more.
request back.json "$key"
run_ok "$LICGEN" sign-request back.json --out back-answer.json
run_ok "$LICCTL" --apply-activation back-answer.json
info 0
taken "$key" 2
run_ok "$LICGEN" release --receipt receipt1.json --json
assert_json 'd["changed"] is False and d["ended"] == []'
taken "$key" 2
run_ok "$LICCTL" --activate-license "./back-answer.json"
run_code 5 "$LICCTL" --apply-activation answer.json
run_ok "$LICGEN" renew "$key" --months 1 --out renewed --quiet
run_ok "$LICCTL" --activate-license "./renewed/$key.json" # the license counts here again
run_ok "$LICGEN" activations "$key" --all --json
assert_json '[e["ended_by"] for e in d["activations"]] == ["request", None, "request", "request", "receipt", None]'
run_ok "$LICGEN" activations "$key"
assert_stderr_has "2 of 3 seats taken"
assert_lines 3
whole

test_case "a machine that was named and made no request is released once as well"
run_ok "$LICCTL" --machine-id
named_id=$(cat "$out")
run_ok "$LICGEN" create --plan starter --customer Named --seats 2 --machine "$named_id"
named=$(cat "$out")
run_ok "$LICGEN" release "$named" --machine "$named_id"
run_ok "$LICGEN" release "$named" --machine "$named_id" --json
assert_json 'd["changed"] is False and d["serial"] == 2'
run_ok "$LICGEN" release "$named" --machine "${named_id:0:12}"
assert_stdout_has "has no seat of that machine any more: it was released on"

test_case "release by machine: its id, or the beginning of it"
fingerprints "$key" >ids
read -r away here_id <ids
run_code 4 "$LICGEN" release "$key" --machine M1-06768-KM0YN-NHMQ0-23CHX-WBCPA-C91C1-85Z7Y-YHK02-H670D-EYF0F-XGAXW-G3BN9-6
run_code 3 "$LICGEN" release "$key" --machine x
run_code 5 "$LICGEN" release "$key" --machine M1-0
assert_stderr_has "2 machines begin so"
run_code 3 "$LICGEN" release "$key" --machine ''
run_ok "$LICGEN" release "$key" --machine "${away:0:20}" --reason "scrapped"
assert_stdout_has "machines: 2 machines -> 1 machine"
run_ok "$LICGEN" release "$key" --machine "${away:0:20}" --json
assert_json 'd["changed"] is False'
run_ok "$LICGEN" release "$key" --machine "$here_id" --out released --quiet
taken "$key" 0
# No machine is not any machine.
run_code 14 "$LICCTL" --license-info --license-file "released/$key.json"
run_ok "$LICGEN" show "$key"
assert_stdout_has "machines      0 named"
run_code 5 "$LICGEN" sign-request back.json
run_ok "$LICCTL" --deactivate-license --receipt late.json
run_ok "$LICGEN" release --receipt late.json
assert_stdout_has "released on"
whole

test_case "seats: those named by the vendor count, and there are never more than there are"
new one --plan starter --seats 2 --machine "$here_id"
forge first.json m.json "$(machine 10)" "d['key'] = '$one'"
run_ok "$LICGEN" sign-request m.json --quiet
taken "$one" 2
run_ok "$LICGEN" activations "$one" --json
assert_json 'd["named"] == [a[0]] and len(d["activations"]) == 1' "$here_id"
forge first.json m.json "$(machine 11)" "d['key'] = '$one'"
run_code 18 "$LICGEN" sign-request m.json --json
assert_json_error no-seat-left 18
request here.json "$one" --force
run_ok "$LICGEN" sign-request here.json --json # it is one of those named
assert_json 'd["taken"] == 2'
run_code 5 "$LICGEN" change "$one" --any-machine
run_code 5 "$LICGEN" change "$one" --machine "$away"
run_code 3 "$LICGEN" change "$one" --seats 1
run_ok "$LICGEN" change "$one" --seats 3 --quiet
new crowd --plan starter --seats 3
for i in 1 2 3 4 5 6 7 8; do
  forge first.json "crowd$i.json" "$(machine $((20 + i)))" "d['key'] = '$crowd'"
  ("$LICGEN" sign-request "crowd$i.json" --out "crowd-answer$i.json" >/dev/null 2>&1 </dev/null; echo $? >"crowd-code$i") &
done
wait
[ "$(sort crowd-code* | uniq -c | tr -s ' \n' ' ')" = " 3 0 5 18 " ] || fail "not three seats: $(cat crowd-code*)"
taken "$crowd" 3
serial "$crowd" 4
whole

test_case "killed at any moment: nothing half done"
new killed --plan starter --seats 50
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
  forge first.json k.json "$(machine $((40 + i)))" "d['key'] = '$killed'"
  "$LICGEN" sign-request k.json --out "k$i.json" >/dev/null 2>&1 </dev/null &
  victim=$!
  sleep "0.00$i"
  kill -9 $victim 2>/dev/null
  wait $victim 2>/dev/null
  run_ok "$LICGEN" sign-request k.json --out "k$i.json"
  taken "$killed" "$i"
done
serial "$killed" 13
whole

for i in 1 2 3 4 5 6; do # the client, while it gives its seat back
  request "kr$i.json" "$killed"
  run_ok "$LICGEN" sign-request "kr$i.json" --out "ka$i.json" --quiet
  run_ok "$LICCTL" --apply-activation "ka$i.json"
  "$LICCTL" --deactivate-license --receipt "kd$i.json" >/dev/null 2>&1 </dev/null &
  victim=$!
  sleep "0.000$((i * 4))"
  kill -9 $victim 2>/dev/null
  wait $victim 2>/dev/null
  run_ok "$LICCTL" --deactivate-license --receipt "kd$i.json"
  info 10
  run_ok "$LICGEN" release --receipt "kd$i.json" --json
  assert_json 'd["changed"] is True'
  taken "$killed" 12
done
whole

test_case "a license for no machine, until one takes a seat"
run_code 2 "$LICGEN" create --customer ACME --plan starter --machine none --machine "$here_id"
new nobody --plan starter --seats 2 --machine none --out nobody
run_code 14 "$LICCTL" --activate-license "./nobody/$nobody.json"
taken "$nobody" 0
request nobody.json "$nobody"
run_ok "$LICGEN" sign-request nobody.json --out nobody-answer.json
assert_stderr_lacks "from now on"
run_ok "$LICCTL" --apply-activation nobody-answer.json
info 0
taken "$nobody" 1
run_ok "$LICCTL" --deactivate-license --receipt nobody-receipt.json
run_ok "$LICGEN" release --receipt nobody-receipt.json --quiet

only_in_a_file
test_case "audit: activations altered by hand are noticed"
db=h/ledger.db
tampered() {
  local wanted=$1 sql=$2
  cp "$db" saved.db
  "$python" - "$db" "$sql" <<'END' || fail "cannot tamper: $sql"
import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
triggers = c.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
for name, _ in triggers: c.execute("DROP TRIGGER " + name)
c.executescript(sys.argv[2])
for _, sql in triggers: c.execute(sql)
c.commit()
END
  run_code 15 "$LICGEN" audit
  assert_stdout_has "$wanted"
  mv saved.db "$db"
}
row="(SELECT number FROM activations WHERE ended_at IS NULL LIMIT 1)"
tampered "was altered" "UPDATE activations SET machine = machine || 'X' WHERE number = $row"
tampered "was altered" "UPDATE activations SET receipt_hash = 'ab' WHERE number = $row"
tampered "was altered" "UPDATE activations SET answer = 'x' WHERE number = $row"
tampered "has not the end" "UPDATE activations SET ended_at = 5, ended_by = 'receipt' WHERE number = $row"
tampered "has not the end" "UPDATE activations SET ended_at = NULL, ended_by = NULL WHERE ended_by = 'receipt'"
tampered "but not in the ledger" "DELETE FROM activations WHERE number = $row"
tampered "is not in the history" "INSERT INTO activations (license, request, request_digest, receipt_hash, machine, serial, answer, activated_at) SELECT license, 'new', request_digest, receipt_hash, machine, serial, answer, activated_at FROM activations WHERE number = $row"
tampered "of no license" "INSERT INTO activations (license, request, request_digest, receipt_hash, machine, serial, answer, activated_at) SELECT 99999, 'new', request_digest, receipt_hash, machine, serial, answer, activated_at FROM activations WHERE number = $row"
whole
sqlite3 "$db" "DELETE FROM activations" 2>"$err" && fail "activations can be deleted"
sqlite3 "$db" "UPDATE activations SET machine = 'x'" 2>"$err" && fail "activations can be changed"

test_case "QR codes: the whole exchange from what was scanned"
command -v zbarimg >/dev/null || fail "zbarimg is not installed (zbar-tools)"
fresh_user
new scanned --plan professional
request request-qr.json "$scanned" --qr request.png
assert_file request.png
scan request.png >request.txt
assert_same request.txt request-qr.json
request request-qr.json "$scanned" --qr request.png # the same once more
echo other >taken.png
run_code 5 "$LICCTL" --request-activation request-qr.json --license-key "$scanned" --qr taken.png
input=request.txt run_ok "$LICGEN" sign-request - --qr answer.png --out answer-qr.json
assert_stderr_has "takes 2 codes"
assert_absent answer.png
scan answer-2.png answer-1.png >answer.txt
[ "$(wc -l <answer.txt)" -eq 2 ] || fail "two codes"
head -n 1 answer.txt >part.txt
run_code 3 "$LICCTL" --apply-activation part.txt
assert_stderr_has "lacks piece 1 of 2"
sed '1s/.$/!/' answer.txt >part.txt
run_code 3 "$LICCTL" --apply-activation part.txt
{ cat answer.txt && sed 's/:2:\|\/2:/\/3:/' answer.txt; } >part.txt
run_code 3 "$LICCTL" --apply-activation part.txt
cat answer.txt answer.txt >part.txt # twice scanned is no fault
input=part.txt run_ok "$LICCTL" --apply-activation -
info 0
run_ok "$LICCTL" --deactivate-license --receipt receipt-qr.json --qr receipt.png
scan receipt.png >receipt.txt
input=receipt.txt run_ok "$LICGEN" release --receipt -
taken "$scanned" 0
whole

test_case "QR codes in a terminal can be read"
# picture INK: the characters on stdout as a picture of that ink.
picture() {
  "$python" - "$out" "$1" >drawn.pgm <<'END'
import re, sys
text = open(sys.argv[1], encoding="utf-8").read()
rows = []
for line in text.splitlines():
    line = re.sub(r"\x1b\[[0-9;]*m", "", line)
    rows.append([c in "\u2580\u2588" for c in line])
    rows.append([c in "\u2584\u2588" for c in line])
full = sys.argv[2] == "dark"  # whether the characters are the dark squares
print("P2", 4 * len(rows[0]), 4 * len(rows), 255)
for row in rows:
    for _ in range(4):
        print(" ".join(("0" if square == full else "255") for square in row for _ in range(4)))
END
}
request shown.json "$scanned" --qr - --quiet
picture dark
scan drawn.pgm | cmp -s - shown.json || fail "the code drawn cannot be read"
request shown.json "$scanned" --qr - --qr-invert --quiet
picture light
scan drawn.pgm | cmp -s - shown.json || fail "the inverted code cannot be read"
request shown.json "$scanned" --qr - --color always --quiet
grep -q $'\033\[38;5;16;48;5;231m' "$out" || fail "no colors"
picture dark
scan drawn.pgm | cmp -s - shown.json || fail "the colored code cannot be read"
run_ok "$LICGEN" sign-request shown.json --qr -
assert_stdout_has "code 1 of 2"
assert_stdout_lacks payload

finished
