#!/usr/bin/env bash
# shellcheck disable=SC2154 # some names are assigned by printf -v
# licgen: the later life of a license: renew, change, suspend, reinstate, transfer, check
# and expiring, and what licctl makes of the files.
. "$(dirname "$0")/lib.sh"
at_a_desk

# The example, and a plan of each kind that has rules of its own.
"$python" - "$examples/ticketzero.json" >catalog.json <<'END'
import json, sys
d = json.load(open(sys.argv[1]))
d["plans"] += [
    {"id": "lifetime", "name": "Lifetime", "code": "LIFE", "kind": "perpetual", "maintenance_months": 12, "seats": 2},
    {"id": "forever", "name": "Forever", "code": "EVER", "kind": "perpetual", "seats": 2},
    {"id": "academic", "name": "Academic", "code": "ACA", "kind": "academic", "months": 12, "seats": 1,
     "email_domains": [".ac.uk", ".edu"]},
    {"id": "bound", "name": "Bound", "code": "BND", "kind": "subscription", "months": 12, "seats": 2,
     "machine_bound": True},
    {"id": "open", "name": "Open", "code": "OPEN", "kind": "subscription", "seats": 2},
]
json.dump(d, sys.stdout)
END
run_ok "$LICGEN" init --catalog catalog.json --no-passphrase --quiet
run_ok "$LICGEN" product export --out product.json
machine=$("$LICCTL" --machine-id) || exit 1
other_machine=M1-06768-KM0YN-NHMQ0-23CHX-WBCPA-C91C1-85Z7Y-YHK02-H670D-EYF0F-XGAXW-G3BN9-6
state=$HOME/.ticketzero/license

# new NAME ARGS...: issues a license and puts its key into $NAME.
new() {
  local name=$1
  shift
  run_ok "$LICGEN" create "$@"
  printf -v "$name" %s "$(cat "$out")"
}
# terms KEY EXPRESSION ARGS...: true of `l`, the license's payload, and `d`, all that show tells.
terms() {
  local key=$1 expression=$2
  shift 2
  run_ok "$LICGEN" show "$key" --json
  assert_json "[$expression for l in [d['license']]][0]" "$@"
}
# ends KEY TIME
ends() { terms "$1" 'l["expires_at"] == a[0]' "$2"; }
# reissued KEY SERIAL MEMBER...: what the last --json answer says: a change of these members.
reissued() {
  local key=$1 serial=$2
  shift 2
  assert_json 'list(d) == ["key", "serial", "changed", "changes", "files"] and d["key"] == a[0] and d["serial"] == int(a[1]) and d["changed"] is True' "$key" "$serial"
  assert_json '[c["member"] for c in d["changes"]] == a and all(list(c) == ["member", "before", "after"] for c in d["changes"])' "$@"
}
# unchanged KEY SERIAL: the same of an answer that found nothing to do.
unchanged() { assert_json 'd == {"key": a[0], "serial": int(a[1]), "changed": False, "changes": [], "files": []}' "$1" "$2"; }
# entries KEY ACTION...: the actions of its history.
entries() {
  local key=$1
  shift
  terms "$key" '[h["action"] for h in d["history"]] == a' "$@"
}

absent=TZ-PRO-7K3M-9QXA-R2VD-5R28

test_case "renew: from its end, by the plan, by months, until a day"
new acme --plan professional --customer "ACME GmbH" --email ops@acme.example --order PO-1 --starts 2026-03-15 --expires 2100-03-15 --out files
assert_file "files/$acme.json"
cp "files/$acme.json" first.json
run_ok "$LICGEN" renew "$acme"
assert_stdout "$acme renewed, serial 2
  expires_at: 2100-03-15T00:00:00Z -> 2101-03-15T00:00:00Z"
assert_stderr_has "licgen export $acme --out DIR"
run_ok "$LICGEN" renew "$acme" --months 24 --reason "two years, paid" --json
reissued "$acme" 3 expires_at
assert_json 'd["changes"] == [{"member": "expires_at", "before": "2101-03-15T00:00:00Z", "after": "2103-03-15T00:00:00Z"}]'
run_ok "$LICGEN" renew "$acme" --expires 2104-01-01 --quiet
assert_stderr_empty
assert_stdout_has "serial 4"
terms "$acme" 'l["expires_at"] == "2104-01-01T00:00:00Z" and l["serial"] == 4 and l["key"] == a[0] and l["order"] == "PO-1" and l["starts_at"] == "2026-03-15T00:00:00Z" and l["seats"] == 3' "$acme"
entries "$acme" create renew renew renew
terms "$acme" 'd["history"][2]["reason"] == "two years, paid" and {k: v for k, v in d["history"][2]["detail"].items() if k != "sha256"} == {"serial": 3, "changes": [{"member": "expires_at", "before": "2101-03-15T00:00:00Z", "after": "2103-03-15T00:00:00Z"}]}'
terms "$acme" 'd["history"][1]["reason"] is None and d["history"][1]["actor"]'
run_ok "$LICGEN" renew "$(tr -d - <<<"$acme" | tr '[:upper:]' '[:lower:]')" --expires 2105-06-30T12:30:00Z
ends "$acme" 2105-06-30T12:30:00Z
run_ok "$LICGEN" list --json --email ops@acme.example
assert_json 'd["licenses"][0]["expires_at"] == "2105-06-30T12:30:00Z" and len(d["licenses"]) == 1'

test_case "renew: what a script repeats is done once"
run_ok "$LICGEN" renew "$acme" --expires 2105-06-30T12:30:00Z --json
unchanged "$acme" 5
run_ok "$LICGEN" renew "$acme" --expires 2105-06-30T12:30:00Z
assert_stdout "$acme unchanged: done before, or so already, serial 5"
assert_stderr_empty
run_ok "$LICGEN" renew "$acme" --order PO-2 --json
reissued "$acme" 6 expires_at order
run_ok "$LICGEN" renew "$acme" --order PO-2 --json
unchanged "$acme" 6
run_ok "$LICGEN" renew "$acme" --order PO-2 --out files --json
assert_json 'd["changed"] is False and d["serial"] == 6 and d["files"] == ["files/%s.json" % a[0]]' "$acme"
run_ok "$LICGEN" verify "files/$acme.json" --json
assert_json 'd["verdict"] == "valid" and d["serial"] == 6'
run_code 5 "$LICGEN" renew "$acme" --order PO-2 --months 3
assert_stderr_has "PO-2"
run_code 5 "$LICGEN" renew "$acme" --order PO-2 --expires 2110-01-01 --json
assert_json_error conflict 5
run_ok "$LICGEN" renew "$acme" --order PO-3 --months 1 --json
reissued "$acme" 7 expires_at order
run_ok "$LICGEN" renew "$acme" --order PO-2 --json
unchanged "$acme" 7
run_ok "$LICGEN" renew "$acme" --order PO-3 --months 1 --json
unchanged "$acme" 7
terms "$acme" 'l["order"] == "PO-3" and d["history"][5]["detail"]["order"] == "PO-2" and d["history"][5]["detail"]["serial"] == 6'
# The order of the sale is not that of a renewal.
new sold --plan starter --customer Sold --order PO-9 --expires 2100-01-01
run_ok "$LICGEN" renew "$sold" --order PO-9
ends "$sold" 2101-01-01T00:00:00Z
run_ok "$LICGEN" renew "$sold" --order PO-9
ends "$sold" 2101-01-01T00:00:00Z
# A relative end is another one a day later, but under its order the same request.
run_ok "$LICGEN" renew "$sold" --expires 90y --order PO-10
run_ok faketime -f +1d "$LICGEN" renew "$sold" --expires 90y --order PO-10 --json
unchanged "$sold" 3
# Of another license the same order is another renewal.
new sold2 --plan starter --customer Sold --order PO-9 --expires 2100-01-01
run_ok "$LICGEN" renew "$sold2" --order PO-9 --json
reissued "$sold2" 2 expires_at

test_case "renew: calendar months, from the day on which it began"
new january --plan open --customer January --starts 2097-01-31 --expires 2097-02-28
new january_by_months --plan open --customer January --starts 2097-01-31 --months 1
ends "$january_by_months" 2097-02-28T00:00:00Z
for end in 2097-03-31 2097-04-30 2097-05-31; do
  run_ok "$LICGEN" renew "$january_by_months" --months 1
  ends "$january_by_months" "${end}T00:00:00Z"
done
run_ok "$LICGEN" renew "$january_by_months" --months 9
ends "$january_by_months" 2098-02-28T00:00:00Z
run_ok "$LICGEN" renew "$january" --months 12
ends "$january" 2098-02-28T00:00:00Z
new leap --plan open --customer Leap --starts 2088-01-31 --months 1
ends "$leap" 2088-02-29T00:00:00Z
run_ok "$LICGEN" renew "$leap" --months 1
ends "$leap" 2088-03-31T00:00:00Z
run_ok "$LICGEN" renew "$leap" --months 11
ends "$leap" 2089-02-28T00:00:00Z
new leapday --plan starter --customer Leap --starts 2088-02-29T23:59:59Z
for end in 2089-02-28 2090-02-28 2091-02-28 2092-02-29 2093-02-28; do
  ends "$leapday" "${end}T23:59:59Z"
  run_ok "$LICGEN" renew "$leapday"
done
# 2100 is no leap year.
new century --plan open --customer Century --starts 2096-02-29 --months 48
ends "$century" 2100-02-28T00:00:00Z
run_ok "$LICGEN" renew "$century" --months 48
ends "$century" 2104-02-29T00:00:00Z
# An end that was named is where it goes on from.
new named --plan open --customer Named --starts 2097-01-10 --expires 2097-08-31T06:00:00Z
run_ok "$LICGEN" renew "$named" --months 6
ends "$named" 2098-02-28T06:00:00Z

test_case "renew: before the end from the end, after it from today"
# at TIME ARGS...: licgen at that time, which is UTC unless $zone says otherwise.
at() { run_ok env TZ="${zone:-UTC}" faketime -f "@$1" "$LICGEN" "${@:2}"; }
new lapsed --plan starter --customer Lapsed --starts 2026-12-01 --expires 2027-12-01
at "2027-11-30 23:00:00" renew "$lapsed"
ends "$lapsed" 2028-12-01T00:00:00Z
at "2028-12-03 10:00:00" renew "$lapsed" --json
# In grace too: that time was a gift.
assert_json '"2029-12-03T10:00:00Z" <= d["changes"][0]["after"] < "2029-12-03T10:01:00Z" and d["changes"][0]["before"] == "2028-12-01T00:00:00Z"'
zone=Pacific/Kiritimati at "2031-05-31 13:59:00" renew "$lapsed" --months 1 --json
assert_json '"2031-06-30T23:59:00Z" <= d["changes"][0]["after"] < "2031-07-01T00:00:00Z"'
new days --plan trial --customer Days --expires 10d
run_ok "$LICGEN" renew "$days" --json
"$python" - "$out" <<'END' || fail "a plan of 30 days is renewed by 30 days"
import datetime, json, sys
change = json.load(open(sys.argv[1]))["changes"][0]
before, after = (datetime.datetime.fromisoformat(change[m].replace("Z", "+00:00")) for m in ("before", "after"))
assert after - before == datetime.timedelta(days=30)
END
new before --plan starter --customer Before --starts 2090-01-01
run_ok "$LICGEN" renew "$before"
ends "$before" 2092-01-01T00:00:00Z

test_case "renew: errors"
run_code 2 "$LICGEN" renew
run_code 2 "$LICGEN" renew "$acme" "$sold"
run_code 2 "$LICGEN" renew "$acme" --months 3 --expires 2110-01-01
run_code 2 "$LICGEN" renew "$acme" --months 3 --months 4
run_code 2 "$LICGEN" renew "$acme" --month 3
assert_stderr_has "--months"
for value in 0 -1 1201 1.5 x '' 99999999999999999999; do run_code 3 "$LICGEN" renew "$acme" --months="$value"; done
for value in soon 2110-02-30 '' 10000-01-01; do run_code 3 "$LICGEN" renew "$acme" --expires "$value"; done
run_code 3 "$LICGEN" renew "$acme" --expires 2050-01-01
assert_stderr_has "licgen change"
run_code 3 "$LICGEN" renew "$acme" --order "$(head -c 1001 /dev/zero | tr '\0' x)"
run_code 3 "$LICGEN" renew "$acme" --reason $'\xff'
run_code 3 "$LICGEN" renew nonsense
run_code 3 "$LICGEN" renew ../../etc/passwd
run_code 4 "$LICGEN" renew $absent
run_code 4 "$LICGEN" --json renew $absent
assert_json_error not-found 4
run_code 2 "$LICGEN" renew "$acme" --out - --json
new ever --plan starter --customer Ever --perpetual
run_code 3 "$LICGEN" renew "$ever"
assert_stderr_has "never ends"
new noplan --plan open --customer Open --expires 2090-01-01
run_code 3 "$LICGEN" renew "$noplan"
assert_stderr_has "--months"
new far --plan open --customer Far --expires 9999-06-01
run_code 3 "$LICGEN" renew "$far" --months 12
entries "$far" create
terms "$acme" 'l["serial"] == 7'

test_case "change: another plan"
new plan --plan starter --customer Changer --email c@changer.example --expires 2090-05-05 --feature sso --seats 9
run_ok "$LICGEN" change "$plan" --plan enterprise --reason upgrade --json
reissued "$plan" 2 plan grace_days seats features/basic-dashboard features/email-support features/standard-sla features/sso \
  features/enterprise-dashboard features/multi-llm-support features/real-time-monitoring features/custom-workflows \
  features/advanced-analytics features/white-label-branding features/premium-support features/sla-guarantees \
  features/api-access features/custom-integrations limits/clients limits/tickets
assert_json '{"member": "seats", "before": "9", "after": "10"} in d["changes"]'
assert_json '{"member": "features/sso", "before": "true", "after": None} in d["changes"]'
assert_json '{"member": "limits/tickets", "before": "1000 per month", "after": "25000 per month"} in d["changes"]'
terms "$plan" 'l["plan"] == "enterprise" and l["kind"] == "subscription" and l["seats"] == 10 and l["expires_at"] == "2090-05-05T00:00:00Z" and l["grace_days"] == 14 and "sso" not in l["features"] and l["limits"]["clients"] == {"max": 50}'
entries "$plan" create change
terms "$plan" 'd["history"][1]["reason"] == "upgrade" and list(d["history"][1]["detail"]) == ["serial", "sha256", "changes"] and d["history"][1]["detail"]["serial"] == 2'
run_ok "$LICGEN" change "$plan" --plan enterprise --json
unchanged "$plan" 2
run_ok "$LICGEN" change "$plan" --plan enterprise
assert_stdout "$plan unchanged: done before, or so already, serial 2"
run_ok "$LICGEN" change "$plan" --plan starter --feature sso --limit tickets=7/day --seats 4 --expires 2080-01-01 --order PO-55
terms "$plan" 'l["plan"] == "starter" and l["features"]["sso"] is True and l["features"]["email-support"] is True and l["limits"]["tickets"] == {"max": 7, "per": "day"} and l["seats"] == 4 and l["expires_at"] == "2080-01-01T00:00:00Z" and l["order"] == "PO-55" and l["serial"] == 3'
run_ok "$LICGEN" list --json --email c@changer.example
assert_json '[(l["plan"], l["seats"], l["order"]) for l in d["licenses"]] == [("starter", 4, "PO-55")]'

test_case "change: one thing at a time, and nothing when it is so"
one() { # one MEMBER BEFORE AFTER OPTIONS...: changes that and nothing else; repeated, nothing. "-": none
  local member=$1 before=$2 after=$3
  shift 3
  run_ok "$LICGEN" change "$plan" "$@" --json
  assert_json '[[c["member"], c["before"] or "-", c["after"] or "-"] for c in d["changes"]] == [a]' "$member" "$before" "$after"
  run_ok "$LICGEN" change "$plan" "$@" --json
  assert_json 'd["changed"] is False'
}
one seats 4 6 --seats 6
one features/sso true false --feature sso=false
one features/sso false '[a, b]' --feature sso=a,b
one features/level - 5 --feature level=5
one features/word - '"gold"' --feature word=gold
one limits/clients 5 unlimited --limit clients=unlimited
one limits/files - '3 per year' --limit files=3/year
one order PO-55 PO-56 --order PO-56
one expires_at 2080-01-01T00:00:00Z 2079-01-01T00:00:00Z --expires 2079-01-01
one machines any '1 machine' --machine "$machine"
terms "$plan" 'len(l["machines"]) == 1'
one machines '1 machine' '2 machines' --machine "$machine" --machine $other_machine
run_code 3 "$LICGEN" change "$plan" --seats 1
one machines '2 machines' any --any-machine
run_ok "$LICGEN" change "$plan" --months 1200 --json
assert_json '[c["member"] for c in d["changes"]] == ["expires_at"]'
run_ok "$LICGEN" change "$plan" --perpetual --json
assert_json '[(c["member"], c["after"]) for c in d["changes"]] == [("kind", "perpetual"), ("expires_at", "never")]'
run_ok "$LICGEN" change "$plan" --expires 2090-01-01 --json
assert_json '[(c["member"], c["after"]) for c in d["changes"]] == [("kind", "subscription"), ("expires_at", "2090-01-01T00:00:00Z")]'
terms "$plan" 'len(d["history"]) == l["serial"]'

test_case "change: trial to paid, and what ends when"
new try --plan trial --customer "Try Co" --starts 2026-01-01
run_ok "$LICGEN" change "$try" --plan professional --order PO-77 --json
assert_json '{"member": "kind", "before": "trial", "after": "subscription"} in d["changes"]'
year=$(date -u -d '+1 year' +%F)
terms "$try" 'd["status"] == "valid" and l["kind"] == "subscription" and l["expires_at"][:10] == a[0] and l["key"].startswith("TZ-TRIAL-") and l["serial"] == 2 and l["seats"] == 3' "$year"
run_ok "$LICGEN" change "$try" --plan professional --order PO-77 --json
unchanged "$try" 2
new try2 --plan trial --customer "Try Two"
run_ok "$LICGEN" change "$try2" --plan professional --expires 2088-08-08
ends "$try2" 2088-08-08T00:00:00Z
new try3 --plan trial --customer "Try Three"
run_ok "$LICGEN" change "$try3" --plan lifetime
terms "$try3" 'l["kind"] == "perpetual" and l["expires_at"] is None and l["maintenance_until"][:10] == a[0]' "$year"
new tokeep --plan starter --customer Keep --starts 2026-01-01 --expires 2026-02-01
run_ok "$LICGEN" change "$tokeep" --plan professional
terms "$tokeep" 'l["expires_at"] == "2026-02-01T00:00:00Z" and d["status"] == "expired"'

test_case "change: errors"
run_code 2 "$LICGEN" change "$plan"
assert_stderr_has "nothing to change"
run_code 2 "$LICGEN" change "$plan" --reason x
run_code 2 "$LICGEN" change
run_code 2 "$LICGEN" change "$plan" --perpetual --months 3
run_code 2 "$LICGEN" change "$plan" --expires 1y --months 3
run_code 2 "$LICGEN" change "$plan" --machine "$machine" --any-machine
run_code 2 "$LICGEN" change "$plan" --machine "$machine" --machine "$machine"
run_code 2 "$LICGEN" change "$plan" --feature a=1 --feature a=2
run_code 3 "$LICGEN" change "$plan" --plan ''
run_code 4 "$LICGEN" change "$plan" --plan enterprize
assert_stderr_has "did you mean enterprise?"
for value in 0 -1 1000001 x ''; do run_code 3 "$LICGEN" change "$plan" --seats="$value"; done
for value in 0 1201 x; do run_code 3 "$LICGEN" change "$plan" --months "$value"; done
run_code 3 "$LICGEN" change "$plan" --expires 2020-01-01
run_code 3 "$LICGEN" change "$plan" --expires 2027-02-30
run_code 3 "$LICGEN" change "$plan" --feature 'S S'
run_code 3 "$LICGEN" change "$plan" --limit tickets
run_code 3 "$LICGEN" change "$plan" --limit tickets=5/week
run_code 3 "$LICGEN" change "$plan" --machine M1-NONSENSE
run_code 3 "$LICGEN" change "$plan" --maintenance-until 2030-01-01
assert_stderr_has "never ends"
run_code 3 "$LICGEN" change "$plan" --plan bound
assert_stderr_has "--machine"
run_code 3 "$LICGEN" change "$plan" --plan academic
assert_stderr_has ".ac.uk"
run_code 3 "$LICGEN" change nonsense --seats 3
run_code 4 "$LICGEN" change $absent --seats 3 --json
assert_json_error not-found 4
ends "$plan" 2090-01-01T00:00:00Z

test_case "perpetual, with maintenance"
new life --plan lifetime --customer Life --starts 2026-01-31
terms "$life" 'l["kind"] == "perpetual" and l["expires_at"] is None and l["maintenance_until"] == "2027-01-31T00:00:00Z"'
run_ok "$LICGEN" show "$life"
assert_stdout_has "until 2027-01-31T00:00:00Z"
run_ok "$LICGEN" renew "$life" --months 1 --json
assert_json 'd["changes"] == [{"member": "maintenance_until", "before": "2027-01-31T00:00:00Z", "after": "2027-02-28T00:00:00Z"}]'
run_ok "$LICGEN" renew "$life" --months 1
terms "$life" 'l["maintenance_until"] == "2027-03-31T00:00:00Z" and l["expires_at"] is None'
run_ok "$LICGEN" renew "$life"
terms "$life" 'l["maintenance_until"] == "2028-03-31T00:00:00Z"'
run_code 3 "$LICGEN" renew "$life" --expires 2027-01-01
run_ok "$LICGEN" renew "$life" --expires 2029-01-01
run_ok "$LICGEN" renew "$life" --expires 2029-01-01 --json
unchanged "$life" 5
run_ok "$LICGEN" renew "$life" --order PO-M
run_ok "$LICGEN" renew "$life" --order PO-M --json
unchanged "$life" 6
at "2035-06-01 00:00:00" renew "$life" --json
assert_json 'd["changes"][0]["after"][:10] == "2036-06-01"'
new forever --plan forever --customer Forever
terms "$forever" 'l["maintenance_until"] is None'
run_code 3 "$LICGEN" renew "$forever"
run_ok "$LICGEN" change "$forever" --maintenance-until 2030-01-01
run_code 3 "$LICGEN" renew "$forever"
assert_stderr_has "--months"
run_ok "$LICGEN" renew "$forever" --months 12
terms "$forever" 'l["maintenance_until"] == "2031-01-01T00:00:00Z" and l["serial"] == 3'
new until --plan starter --perpetual --maintenance-until 2027-06-30 --customer Until --out until.d
new until2 --plan lifetime --maintenance-until 2y --starts 2030-01-01 --customer Until
terms "$until2" 'l["maintenance_until"] == "2032-01-01T00:00:00Z"'
run_code 3 "$LICGEN" create --plan starter --maintenance-until 2030-01-01 --customer Until
run_code 3 "$LICGEN" create --plan lifetime --maintenance-until 2030-13-01 --customer Until
run_code 3 "$LICGEN" create --plan lifetime --maintenance-until '' --customer Until
run_ok "$LICGEN" create --plan lifetime --maintenance-until 2030-01-01 --customer Until --batch m
run_code 5 "$LICGEN" create --plan lifetime --maintenance-until 2031-01-01 --customer Until --batch m

test_case "licctl: releases that the maintenance covers"
run_ok "$LICCTL" --activate-license "until.d/$until.json"
run_ok "$LICCTL" --license-info
run_ok "$LICCTL" --license-info --release-date 2027-06-30
run_code 22 "$LICCTL" --license-info --release-date 2027-07-01 --json
assert_json 'd["status"] == "version-not-covered" and d["maintenance_until"] == "2027-06-30T00:00:00Z"'
assert_json_error version-not-covered 22
run_ok "$LICGEN" renew "$until" --expires 2028-06-30 --out "$state"
assert_stderr_empty
run_ok "$LICCTL" --license-info --release-date 2027-07-01
run_code 22 "$LICCTL" --license-info --release-date 2028-07-01
run_ok faketime -f +9000d "$LICCTL" --license-file "until.d/$until.json" --license-info --release-date 2027-01-01

test_case "suspend and reinstate"
new open --plan professional --customer "Open AG" --email open@open.example --out "$work/open.d"
cp "open.d/$open.json" open.1.json
run_ok "$LICGEN" suspend "$open" --reason "invoice 4711" --json
reissued "$open" 2 suspended_at
assert_json 'd["changes"][0]["before"] is None and d["changes"][0]["after"].endswith("Z")'
run_ok "$LICGEN" suspend "$open" --reason "invoice 4711" --json
unchanged "$open" 2
run_ok "$LICGEN" suspend "$open"
assert_stdout "$open is suspended already, serial 2"
assert_stderr_empty
terms "$open" 'd["status"] == "suspended" and l["suspended_at"] and l["crit"] == ["suspended_at"] and [h["reason"] for h in d["history"]] == [None, "invoice 4711"]'
run_ok "$LICGEN" show "$open"
assert_stdout_has "since "
run_ok "$LICGEN" list --status suspended --json
assert_json '[l["key"] for l in d["licenses"]] == a' "$open"
for change in "renew $open" "change $open --seats 5" "transfer $open --customer Other"; do
  # shellcheck disable=SC2086 # words
  run_code 5 "$LICGEN" $change
  assert_stderr_has "licgen reinstate $open"
done
run_ok "$LICGEN" export "$open" --out suspended.d
run_ok "$LICGEN" verify "suspended.d/$open.json" --json
assert_json 'd["verdict"] == "valid" and d["status"] == "suspended" and d["serial"] == 2'
run_ok "$LICGEN" reinstate "$open" --reason paid --json
reissued "$open" 3 suspended_at
run_ok "$LICGEN" reinstate "$open" --json
unchanged "$open" 3
run_ok "$LICGEN" reinstate "$open"
assert_stdout "$open is not suspended, serial 3"
entries "$open" create suspend reinstate
terms "$open" 'd["status"] == "valid" and "crit" not in l and not l.get("suspended_at") and d["history"][2]["detail"]["serial"] == 3'
run_ok "$LICGEN" renew "$open" --order PO-S
run_ok "$LICGEN" suspend "$open"
# The retry of a renewal that was done before is no renewal of a suspended license.
run_ok "$LICGEN" renew "$open" --order PO-S --json
unchanged "$open" 5
run_ok "$LICGEN" reinstate "$open" --out open.d
cp "open.d/$open.json" open.6.json
for command in suspend reinstate; do
  run_code 2 "$LICGEN" $command
  run_code 2 "$LICGEN" $command "$open" "$acme"
  run_code 3 "$LICGEN" $command nonsense
  run_code 4 "$LICGEN" $command $absent --json
  assert_json_error not-found 4
  run_code 3 "$LICGEN" $command "$open" --reason $'\xff'
done

test_case "licctl: a newer file in its directory counts, an older one never"
rm -rf "$HOME/.ticketzero"
run_ok "$LICCTL" --activate-license open.1.json
cp "suspended.d/$open.json" "$state/$open.json"
run_code 13 "$LICCTL" --license-info --json
assert_json 'd["status"] == "suspended" and d["features"] == {} and d["license_key"] == a[0]' "$open"
assert_json_error suspended 13
run_code 13 "$LICCTL" --license-info
run_code 13 "$LICCTL" --verify-license
run_code 19 "$LICCTL" --check-feature custom-workflows
# Back to the first one: not by dropping it, not by activating it.
cp open.1.json "$state/$open.json"
run_code 13 "$LICCTL" --license-info
run_code 5 "$LICCTL" --activate-license open.1.json
assert_stderr_has "newest file"
run_code 13 "$LICCTL" --license-info
cp open.6.json "$state/$open.json"
run_ok "$LICCTL" --license-info --json
assert_json 'd["status"] == "valid" and d["plan"] == "professional"'
cp "suspended.d/$open.json" "$state/$open.json"
run_ok "$LICCTL" --license-info
run "$LICCTL" --activate-license "suspended.d/$open.json"
[[ $status == 5 || $status == 13 ]] || fail "an older suspended file was activated"
run_ok "$LICCTL" --license-info
run_code 5 "$LICCTL" --activate-license open.1.json --json
assert_json_error conflict 5
run_ok "$LICCTL" --license-info
run_ok "$LICCTL" --check-feature custom-workflows
run_ok "$LICGEN" change "$open" --plan enterprise --out "$state"
run_ok "$LICCTL" --license-info --json
assert_json 'd["plan"] == "enterprise" and d["seats"] == 10'
run_code 5 "$LICCTL" --activate-license open.6.json
run_ok "$LICCTL" --license-info --json
assert_json 'd["plan"] == "enterprise"'
rm -rf "$HOME/.ticketzero"
run_code 13 "$LICCTL" --activate-license "suspended.d/$open.json"
run_code 10 "$LICCTL" --license-info

test_case "transfer"
run_ok "$LICGEN" transfer "$acme" --customer "Initech Ltd" --email it@initech.example --reason "sold on" --json
reissued "$acme" 8 customer/name customer/email
assert_json 'd["changes"][0] == {"member": "customer/name", "before": "ACME GmbH", "after": "Initech Ltd"} and d["changes"][1]["before"] == "ops@acme.example"'
run_ok "$LICGEN" transfer "$acme" --customer "Initech Ltd" --email it@initech.example --json
unchanged "$acme" 8
run_ok "$LICGEN" transfer "$acme" --customer "Initech Ltd" --email it@initech.example
assert_stdout "$acme is theirs already, serial 8"
run_ok "$LICGEN" transfer "$acme" --email license@initech.example --json
reissued "$acme" 9 customer/email
# Another's address does not stay.
run_ok "$LICGEN" transfer "$acme" --customer "Umbrella" --json
reissued "$acme" 10 customer/name customer/email
assert_json 'd["changes"][1]["after"] is None'
terms "$acme" 'l["customer"] == {"name": "Umbrella"} or l["customer"] == {"name": "Umbrella", "email": ""}'
terms "$acme" '[h["action"] for h in d["history"]][-3:] == ["transfer"] * 3 and d["history"][-3]["reason"] == "sold on" and d["history"][-3]["detail"]["changes"][0]["before"] == "ACME GmbH"'
run_ok "$LICGEN" list --customer Umbrella --json
assert_json '[(l["key"], l["email"]) for l in d["licenses"]] == [(a[0], None)]' "$acme"
run_ok "$LICGEN" list --email it@initech.example --json
assert_json 'd["licenses"] == []'
run_code 2 "$LICGEN" transfer "$acme"
run_code 2 "$LICGEN" transfer "$acme" --reason x
run_code 3 "$LICGEN" transfer "$acme" --customer ''
run_code 3 "$LICGEN" transfer "$acme" --customer $' \t\n'
run_code 3 "$LICGEN" transfer "$acme" --customer $'\xff'
run_code 3 "$LICGEN" transfer "$acme" --customer "$(head -c 1001 /dev/zero | tr '\0' x)"
for value in nonsense @x.example a@ 'a b@x.example' $'a@x.example\nBcc: b@x.example'; do
  run_code 3 "$LICGEN" transfer "$acme" --email "$value"
done
run_code 3 "$LICGEN" transfer nonsense --customer X
run_code 4 "$LICGEN" transfer $absent --customer X
new academic --plan academic --customer "A. Turing" --email a@kings.ac.uk
run_code 3 "$LICGEN" transfer "$academic" --customer "B. Gates" --email bill@microsoft.example
assert_stderr_has ".ac.uk"
run_code 3 "$LICGEN" transfer "$academic" --email a@kings.ac.uk.example
run_code 3 "$LICGEN" transfer "$academic" --customer "A. Turing"
run_ok "$LICGEN" transfer "$academic" --customer "C. Shannon" --email c@mit.edu
terms "$academic" 'l["customer"] == {"name": "C. Shannon", "email": "c@mit.edu"} and l["kind"] == "academic" and l["serial"] == 2'
run_ok "$LICGEN" renew "$academic"
run_ok "$LICGEN" change "$academic" --plan starter
run_ok "$LICGEN" transfer "$academic" --email x@anywhere.example

test_case "hostile names"
# shellcheck disable=SC2016 # not to be expanded
names=($'\e[31mred\e[0m\r\n' $'\u202egnp.exe' "'); DROP TABLE licenses; --" '=1+1' '%s%n$(id)`id`' '../../etc' '-x' '"},{"a":"' $'a\tb' '*' '{}')
serial=3
new evil --plan starter --customer Evil
run_ok "$LICGEN" renew "$evil" --order $'\e]0;x\a"PO"'
assert_no_escapes
run_ok "$LICGEN" renew "$evil" --order $'\e]0;x\a"PO"' --json
unchanged "$evil" 2
for name in "${names[@]}"; do
  run_ok "$LICGEN" transfer "$evil" --customer="$name" --reason "$name"
  assert_no_escapes
  terms "$evil" 'l["customer"]["name"] == a[0] and l["serial"] == int(a[1]) and d["history"][-1]["detail"]["changes"][0]["after"] == a[0] and d["history"][-1]["reason"] == a[0]' "$name" $serial
  run_ok "$LICGEN" transfer "$evil" --customer="$name" --json
  unchanged "$evil" $serial
  run_ok "$LICGEN" show "$evil"
  assert_no_escapes
  run_ok "$LICGEN" check --customer="$name"
  assert_no_escapes
  assert_lines 1
  run_ok "$LICGEN" check --customer="$name" --json
  assert_json 'd["entitled"] is True and [l["customer"] for l in d["licenses"]] == a' "$name"
  run_code 4 "$LICGEN" check --customer="$name "
  assert_no_escapes
  run_ok "$LICGEN" expiring --within 30y
  assert_no_escapes
  serial=$((serial + 1))
done
run_code 2 "$LICGEN" transfer "$evil" -- --customer

test_case "a revoked license refuses everything"
new gone --plan professional --customer Gone --email gone@gone.example
run_ok "$LICGEN" renew "$gone" --order PO-G
run_ok "$LICGEN" suspend "$gone"
run_ok "$LICGEN" revoke "$gone" --reason fraud
for change in "renew $gone" "renew $gone --order PO-G" "change $gone --plan enterprise" "change $gone --plan professional" \
  "suspend $gone" "reinstate $gone" "transfer $gone --customer Other" "transfer $gone --customer Gone --email gone@gone.example"; do
  # shellcheck disable=SC2086 # words
  run_code 5 "$LICGEN" $change --out revoked.d
  assert_stderr_has "fraud"
  assert_stdout_empty
  # shellcheck disable=SC2086
  run_code 5 "$LICGEN" $change --json
  assert_json_error conflict 5
done
assert_absent revoked.d
entries "$gone" create renew suspend revoke
run_code 11 "$LICGEN" check --email gone@gone.example

test_case "--out and --force"
new writes --plan starter --customer Writes --expires 2090-01-01
run_ok "$LICGEN" renew "$writes" --out new/dir --json
assert_json 'd["files"] == ["new/dir/%s.json" % a[0]]' "$writes"
assert_mode "new/dir/$writes.json" 644
cp "new/dir/$writes.json" old.json
run_ok "$LICGEN" renew "$writes" --out new/dir
! cmp -s old.json "new/dir/$writes.json" || fail "the old file stayed"
assert_entries new/dir 1
run_ok "$LICGEN" verify "new/dir/$writes.json" --json
assert_json 'd["serial"] == 3'
run_ok "$LICGEN" change "$writes" --seats 7 --out -
assert_lines 1
assert_json 'd["payloadType"] == "application/vnd.lic.license.v1+json"'
run_ok "$LICGEN" suspend "$writes" --out lines.jsonl
[ "$(wc -l <lines.jsonl)" -eq 1 ] || fail "not one line"
run_code 5 "$LICGEN" reinstate "$writes" --out lines.jsonl
assert_stderr_has "--force"
terms "$writes" 'd["status"] == "suspended" and l["serial"] == 5'
run_ok "$LICGEN" reinstate "$writes" --out lines.jsonl --force
input=lines.jsonl run_ok "$LICGEN" verify - --json
assert_json 'd["serial"] == 6 and d["status"] == "valid"'
run_ok "$LICGEN" transfer "$writes" --customer Wrote --out new/dir
ln -sf "$work/victim" "new/dir/$writes.json"
run_ok "$LICGEN" renew "$writes" --out new/dir
assert_absent victim
run_code 4 "$LICGEN" renew "$writes" --out nowhere/lines.jsonl
terms "$writes" 'l["serial"] == 8'
# Written into a directory that takes no file: the license is renewed and the answer says so.
mkdir "new/dir2" && mkdir "new/dir2/$writes.json"
run_code 1 "$LICGEN" renew "$writes" --order PO-W --out new/dir2
assert_stderr_has "serial 9"
rmdir "new/dir2/$writes.json"
run_ok "$LICGEN" renew "$writes" --order PO-W --out new/dir2 --json
assert_json 'd["serial"] == 9 and d["changed"] is False and len(d["files"]) == 1'

test_case "check"
run_ok "$LICGEN" check --email open@open.example
assert_stdout_has "$open valid enterprise until "
assert_lines 1
assert_stderr_empty
run_ok "$LICGEN" check --email OPEN@Open.Example --json
assert_json 'list(d) == ["entitled", "licenses"] and d["entitled"] is True'
assert_json 'list(d["licenses"][0]) == ["key","status","plan","kind","customer","email","issued_at","expires_at","seats","activations","order"]'
run_ok "$LICGEN" check --customer "open ag"
run_ok "$LICGEN" suspend "$open"
run_code 11 "$LICGEN" check --customer "Open AG"
assert_stdout_has "$open suspended"
assert_stderr_has "no license of 'Open AG' holds today"
run_code 11 "$LICGEN" check --customer "Open AG" --json
assert_json 'd["entitled"] is False and d["licenses"][0]["status"] == "suspended"'
assert_json_error expired 11
new second --plan trial --customer "Open AG"
run_ok "$LICGEN" check --customer "Open AG"
assert_lines 2
run_ok "$LICGEN" reinstate "$open"
new ended --plan starter --customer Ended --email e@ended.example --starts 2020-01-01 --expires 2020-06-01
run_code 11 "$LICGEN" check --email e@ended.example
new late --plan starter --customer Late --starts 2020-01-01 --expires "$(date -u -d '3 days ago' +%F)"
run_ok "$LICGEN" check --customer Late
assert_stdout_has grace
run_ok "$LICGEN" check --customer Ever
assert_stdout "$ever valid starter"
run_code 11 "$LICGEN" check --customer Before
assert_stdout_has not-yet-valid
run_ok "$LICGEN" renew "$ended"
run_ok "$LICGEN" check --email e@ended.example
run_code 4 "$LICGEN" check --email nobody@example.com
assert_stdout_empty
run_code 4 "$LICGEN" check --customer 'Op*' --json
assert_json_error not-found 4
run_code 4 "$LICGEN" check --email ops@acme.example
run_code 2 "$LICGEN" check
run_code 2 "$LICGEN" check --email a@b.example --customer X
run_code 2 "$LICGEN" check Open
run_code 3 "$LICGEN" check --email ''
run_code 3 "$LICGEN" check --customer '' --json
assert_json_error invalid-input 3

test_case "expiring"
export LICGEN_HOME=$work/h2
run_ok "$LICGEN" init --catalog catalog.json --no-passphrase --quiet
run_ok "$LICGEN" expiring
assert_stdout_empty
assert_stderr_has "30d"
run_ok "$LICGEN" expiring --json
assert_json 'd == {"licenses": []}'
new soon --plan starter --customer Soon --email s@soon.example --expires 20d
new sooner --plan starter --customer Sooner --expires 10d
new month --plan starter --customer Month --expires 45d
new try --plan trial --customer Try --expires 5d
new paused --plan starter --customer Paused --expires 3d
new cancelled --plan starter --customer Cancelled --expires 3d
new past --plan starter --customer Past --starts 2020-01-01 --expires "$(date -u -d '3 days ago' +%F)"
new never --plan starter --customer Never --perpetual
run_ok "$LICGEN" suspend "$paused"
run_ok "$LICGEN" revoke "$cancelled" --reason x
expires() { # expires CUSTOMER... -- ARGS: exactly these, in this order
  local wanted=()
  while [ "$1" != -- ]; do wanted+=("$1") && shift; done
  shift
  run_ok "$LICGEN" expiring --json "$@"
  assert_json 'list(d) == ["licenses"] and [l["customer"] for l in d["licenses"]] == a' "${wanted[@]}"
}
expires Try Sooner Soon --
assert_json 'list(d["licenses"][0])[-1] == "days_left" and len(d["licenses"]) == 3 and all(days - l["days_left"] in (0, 1) for days, l in zip([5, 10, 20], d["licenses"]))'
expires Try Sooner Soon -- --within 30d
expires Try Sooner Soon Month -- --within 2mo
expires Try Sooner -- --within 11d
expires -- --within 6h
run_ok "$LICGEN" expiring
assert_lines 4
assert_stdout_has "$soon"
assert_stdout_has s@soon.example
assert_stderr_empty
run_ok "$LICGEN" renew "$soon"
expires Try Sooner --
run_ok "$LICGEN" reinstate "$paused"
expires Paused Try Sooner --
for value in 0d x '' 30 99999y; do run_code 3 "$LICGEN" expiring --within "$value"; done
run_code 2 "$LICGEN" expiring extra
export LICGEN_HOME=$work/h

test_case "passphrase: only what signs needs it"
export LICGEN_HOME=$work/locked LICGEN_PASSPHRASE=secret
run_ok "$LICGEN" init --catalog catalog.json --quiet
new locked --plan starter --customer Locked --email l@locked.example
unset LICGEN_PASSPHRASE
for change in "renew $locked" "change $locked --seats 5" "suspend $locked" "transfer $locked --customer Other"; do
  # shellcheck disable=SC2086 # words
  run_code 6 "$LICGEN" $change
done
echo wrong >wrong
run_code 6 "$LICGEN" --passphrase-file wrong renew "$locked"
entries "$locked" create
run_ok "$LICGEN" check --email l@locked.example
run_ok "$LICGEN" expiring
echo secret >right
run_ok "$LICGEN" --passphrase-file right renew "$locked"
export LICGEN_HOME=$work/h

test_case "two at once under one order renew once"
new race --plan starter --customer Race --expires 2090-01-01
for round in 1 2 3 4 5; do
  pids=()
  for i in 1 2 3 4; do
    "$LICGEN" renew "$race" --order "PO-R$round" --json >"race.$i" 2>&1 &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || fail "a renewal failed: $(cat race.?)"; done
  [ "$(cat race.? | grep -c '"changed":true')" -eq 1 ] || fail "not one was the renewal: $(cat race.?)"
done
ends "$race" 2095-01-01T00:00:00Z
entries "$race" create renew renew renew renew renew
# Without an order each is a renewal, and none is lost.
pids=()
for i in 1 2 3 4; do
  "$LICGEN" renew "$race" >"race.$i" 2>&1 &
  pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || fail "a renewal failed: $(cat race.?)"; done
terms "$race" 'l["serial"] == 10 and l["expires_at"] == "2099-01-01T00:00:00Z" and [h["detail"]["serial"] for h in d["history"]] == list(range(1, 11))'

test_case "killed at any moment: no serial without its history"
new killed --plan starter --customer Killed --expires 2090-01-01
for i in {1..40}; do
  case $((i % 4)) in
    0) command=(suspend "$killed") ;;
    1) command=(reinstate "$killed") ;;
    2) command=(transfer "$killed" --customer "Killed $i") ;;
    3) command=(renew "$killed" --months 1) ;;
  esac
  "$LICGEN" "${command[@]}" >/dev/null 2>&1 &
  pid=$!
  sleep "$(printf '0.%03d' $((RANDOM % 30)))"
  kill -9 $pid 2>/dev/null
  wait $pid 2>/dev/null
  terms "$killed" 'len(d["history"]) == l["serial"] and [h["detail"]["serial"] for h in d["history"]] == list(range(1, l["serial"] + 1))'
done
echo "  $("$LICGEN" show "$killed" --json | "$python" -c 'import json,sys; print(json.load(sys.stdin)["license"]["serial"] - 1)') of 40 were done before the kill"
only_in_a_file
# What the rows say is what was signed.
"$python" - h/ledger.db <<'END' || fail "rows and documents differ"
import base64, json, sqlite3, sys
from datetime import datetime
seconds = lambda t: None if t is None else int(datetime.fromisoformat(t.replace("Z", "+00:00")).timestamp())
rows = sqlite3.connect(sys.argv[1]).execute("""
    SELECT key, serial, plan, kind, customer, email, issued_at, starts_at, expires_at, maintenance_until, suspended_at,
           seats, order_id, created_at, document,
           (SELECT count(*) FROM history h WHERE h.key = l.key AND h.action <> 'revoke')
    FROM licenses l JOIN documents ON license = number""").fetchall()
assert len(rows) > 30
for key, serial, plan, kind, name, email, issued, starts, ends, maintained, suspended, seats, order, created, text, entries in rows:
    t = json.loads(base64.b64decode(json.loads(text)["payload"]))
    assert (key, serial, plan, kind, seats) == (t["key"], t["serial"], t["plan"], t["kind"], t["seats"]), key
    assert (name, email or "") == (t["customer"]["name"], t["customer"].get("email") or ""), key
    assert (issued, starts, ends) == (seconds(t["issued_at"]), seconds(t["starts_at"]), seconds(t["expires_at"])), key
    assert (maintained, suspended) == (seconds(t["maintenance_until"]), seconds(t.get("suspended_at"))), key
    assert (order or "") == (t["order"] or ""), key
    assert entries == serial and created is not None, key
END
run_ok sqlite3 h/ledger.db "PRAGMA integrity_check; PRAGMA foreign_key_check"
assert_stdout ok

test_case "a ledger that cannot be written"
if [ "$(id -u)" != 0 ]; then
  chmod 400 h/ledger.db
  run_code 6 "$LICGEN" renew "$race"
  run_ok "$LICGEN" check --customer Race
  chmod 600 h/ledger.db
else
  echo "  skipped: root may write everything"
fi

test_case "a plan that is gone from the catalogue"
new relic --plan open --customer Relic --expires 2090-01-01
new relic2 --plan starter --customer Relic --expires 2090-01-01
"$python" -c 'import json; d = json.load(open("catalog.json")); d["plans"] = [p for p in d["plans"] if p["id"] != "starter"]; json.dump(d, open("next.json", "w"))'
run_ok "$LICGEN" catalog import next.json
run_code 4 "$LICGEN" renew "$relic2"
assert_stderr_has starter
run_ok "$LICGEN" renew "$relic2" --months 12
run_ok "$LICGEN" suspend "$relic2"
run_ok "$LICGEN" reinstate "$relic2"
run_ok "$LICGEN" transfer "$relic2" --customer Museum
run_ok "$LICGEN" change "$relic2" --seats 5
run_ok "$LICGEN" change "$relic2" --plan professional

test_case "a name for --out that is no directory is refused before anything changes"
new intact --plan professional --customer Intact --expires 2090-01-01
: >file
for target in name.json name.txt name.csv; do
  run_code 2 "$LICGEN" renew "$intact" --out $target
  assert_absent $target
done
run_code 5 "$LICGEN" renew "$intact" --out file
run_code 2 "$LICGEN" renew "$intact" --out ''
entries "$intact" create

test_case "a plan that is bound to machines keeps its licenses bound"
new tied --plan bound --customer Tied --machine "$machine"
run_code 3 "$LICGEN" change "$tied" --any-machine
terms "$tied" 'len(l["machines"]) == 1'
run_ok "$LICGEN" change "$tied" --machine $other_machine
run_ok "$LICGEN" change "$tied" --any-machine --plan professional

test_case "an order without a number is none"
run "$LICGEN" renew "$intact" --order ''
[[ $status == 2 || $status == 3 ]] || fail "renewed for no order, which a retry would do again"
entries "$intact" create

finished
