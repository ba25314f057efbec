#!/usr/bin/env bash
# licgen: create, with every option, and the signatures of what it makes.
. "$(dirname "$0")/lib.sh"
: "${LICGEN:?the licgen to test}"
here=$(cd "$(dirname "$0")" && pwd)
cd "$work" || exit 1
# A product that has a plan of every kind.
"$python" - "$here/../../docs/examples/ticketzero.json" >catalog.json <<'END'
import json, sys
d = json.load(open(sys.argv[1]))
d["plans"] += [{"id": "academic", "name": "Academic", "code": "ACA", "kind": "academic", "months": 12, "email_domains": [".edu"]},
               {"id": "bound", "name": "Bound", "code": "BND", "kind": "subscription", "months": 1, "machine_bound": True},
               {"id": "lifetime", "name": "Lifetime", "code": "LIFE", "kind": "perpetual"}]
json.dump(d, sys.stdout)
END
LICGEN_HOME=$work/h
export LICGEN_HOME
run_ok "$LICGEN" init --catalog catalog.json --no-passphrase --quiet
fingerprint=M1-06768-KM0YN-NHMQ0-23CHX-WBCPA-C91C1-85Z7Y-YHK02-H670D-EYF0F-XGAXW-G3BN9-6
fingerprint2=M1-05CZX-HRFF9-WTNXG-2QBZG-2P45K-NDCR1-EW39B-NCFHZ-KBJ0D-SK3QP-PTKHB-YM3BQ-R

count() { "$LICGEN" list --format jsonl | wc -l; }
# nothing_issued N: the ledger still holds N licenses, and stdout says nothing.
nothing_issued() {
  assert_stdout_empty
  [ "$(count)" -eq "$1" ] || fail "something was issued"
}
# issued_license ARGS...: issues one, and leaves its document (show --json) in $out.
issued_license() {
  run_ok "$LICGEN" create "$@"
  key=$(cat "$out")
  run_ok "$LICGEN" show "$key" --json
}

test_case "one license of a plan"
run_ok "$LICGEN" create --plan professional --customer "ACME GmbH"
assert_lines 1
assert_stderr_empty
key=$(cat "$out")
[[ $key =~ ^TZ-PRO(-[0-9A-HJKMNP-TV-Z]{4}){4}$ ]] || fail "no key: $key"
run_ok "$LICGEN" show "$key" --json
assert_json 'list(d) == ["license","status","activations","usage","history","note","batch","revoked"]'
assert_json 'd["status"] == "valid" and d["activations"] == [] and d["revoked"] is None'
assert_json 'list(d["license"]) == ["v","id","serial","product","key","plan","kind","customer","issued_at","starts_at","expires_at","grace_days","maintenance_until","features","limits","seats","machines","order","metadata"]'
assert_json 'd["license"]["key"] == a[0] and d["license"]["serial"] == 1 and d["license"]["seats"] == 3 and d["license"]["grace_days"] == 7' "$key"
assert_json 'd["license"]["customer"] == {"name":"ACME GmbH","email":""} and d["license"]["limits"]["tickets"] == {"max":5000,"per":"month"}'
assert_json 'len(d["license"]["id"]) == 26 and d["license"]["starts_at"] == d["license"]["issued_at"]'
assert_json 'int(d["license"]["expires_at"][:4]) == int(d["license"]["starts_at"][:4]) + 1'
assert_json '[(h["action"], h["actor"]) for h in d["history"]] == [("create", a[0])]' "$(id -un)"

test_case "openssl agrees with the signature"
run_ok "$LICGEN" export "$key" --out .
assert_file "$key.json"
"$python" - "$key.json" <<'END'
import base64, json, sys
d = json.load(open(sys.argv[1]))
body = base64.b64decode(d["payload"]); kind = d["payloadType"].encode()
open("pae", "wb").write(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body))
open("sig", "wb").write(base64.b64decode(d["signatures"][0]["sig"]))
END
run_ok openssl pkey -in h/keys/license.pem -pubout -out license.pub
run_ok openssl pkeyutl -verify -rawin -pubin -inkey license.pub -in pae -sigfile sig
printf x >>pae
run openssl pkeyutl -verify -rawin -pubin -inkey license.pub -in pae -sigfile sig
[ "$status" -ne 0 ] || fail "openssl takes altered bytes"

test_case "every option"
issued_license --plan professional --customer "Müller & \"Söhne\", Ltd" --email ops@acme.example --months 3 --starts 2031-01-31 \
  --seats 5 --machine "$fingerprint" --machine "$fingerprint2" --feature beta --feature advanced-dashboard=false --feature workers=12 \
  --feature export-formats=json,csv --feature tier=gold --feature negative=-4 --limit clients=unlimited --limit tickets=7/day \
  --limit extra=0 --order PO-1234 --note "paid by wire" --meta region=EU --meta "note=a=b"
assert_json 'd["license"]["customer"] == {"name": "Müller & \"Söhne\", Ltd", "email": "ops@acme.example"}'
assert_json 'd["license"]["starts_at"] == "2031-01-31T00:00:00Z" and d["license"]["expires_at"] == "2031-04-30T00:00:00Z"'
assert_json 'd["license"]["seats"] == 5 and len(d["license"]["machines"]) == 2 and d["license"]["machines"][0]["match"] == 3'
assert_json '{k: d["license"]["features"][k] for k in ("beta","advanced-dashboard","workers","export-formats","tier","negative","priority-support")} == {"beta": True, "advanced-dashboard": False, "workers": 12, "export-formats": ["json","csv"], "tier": "gold", "negative": -4, "priority-support": True}'
assert_json 'd["license"]["limits"] == {"clients": {"max": None}, "tickets": {"max": 7, "per": "day"}, "extra": {"max": 0}}'
assert_json 'd["license"]["order"] == "PO-1234" and d["license"]["metadata"] == {"region":"EU","note":"a=b"} and d["note"] == "paid by wire"'
assert_json 'd["status"] == "not-yet-valid"'

test_case "ends"
issued_license --plan starter --customer A --expires 2032-02-29T12:00:00Z
assert_json 'd["license"]["expires_at"] == "2032-02-29T12:00:00Z" and d["license"]["kind"] == "subscription"'
issued_license --plan starter --customer A --starts 2031-03-01 --expires 30d
assert_json 'd["license"]["expires_at"] == "2031-03-31T00:00:00Z"'
issued_license --plan starter --customer A --perpetual
assert_json 'd["license"]["expires_at"] is None and d["license"]["kind"] == "perpetual" and d["status"] == "valid"'
issued_license --plan lifetime --customer A
assert_json 'd["license"]["expires_at"] is None'
issued_license --plan lifetime --customer A --months 3
assert_json 'd["license"]["expires_at"] and d["license"]["kind"] == "subscription"'
run_code 3 "$LICGEN" create --plan lifetime --customer A --months 3 --maintenance-until 2040-01-01
for option in --order --note; do
  run_code 3 "$LICGEN" create --plan starter --customer A "$option" ''
  assert_stderr_has "$option: the value is empty"
done
issued_license --plan trial --customer A
assert_json 'd["status"] == "trial" and d["license"]["key"].startswith("TZ-TRIAL-") and len(d["license"]["key"]) == 28'
issued_license --plan starter --customer A --starts 2020-01-01 --months 1
assert_json 'd["status"] == "expired"'
issued_license --plan academic --customer A --email student@cs.mit.edu
assert_json 'd["license"]["kind"] == "academic"'
issued_license --plan bound --customer A --machine "$fingerprint"
assert_json 'd["status"] == "valid" or d["status"] == "expiring"'
there=$(count)

test_case "the command line is wrong: 2, nothing issued"
wrong() {
  run_code 2 "$LICGEN" create "$@"
  nothing_issued "$there"
}
wrong
wrong --plan starter
assert_stderr_has "--customer"
wrong --customer A
assert_stderr_has "--plan"
wrong --plan starter --customer A --months 3 --perpetual
assert_stderr_has "--months, --expires and --perpetual"
wrong --plan starter --customer A --months 3 --expires 2031-01-01
wrong --plan starter --customer A --plan professional
wrong --plan starter --customer A --feature x --feature x=2
wrong --plan starter --customer A --limit x=1 --limit x=2
wrong --plan starter --customer A --meta x=1 --meta x=2
wrong --plan starter --customer A --machine "$fingerprint" --machine "$fingerprint"
wrong --plan starter --customer A --colour red
wrong --plan starter --customer A --out ''
run_code 2 "$LICGEN" create --plan starter --customer A --out - --json
assert_json_error usage 2

test_case "a value is malformed: 3, naming option and value, nothing issued"
malformed() { # malformed NAMED ARGS...
  local named=$1
  shift
  run_code 3 "$LICGEN" create --plan starter "$@"
  nothing_issued "$there"
  assert_stderr_has "$named"
  assert_no_escapes
}
for option in --months --seats --count; do
  for value in -1 0 0x10 3x 9223372036854775808 9223372036854775807 1e3 ' 3' +3 '' 1.5; do
    malformed "$option: '$value'" --customer A "$option" "$value"
    malformed "$option: '$value'" --customer A "$option=$value"
  done
done
malformed "--count: '1000001'" --customer A --count 1000001
for option in --expires --starts; do
  for value in tomorrow 2031-02-30 2031-13-01 31.12.2031 2031-01-01T00:00 '' -1 9999999d; do
    malformed "$option: '$value'" --customer A "$option" "$value"
  done
done
malformed "not after the start" --customer A --expires 2020-01-01
malformed "9999" --customer A --starts 9999-12-01 --months 2
for value in '' '=1' 'a b' 'x=' 'x=a,,b' 'x=9223372036854775808' 'x=9007199254740993' 'é=1'; do
  malformed "--feature: '$value'" --customer A --feature "$value"
done
for value in '' x 'x=' 'x=-1' 'x=3x' 'x=5/week' 'x=5/' 'x=9223372036854775808' 'x=0x10' '=5'; do
  malformed "--limit: '$value'" --customer A --limit "$value"
done
for value in '' x '=1' 'a b=1'; do malformed "--meta: '$value'" --customer A --meta "$value"; done
for value in '' ACME M1- "${fingerprint%?}"; do malformed "--machine" --customer A --machine "$value"; done
malformed "--customer" --customer ''
malformed "--customer" --customer '   '
malformed "--email: 'ops'" --customer A --email ops
malformed "--email: ''" --customer A --email ''
long=$(head -c 10000 /dev/zero | tr '\0' x)
for option in --customer --order --note; do
  if [ "$option" = --customer ]; then run_code 3 "$LICGEN" create --plan starter --customer "$long"; else
    run_code 3 "$LICGEN" create --plan starter --customer A "$option" "$long"; fi
  nothing_issued "$there"
  assert_stderr_has "$option"
  [ "$(wc -c <"$err")" -lt 500 ] || fail "the whole text was echoed"
done
malformed "--meta" --customer A --meta "x=$long"
malformed "--batch" --customer A --batch "$long"
malformed "--batch" --customer A --batch ''
malformed "--customer" --customer $'\xff\xfe'
malformed "--note" --customer A --note $'a\xc0\x80'
malformed "machines" --customer A --seats 1 --machine "$fingerprint" --machine "$fingerprint2"
run_code 3 "$LICGEN" create --plan academic --customer A --email a@notmit.edu.example
run_code 3 "$LICGEN" create --plan academic --customer A
run_code 3 "$LICGEN" create --plan bound --customer A
assert_stderr_has "--machine"
run_code 3 "$LICGEN" create --json --plan starter --customer A --months 3x
assert_json_error invalid-input 3
run_code 4 "$LICGEN" create --plan profesional --customer A
assert_stderr_has "did you mean professional"
nothing_issued "$there"
meta=()
for i in $(seq 60); do meta+=(--meta "m$i=${long:0:999}"); done
run_code 3 "$LICGEN" create --plan starter --customer A "${meta[@]}"
assert_stderr_has "64 KiB"
nothing_issued "$there"

test_case "customers of all sorts"
for name in "O'Brien \"& Sons\"" $'evil\e[2Jred\a' $'right\u202eleft' $'two\nlines' '=cmd()' '日本株式会社' "a${long:0:999}" '[a,b]' '-dash' '%s%n' "'; DROP TABLE licenses; --"; do
  issued_license --plan starter "--customer=$name"
  assert_json 'd["license"]["customer"]["name"] == a[0]' "$name"
  run_ok "$LICGEN" show "$key"
  assert_no_escapes
  run_ok "$LICGEN" list
  assert_no_escapes
done
run_ok "$LICGEN" list --format table
assert_stdout_has '\x1b[2J'
assert_stdout_has '\u202e'

test_case "--out: files, a file of lines, standard output"
run_ok "$LICGEN" create --plan starter --customer A --count 3 --out made/licenses
assert_lines 3
assert_entries made/licenses 3
while read -r key; do
  assert_mode "made/licenses/$key.json" 644
  "$LICGEN" verify "made/licenses/$key.json" >/dev/null || fail "a file does not verify"
done <"$out"
run_ok "$LICGEN" create --plan starter --customer A --count 3 --out lines.jsonl --json
assert_json 'list(d) == ["keys","files"] and len(d["keys"]) == 3 and d["files"] == ["lines.jsonl"]'
[ "$(wc -l <lines.jsonl)" -eq 3 ] || fail "not 3 lines"
sum=$(sha256sum <lines.jsonl)
there=$(count)
run_code 5 "$LICGEN" create --plan starter --customer A --out lines.jsonl
assert_stderr_has "--force"
nothing_issued "$there"
[ "$sum" = "$(sha256sum <lines.jsonl)" ] || fail "the file was changed"
run_ok "$LICGEN" create --plan starter --customer A --out lines.jsonl --force
[ "$(wc -l <lines.jsonl)" -eq 1 ] || fail "not replaced"
run_ok "$LICGEN" create --plan starter --customer A --count 2 --out -
assert_lines 2
assert_stdout_lacks TZ-STA
assert_stdout_has payloadType
run_ok "$LICGEN" create --plan starter --customer A --out made/licenses --json
assert_json 'd["files"] == ["made/licenses/" + d["keys"][0] + ".json"]'
run_ok "$LICGEN" create --plan starter --customer A --json
assert_json 'len(d["keys"]) == 1 and d["files"] == []'
there=$(count)
touch plainfile
run_code 5 "$LICGEN" create --plan starter --customer A --out plainfile
nothing_issued "$there"
run "$LICGEN" create --plan starter --customer A --out plainfile/sub
[ "$status" -ne 0 ] || fail "a directory in a file"
nothing_issued "$there"
run_code 4 "$LICGEN" create --plan starter --customer A --out nowhere/x.jsonl
nothing_issued "$there"
assert_absent nowhere

test_case "a disk that takes nothing"
mkdir full
(
  ulimit -f 0
  trap '' XFSZ
  exec "$LICGEN" --ledger sqlite:h/ledger.db create --plan starter --customer A --out full >"$out" 2>"$err"
)
status=$?
[ "$status" -ne 0 ] || fail "it wrote nothing and says all is well"
assert_stdout_empty
[ "$(count)" -eq "$there" ] || fail "something was issued"
assert_entries full 0

test_case "--count and --batch"
run_ok "$LICGEN" create --plan starter --customer A --count 25 --batch spring
assert_lines 25
cp "$out" spring.keys
[ "$(sort -u spring.keys | wc -l)" -eq 25 ] || fail "a key was issued twice"
there=$(count)
run_ok "$LICGEN" create --plan starter --customer A --count 25 --batch spring
assert_same "$out" spring.keys
assert_stderr_has "25 licenses were issued before, 0 now"
[ "$(count)" -eq "$there" ] || fail "the batch grew"
run_ok "$LICGEN" create --customer A --batch spring --count 25 --plan starter --out spring
assert_entries spring 25
run_ok "$LICGEN" create --customer A --batch spring --count 25 --plan starter --out spring
assert_entries spring 25
key=$(head -1 spring.keys)
echo other >"spring/$key.json"
run_code 1 "$LICGEN" create --customer A --batch spring --count 25 --plan starter --out spring --json
assert_json 'len(d["keys"]) == 25 and d["error"]["exit"] == 1'
[ "$(cat "spring/$key.json")" = other ] || fail "a file was replaced"
run_ok "$LICGEN" create --customer A --batch spring --count 25 --plan starter --out spring --force
run_code 5 "$LICGEN" create --plan starter --customer A --count 26 --batch spring
nothing_issued "$there"
for change in "--seats 2" "--order X" "--feature a"; do
  # shellcheck disable=SC2086
  run_code 5 "$LICGEN" create --plan starter --customer A --count 25 --batch spring $change
  nothing_issued "$there"
done
run_code 5 "$LICGEN" create --plan starter --customer B --count 25 --batch spring
nothing_issued "$there"
run_ok "$LICGEN" show "$key" --json
assert_json 'd["batch"] == "spring"'

test_case "the directory goes away while the files are written: issued, told, exit 1"
there=$(count)
"$LICGEN" create --plan starter --customer Gone --count 4000 --out going --json >gone.json 2>gone.err &
creating=$!
until [ -n "$(ls going 2>/dev/null)" ] || ! kill -0 $creating 2>/dev/null; do sleep 0.02; done
mv going gone
wait $creating
[ $? -eq 1 ] || fail "exit status is not 1: $(head -c 300 gone.json) $(cat gone.err)"
grep -q "4000 of 4000 licenses are issued" gone.err || fail "not told: $(cat gone.err)"
grep -q "licgen export" gone.err || fail "no way out: $(cat gone.err)"
cp gone.json "$out"
assert_json 'len(d["keys"]) == 4000 and 0 < len(d["files"]) < 4000 and d["error"]["code"] == "failure"'
[ "$(count)" -eq $((there + 4000)) ] || fail "not issued"
assert_absent going

test_case "more than one transaction's worth"
run_ok "$LICGEN" create --plan starter --customer Bulk --count 10001 --batch bulk
assert_lines 10001
[ "$(sort -u "$out" | wc -l)" -eq 10001 ] || fail "a key was issued twice"
cp "$out" bulk.keys
run_ok "$LICGEN" create --plan starter --customer Bulk --count 10001 --batch bulk
assert_same "$out" bulk.keys

test_case "bulk work that is killed goes on where it was"
for round in 1 2 3; do
  "$LICGEN" create --plan starter --customer Killed --count 12000 --batch killed --out killed.jsonl >told.$round 2>/dev/null &
  creating=$!
  sleep "0.0$((RANDOM % 9 + 1))"
  kill -9 $creating 2>/dev/null
  wait $creating 2>/dev/null
done
run_ok "$LICGEN" create --plan starter --customer Killed --count 12000 --batch killed --out killed.jsonl --force
[ "$(sort -u "$out" | wc -l)" -eq 12000 ] || fail "not 12000 keys"
sort "$out" >killed.keys
for round in 1 2 3; do
  # The last line may have been cut off.
  [ -z "$(grep -E '^TZ-STA(-[0-9A-Z]{4}){4}$' told.$round | sort | comm -23 - killed.keys)" ] || fail "a key was told and lost"
done
"$python" - killed.jsonl "$out" <<'END' || fail "the file does not hold them in their order"
import base64, json, sys
keys = [json.loads(base64.b64decode(json.loads(line)["payload"]))["key"] for line in open(sys.argv[1])]
assert keys == open(sys.argv[2]).read().split()
END
[ "$(find . -maxdepth 1 -name '.killed.jsonl.*' | wc -l)" -le 3 ] || fail "more left behind than processes were killed"
run_ok "$LICGEN" list --customer Killed --format csv
assert_lines 12001
run_ok "$LICGEN" audit

test_case "two bulk runs at once: each gets its turn"
"$LICGEN" create --plan starter --customer Left --count 8000 --out left.jsonl >left.keys 2>left.err &
left=$!
run_ok "$LICGEN" create --plan starter --customer Right --count 8000 --out right.jsonl
wait $left || fail "the other one failed: $(cat left.err)"
[ "$(sort -u left.keys "$out" | wc -l)" -eq 16000 ] || fail "not 16000 keys"
[ "$(cat left.jsonl right.jsonl | sort -u | wc -l)" -eq 16000 ] || fail "not 16000 documents"

test_case "progress is for terminals"
"$python" - "$LICGEN" <<'END' || fail "not as on a terminal"
import os, pty, subprocess, sys
def stderr_of(*options):
    ours, theirs = pty.openpty()
    child = subprocess.Popen([sys.argv[1], "create", "--plan", "starter", "--customer", "A", "--count", "30000",
                              "--out", "progress.jsonl", "--force", *options], stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    text = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        text += part
    assert child.wait() == 0
    return text.decode()
shown = stderr_of()
assert " of 30,000 licenses" in shown and "/s" in shown and " left" in shown, shown
assert shown.endswith("\r\x1b[K"), repr(shown[-80:])
assert stderr_of("--quiet") == ""
END
run_ok "$LICGEN" create --plan starter --customer A --count 12000 --out progress.jsonl --force
assert_stderr_empty

test_case "what cannot be printed is said to be issued"
there=$(count)
# shellcheck disable=SC2016  # the inner shell expands it
run_code 1 bash -c '"$0" create --plan starter --customer A >/dev/full' "$LICGEN"
assert_stderr_has "1 of 1 license is issued"
assert_stderr_has "licgen export TZ-STA-"
[ "$(count)" -eq $((there + 1)) ] || fail "not one more"

test_case "places that cannot be written, and names that are no place"
ln -s self self
run_code 1 "$LICGEN" create --plan starter --customer A --out self
assert_stderr_has "cannot make directory"
run_code 2 "$LICGEN" create --plan starter --customer A --out license.json
assert_absent license.json
run_ok "$LICGEN" create --plan starter --customer A --count 3 --batch again --out again.jsonl
cp again.jsonl before
run_ok "$LICGEN" create --plan starter --customer A --count 3 --batch again --out again.jsonl
assert_same again.jsonl before
echo other >again.jsonl
run_code 1 "$LICGEN" create --plan starter --customer A --count 3 --batch again --out again.jsonl

test_case "formulas in a CSV"
for name in "=1+1" $'\n=1+1' " =1" "＝1+1" $'\u200b@x' $'\tx'; do
  run_ok "$LICGEN" create --plan starter --customer "$name"
  run_ok "$LICGEN" list --customer "$name" --format csv
  "$python" -c 'import csv, sys; assert list(csv.reader(sys.stdin))[1][4] == "\x27" + sys.argv[1]' "$name" <"$out" ||
    fail "not neutralised"
done

test_case "eight at once"
there=$(count)
for i in 1 2 3 4 5 6 7 8; do "$LICGEN" create --plan starter --customer "C$i" --count 5 >"at-once.$i" 2>&1 & done
wait
cat at-once.? | sort -u >at-once.keys
[ "$(wc -l <at-once.keys)" -eq 40 ] || fail "not 40 keys: $(cat at-once.? | head -3)"
"$LICGEN" list --format jsonl | "$python" -c 'import json,sys; print("\n".join(json.loads(l)["key"] for l in sys.stdin))' | sort >listed.keys
[ -z "$(comm -23 at-once.keys listed.keys)" ] || fail "a key is not in the ledger"
[ "$(count)" -eq $((there + 40)) ] || fail "not 40 more"

test_case "eight at once, the same batch"
for i in 1 2 3 4 5 6 7 8; do "$LICGEN" create --plan starter --customer A --count 5 --batch same --quiet >"same.$i" 2>&1 & done
wait
for i in 2 3 4 5 6 7 8; do assert_same same.1 "same.$i"; done
[ "$(wc -l <same.1)" -eq 5 ] || fail "not 5 keys"

test_case "a clock that is years behind the ledger is warned of, and one that is a little slow is not"
run_ok faketime -f '@2020-01-01 00:00:00' "$LICGEN" create --plan starter --customer Early
assert_lines 1
assert_stderr_has "the clock of this machine seems wrong: it is 2020-01-01T"
assert_stderr_has "the newest entry of the ledger is of 20"
printf 'plan,customer\nstarter,Early\n' >early.csv
run_ok faketime -f '@2021-01-01 00:00:00' "$LICGEN" create --from-csv early.csv
assert_lines 1
assert_stderr_has "the clock of this machine seems wrong: it is 2021-01-01T"
run_ok "$LICGEN" create --plan starter --customer Now
assert_stderr_lacks "clock"
run_ok faketime -f -20h "$LICGEN" create --plan starter --customer "A little slow"
assert_stderr_lacks "clock"

test_case "a limit on the size of files is told, and nothing is half done"
"$LICGEN" audit --json >before
(ulimit -f 300 && run_code 1 "$LICGEN" create --plan starter --customer A --count 5000) || exit 1
assert_stdout_empty
assert_stderr_has "the ledger is as it was"
"$LICGEN" audit --json | cmp - before || fail "something was stored"

test_case "a license key that may not sign, or another one"
cp -r h other-key
cp h/keys/root.pem other-key/keys/license.pem
run_code 5 "$LICGEN" --home other-key create --plan starter --customer A
assert_stdout_empty
chmod 640 other-key/keys/license.pem
run_code 6 "$LICGEN" --home other-key create --plan starter --customer A
rm other-key/keys/license.pem
run_code 4 "$LICGEN" --home other-key create --plan starter --customer A --out unmade
assert_absent unmade

finished
