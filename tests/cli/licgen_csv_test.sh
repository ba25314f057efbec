#!/usr/bin/env bash
# licgen create --from-csv: columns, faults with their place, bad rows, batches that
# are killed and run again.
#
#   KILLS  how many runs are killed (default 200, of which this takes a tenth)
. "$(dirname "$0")/lib.sh"
: "${LICGEN:?the licgen to test}"
here=$(cd "$(dirname "$0")" && pwd)
cd "$work" || exit 1
LICGEN_HOME=$work/h
export LICGEN_HOME
run_ok "$LICGEN" init --catalog "$here/../../docs/examples/ticketzero.json" --no-passphrase --quiet
fingerprint=M1-06768-KM0YN-NHMQ0-23CHX-WBCPA-C91C1-85Z7Y-YHK02-H670D-EYF0F-XGAXW-G3BN9-6
fingerprint2=M1-05CZX-HRFF9-WTNXG-2QBZG-2P45K-NDCR1-EW39B-NCFHZ-KBJ0D-SK3QP-PTKHB-YM3BQ-R

count() { "$LICGEN" list --format jsonl | wc -l; }
# csv TEXT...: the lines of rows.csv
csv() { printf '%s\n' "$@" >rows.csv; }
# refused MESSAGE [ARGS...]: exit 3, the message on stderr, nothing issued
refused() {
  local message=$1 before
  shift
  before=$(count)
  run_code 3 "$LICGEN" create --from-csv rows.csv "$@"
  assert_stdout_empty
  assert_stderr_has "$message"
  assert_no_escapes
  [ "$(count)" -eq "$before" ] || fail "something was issued"
}
# issued N [ARGS...]: N keys in $out, nothing on stderr
issued() {
  local wanted=$1
  shift
  run_ok "$LICGEN" create --from-csv rows.csv "$@"
  assert_lines "$wanted"
}
# show N: the document of the N-th key in $out, in $out
show() {
  local key
  key=$(sed -n "$1p" keys)
  run_ok "$LICGEN" show "$key" --json
}

test_case "every column"
cat >rows.csv <<END
plan,customer,email,months,expires,perpetual,maintenance-until,starts,seats,machine,feature,limit,order,note,meta,count,feature.tier,limit.extra,meta.region
professional,"ACME, ""GmbH""",ops@acme.example,3,,,,2031-01-31,5,$fingerprint | $fingerprint2,"beta|workers=12|export-formats=json,csv",clients=unlimited | tickets=7/day,PO-1,by wire,a=1|b=x=y,,gold,0,EU

starter,"two
lines",,,2032-02-29,,,,,,,,,,,2,,,
starter,Müller,,,,true,2033-01-01,,,,,,,,,,,,
END
issued 4
assert_stderr_empty
cp "$out" keys
show 1
assert_json 'd["license"]["customer"] == {"name": "ACME, \"GmbH\"", "email": "ops@acme.example"} and d["license"]["plan"] == "professional"'
assert_json 'd["license"]["starts_at"] == "2031-01-31T00:00:00Z" and d["license"]["expires_at"] == "2031-04-30T00:00:00Z" and d["license"]["seats"] == 5'
assert_json 'len(d["license"]["machines"]) == 2 and d["license"]["order"] == "PO-1" and d["note"] == "by wire"'
assert_json '[d["license"]["features"][k] for k in ("beta", "workers", "export-formats", "tier")] == [True, 12, ["json", "csv"], "gold"]'
assert_json 'd["license"]["limits"] == {"clients": {"max": None}, "tickets": {"max": 7, "per": "day"}, "extra": {"max": 0}}'
assert_json 'd["license"]["metadata"] == {"a": "1", "b": "x=y", "region": "EU"}'
assert_json '[(h["action"], h["detail"]["line"]) for h in d["history"]] == [("create", 2)]'
show 2
assert_json 'd["license"]["customer"]["name"] == "two\nlines" and d["license"]["expires_at"] == "2032-02-29T00:00:00Z" and d["history"][0]["detail"]["line"] == 4'
show 3
assert_json 'd["license"]["customer"]["name"] == "two\nlines"'
show 4
assert_json 'd["license"]["customer"]["name"] == "Müller" and d["license"]["expires_at"] is None and d["license"]["maintenance_until"] == "2033-01-01T00:00:00Z" and d["history"][0]["detail"]["line"] == 6'
run_ok "$LICGEN" audit

test_case "options of the command line are for the rows that leave them open"
csv 'customer,plan,months,feature,seats' 'A,,,,' 'B,starter,2,sso=false,9' ',,,,' 'C,,,,'
issued 3 --plan professional --expires 2033-01-01 --feature sso --feature beta --seats 4
cp "$out" keys
show 1
assert_json 'd["license"]["plan"] == "professional" and d["license"]["expires_at"] == "2033-01-01T00:00:00Z" and d["license"]["seats"] == 4 and d["license"]["features"]["sso"] is True'
show 2
assert_json 'd["license"]["plan"] == "starter" and d["license"]["expires_at"] < "2033" and d["license"]["seats"] == 9 and d["license"]["features"]["sso"] is False and d["license"]["features"]["beta"] is True'

test_case "mark, semicolons, CRLF, tabs, no newline at the end, standard input"
printf '\xef\xbb\xbfplan;customer\r\nstarter;"A;B"\r\nstarter;C' >rows.csv
issued 2
printf 'plan\tcustomer\nstarter\tT, Inc\n' >rows.tsv
input=rows.tsv run_ok "$LICGEN" create --from-csv -
assert_lines 1
key=$(cat "$out")
run_ok "$LICGEN" show "$key" --json
assert_json 'd["license"]["customer"]["name"] == "T, Inc"'

test_case "faults are named by line and column, all of them"
csv 'plan,customer,months,email,expires,seats' 'profesional,A,3x,,,' 'starter,,1,bad,,' 'starter,B,1,,2030-01-01,' 'starter,C,,,2020-01-01,' \
  'starter,D' 'starter,E,,,,,,extra' 'starter,F,,,,0' 'starter,"two' 'lines",,nobody,,'
refused "CSV file 'rows.csv' has 10 faults; nothing was issued:"
assert_stderr_has "  line 2, column 1 (plan): there is no plan 'profesional' (did you mean professional?)"
assert_stderr_has "  line 2, column 3 (months): '3x' is not a whole number"
assert_stderr_has "  line 3, column 2 (customer): is empty, and there is no --customer"
assert_stderr_has "  line 3, column 4 (email): 'bad' is not an e-mail address"
assert_stderr_has "  line 4, column 3 (months): --months, --expires and --perpetual exclude one another"
assert_stderr_has "  line 5, column 5 (expires): the end 2020-01-01T00:00:00Z is not after the start"
assert_stderr_has "  line 6, column 3: the row has 2 fields, the first line has 6"
assert_stderr_has "  line 7, column 7: the row has 8 fields, the first line has 6"
assert_stderr_has "  line 8, column 6 (seats): '0' is out of range"
assert_stderr_has "  line 10, column 4 (email): 'nobody' is not an e-mail address"
assert_stderr_has "hint: mend these rows, or let --skip-bad FILE"
run_code 3 "$LICGEN" create --from-csv rows.csv --json
assert_json_error invalid-input 3
assert_json 'list(d) == ["error", "faults"] and len(d["faults"]) == 10'
assert_json 'd["faults"][1] == {"line": 2, "column": 3, "name": "months", "message": d["faults"][1]["message"]} and d["faults"][6]["name"] is None'

test_case "more faults than anyone reads"
"$python" -c 'print("plan,customer"); [print("nope,A") for _ in range(5000)]' >rows.csv
refused "has 5000 faults"
assert_stderr_has "  and 4900 more"
[ "$(wc -l <"$err")" -lt 110 ] || fail "all of them are listed"

test_case "the first line"
: >rows.csv
refused "CSV file 'rows.csv' is empty"
printf '\n\n' >rows.csv
refused "CSV file 'rows.csv' is empty"
csv 'starter,ACME GmbH'
refused "line 1, column 1: there is no column 'starter'"
assert_stderr_has "line 1, column 2: there is no column 'ACME GmbH'"
csv 'plan,custmer,plan,,feature.,out' 'starter,A,B,,,'
refused "line 1, column 2: there is no column 'custmer'; did you mean customer?"
assert_stderr_has "line 1, column 3: column 'plan' is there twice, first as column 1"
assert_stderr_has "line 1, column 4: the column has no name"
assert_stderr_has "line 1, column 5: there is no column 'feature.'"
assert_stderr_has "line 1, column 6: there is no column 'out'"
csv 'Plan,Customer'
refused "there is no column 'Plan'; did you mean plan?"
csv 'plan,customer,key' 'starter,A,TZ-PRO-FE64-CWMG-2DAG-GASN'
refused "licgen import"
csv 'plan,email' 'starter,a@b.example'
refused "line 1: there is no column customer"
csv 'customer' 'A'
refused "line 1: there is no column plan"
csv 'plan,customer'
run_ok "$LICGEN" create --from-csv rows.csv
assert_stdout_empty
assert_stderr_has "has no rows: nothing to issue"

test_case "wrong encodings"
printf 'plan,customer\nstarter,A\nstarter,M\xfcller\n' >rows.csv
refused "line 3, column 2 (customer): is not UTF-8: byte 0xfc"
assert_stderr_has "iconv"
printf 'plan,customer\nstarter,A\n' | iconv -f UTF-8 -t UTF-16 >rows.csv
refused "UTF-16"
printf 'plan,customer\nstarter,A\n' | iconv -f UTF-8 -t UTF-16LE >rows.csv
refused "UTF-16"
printf 'plan,customer\nstarter,A\0B\n' >rows.csv
refused "line 2, column 2 (customer): holds a NUL byte"
printf 'plan,custo\xe9mer\nstarter,A\n' >rows.csv
refused "line 1, column 2: is not UTF-8: byte 0xe9"

test_case "quotes, and a field of 10 MB"
csv 'plan,customer' 'starter,A "B" C'
refused "line 2, column 2: a quote stands where none may be"
csv 'plan,customer' 'nope,A' 'starter,"A' 'starter,B'
refused "line 2, column 1 (plan)"
assert_stderr_has "  lines 3 to 5, column 2: a field begins with a quote and has none at its end"
"$python" -c 'print("plan,customer"); print("starter," + "x" * 10_000_000)' >rows.csv
refused "line 2, column 2: a field is longer than 64 KiB"
"$python" -c 'print("plan,customer"); print("starter,\"" + "x\n" * 5_000_000)' >rows.csv
refused "column 2: a field is longer than 64 KiB"
assert_stderr_has "is the quote missing that should end it?"
run_code 3 "$LICGEN" create --from-csv rows.csv --skip-bad never.csv
assert_absent never.csv

test_case "orders"
csv 'plan,customer,order' 'starter,A,PO-7' 'starter,B,PO-8' 'starter,C,PO-7'
refused "line 4, column 3 (order): order 'PO-7' is in the file twice, first on line 2"
csv 'plan,customer,order' 'starter,A,PO-7' 'starter,B,PO-1'
refused "line 3, column 3 (order): order 'PO-1' was issued already, as TZ-PRO-"

test_case "files and options"
run_code 4 "$LICGEN" create --from-csv none.csv
assert_stderr_has "none.csv"
run_code 3 "$LICGEN" create --from-csv .
run_code 2 "$LICGEN" create --plan starter --customer A --skip-bad bad.csv
assert_stderr_has "--from-csv"
run_code 2 "$LICGEN" create --from-csv rows.csv --out x.csv --skip-bad x.csv
run_code 2 "$LICGEN" create --from-csv rows.csv --out - --json
run_code 3 "$LICGEN" create --from-csv rows.csv --batch ''
run_code 3 "$LICGEN" create --from-csv rows.csv --count 0
assert_stderr_has "licgen: --count: '0' is out of range"
run_code 4 "$LICGEN" create --from-csv rows.csv --plan profesional
assert_stderr_has "did you mean professional?"
run_code 2 "$LICGEN" create --from-csv rows.csv --months 1 --perpetual
run_code 2 "$LICGEN" create --plan starter --customer A --out x.csv
assert_absent x.csv

test_case "--skip-bad: the bad rows, mended, can be fed again"
csv 'plan,customer,note,months' 'starter,A,=1+1,1' 'nope,"B; ""C""",=2+2,1' 'starter,short' 'starter,D,fine,x'
before=$(count)
run_ok "$LICGEN" create --from-csv rows.csv --skip-bad bad.csv
assert_lines 1
assert_stderr_has "3 rows are bad and written to 'bad.csv'"
[ "$(count)" -eq $((before + 1)) ] || fail "not one was issued"
assert_mode bad.csv 600
"$python" - bad.csv <<'END' || fail "bad.csv is not as it should be"
import csv, sys
rows = list(csv.reader(open(sys.argv[1], newline="", encoding="utf-8")))
assert rows[0] == ["fault", "plan", "customer", "note", "months"], rows[0]
assert rows[1][0].startswith("line 3, column 1 (plan): there is no plan 'nope'") and rows[1][1:] == ["nope", 'B; "C"', "'=2+2", "1"], rows[1]
assert rows[2][0] == "line 4, column 3: the row has 2 fields, the first line has 4" and rows[2][1:] == ["starter", "short"], rows[2]
assert rows[3][0].startswith("line 5, column 4 (months): 'x' is not a whole number") and rows[3][1:] == ["starter", "D", "fine", "x"], rows[3]
assert len(rows) == 4
END
run_code 5 "$LICGEN" create --from-csv rows.csv --skip-bad bad.csv
assert_stderr_has "--force"
"$python" - <<'END'
import csv
rows = list(csv.reader(open("bad.csv", newline="", encoding="utf-8")))
rows[1][1] = "starter"; rows[2] += ["", "2"]; rows[3][4] = "3"
csv.writer(open("mended.csv", "w", newline="", encoding="utf-8")).writerows(rows)
END
run_ok "$LICGEN" create --from-csv mended.csv
assert_lines 3
cp "$out" keys
show 1
assert_json 'd["license"]["customer"]["name"] == "B; \"C\"" and d["note"] == "=2+2"'
run_ok "$LICGEN" create --from-csv mended.csv --skip-bad none-bad.csv --json
assert_json 'list(d) == ["keys", "files", "bad"] and len(d["keys"]) == 3 and d["bad"] == 0'
[ "$(cat none-bad.csv)" = "fault,plan,customer,note,months" ] || fail "the head alone was wanted"
csv 'plan,customer' 'starter,A' 'starter,"B'
refused "line" --skip-bad torn.csv
assert_absent torn.csv

test_case "--out FILE.csv: the rows with their keys; FILE.jsonl and DIR"
csv 'plan;customer;note;count' 'starter;"A;B";-5 %;2' 'professional;C;;'
run_ok "$LICGEN" create --from-csv rows.csv --out keys.csv
assert_lines 3
cp "$out" keys
"$python" - keys keys.csv <<'END' || fail "keys.csv is not as it should be"
import csv, sys
keys = open(sys.argv[1]).read().split()
rows = list(csv.reader(open(sys.argv[2], newline="", encoding="utf-8"), delimiter=";"))
assert rows == [["plan", "customer", "note", "count", "key"], ["starter", "A;B", "'-5 %", "2", keys[0]],
                ["starter", "A;B", "'-5 %", "2", keys[1]], ["professional", "C", "", "", keys[2]]], rows
END
run_code 5 "$LICGEN" create --from-csv rows.csv --out keys.csv
run_ok "$LICGEN" create --from-csv rows.csv --out all.jsonl --json
assert_json 'd["files"] == ["all.jsonl"] and len(d["keys"]) == 3'
[ "$(wc -l <all.jsonl)" -eq 3 ] || fail "not three lines"
run_ok "$LICGEN" create --from-csv rows.csv --out dir --quiet
assert_entries dir 3
run_ok "$LICGEN" create --from-csv rows.csv --out - --quiet
assert_lines 3
sed -n 1p "$out" >one.json
run_ok "$LICGEN" verify one.json

test_case "--batch: the same file again gives the same keys, another file is refused"
csv 'plan,customer,order' 'starter,A,B-1' 'professional,B,B-2' 'starter,C,'
run_ok "$LICGEN" create --from-csv rows.csv --batch first --out b.csv
cp "$out" keys
before=$(count)
run_ok "$LICGEN" create --from-csv rows.csv --batch first --out b.csv
assert_same "$out" keys
assert_stderr_has "batch 'first': 3 licenses were issued before, 0 now"
input=rows.csv run_ok "$LICGEN" create --from-csv - --batch first --json
assert_json 'd["keys"] == open("keys").read().split()'
[ "$(count)" -eq "$before" ] || fail "something was issued twice"
csv 'plan,customer,order' 'starter,A,B-1' 'professional,B,B-2' 'starter,D,'
run_code 5 "$LICGEN" create --from-csv rows.csv --batch first
assert_stderr_has "batch 'first' was begun with another request"
run_code 5 "$LICGEN" create --from-csv rows.csv --batch first --note x
run_code 5 "$LICGEN" create --plan starter --customer A --batch first
run_ok "$LICGEN" create --plan starter --customer A --batch plain
run_code 5 "$LICGEN" create --from-csv rows.csv --batch plain

test_case "a row that was left out stays left out, and is told again"
csv 'plan,customer,expires' 'starter,A,' 'starter,B,2026-01-01' 'starter,C,'
run_ok "$LICGEN" create --from-csv rows.csv --batch late --skip-bad late.csv
cp "$out" keys
assert_lines 2
run_ok faketime -f '@2025-06-01 00:00:00' "$LICGEN" create --from-csv rows.csv --batch late --skip-bad later.csv
assert_same "$out" keys
grep -qF "line 3: batch 'late' left this row out when it was begun" later.csv || fail "no reason: $(cat later.csv)"

test_case "a row that was good when it was begun is not judged again"
csv 'plan,customer,expires' 'starter,A,2030-01-01' 'starter,B,2040-01-01'
run_ok "$LICGEN" create --from-csv rows.csv --batch old
cp "$out" keys
run_ok faketime -f '@2035-01-01 00:00:00' "$LICGEN" create --from-csv rows.csv --batch old
assert_same "$out" keys

kills=$((${KILLS:-200} / 10))
test_case "killed $kills times and run again: every row once"
"$python" - >many.csv <<'END'
print("plan,customer,order,count")
for i in range(3000):
    print(f"starter,Customer {i},{'M-%d' % i if i % 3 == 0 else ''},{2 if i % 100 == 0 else ''}")
END
on_postgres || cp "$LICGEN_HOME/ledger.db" base.db
for ((i = 0; i < kills; ++i)); do
  "$LICGEN" create --from-csv many.csv --batch many >killed.out 2>killed.err &
  pid=$!
  sleep "$(printf '0.%03d' $((RANDOM % 600)))"
  kill -9 "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
  sort killed.out >>acknowledged
done
run_ok "$LICGEN" create --from-csv many.csv --batch many --out many-keys.csv
assert_lines 3030
sort -u acknowledged | comm -23 - <(sort "$out") | grep . && fail "an acknowledged key is lost"
"$python" - many.csv many-keys.csv <<'END' || fail "not every row once"
import csv, json, subprocess, sys, os
rows = list(csv.DictReader(open(sys.argv[1])))
keyed = list(csv.DictReader(open(sys.argv[2])))
want = [r["customer"] for r in rows for _ in range(int(r["count"] or 1))]
assert [k["customer"] for k in keyed] == want
assert len({k["key"] for k in keyed}) == len(want) == 3030
out = subprocess.run([os.environ["LICGEN"], "list", "--format", "jsonl", "--customer", "Customer *"], capture_output=True, text=True).stdout
there = [json.loads(line) for line in out.splitlines()]
assert len(there) == 3030 and {(l["key"], l["customer"]) for l in there} == {(k["key"], k["customer"]) for k in keyed}
END
run_ok "$LICGEN" audit

only_in_a_file
test_case "four runs of the same batch at once: every row once"
rm -f "$LICGEN_HOME"/ledger.db*
cp base.db "$LICGEN_HOME/ledger.db"
before=$(count)
pids=()
# Runs again as long as the others keep the ledger to themselves, as its hint says (on a slow machine).
run_patiently() {
  local code=7
  while ((code == 7)); do
    "$LICGEN" create --from-csv many.csv --batch many --quiet >"at-once.$1" 2>"at-once.err.$1"
    code=$?
  done
  return "$code"
}
for i in 1 2 3 4; do
  run_patiently "$i" &
  pids+=($!)
done
for i in 0 1 2 3; do wait "${pids[$i]}" || fail "one of them ended with $?: $(cat "at-once.err.$((i + 1))")"; done
for i in 2 3 4; do assert_same at-once.1 "at-once.$i"; done
[ "$(count)" -eq $((before + 3030)) ] || fail "there are $(count) licenses"
run_ok "$LICGEN" audit

finished
