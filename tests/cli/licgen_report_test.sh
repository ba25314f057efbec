#!/usr/bin/env bash
# licgen report: a small vendor's two years, with the clock set; its page in a browser.
. "$(dirname "$0")/lib.sh"
: "${LICGEN:?the licgen to test}"
cd "$work" || exit 1
LICGEN_HOME=$work/h
export LICGEN_HOME

# on DATE ARGUMENTS: licgen on that day, at ten.
on() {
  local day=$1
  shift
  run_ok faketime -f "$day 10:00:00" "$LICGEN" "$@"
}
# issue DATE PLAN CUSTOMER EMAIL [OPTION...]: the key in $key.
issue() {
  local day=$1 plan=$2 customer=$3 email=$4
  shift 4
  on "$day" create --plan "$plan" --customer "$customer" --email "$email" --quiet "$@"
  key=$(cat "$out")
}
report() { on 2026-11-22 report "$@"; }

catalog() {
  cat <<END
{"v": 1, "product": "shop", "name": "Shop <b>&amp; Co", "app": "shop", "key_prefix": "SH",
 "plans": [
  {"id": "trial", "name": "Trial", "code": "TRI", "kind": "trial", "days": 14},
  {"id": "pro", "name": "Pro", "code": "PRO", "kind": "subscription", "months": 12, "grace_days": 7, "seats": 5,
   "price": {"amount": "$1", "currency": "USD", "per": "year"}},
  {"id": "monthly", "name": "Monthly", "code": "MON", "kind": "subscription", "months": 1,
   "price": {"amount": "9800", "currency": "JPY", "per": "month"}},
  {"id": "ever", "name": "Ever", "code": "EVE", "kind": "perpetual", "price": {"amount": "99.9", "currency": "USD"}}]}
END
}

test_case "nothing yet"
catalog 1000.00 >one.json
on 2025-01-01 init --catalog one.json --no-passphrase --quiet
report
assert_stdout_has "TOTAL"
report --json
assert_json 'd["rows"] == [] and d["total"]["licenses"] == 0 and d["total"]["renewal_rate"] is None'
report --html empty.html --quiet
grep -q 'There are no licenses yet' empty.html || fail "an empty page says nothing"

test_case "two years"
issue 2025-03-10 pro 'ACME GmbH' ops@acme.example
acme=$key
issue 2025-04-01 pro 'Lost Ltd' it@lost.example
issue 2025-06-15 trial 'Try Inc' Buyer@try.example
issue 2025-06-20 pro 'Try Inc' buyer@TRY.example
issue 2026-05-01 trial 'Never Inc' never@x.example
issue 2026-05-02 trial 'Late Inc' late@x.example
trial=$key
on 2026-05-10 change "$trial" --plan pro --quiet
on 2026-02-20 renew "$acme" --quiet
catalog 2000.000 >two.json
on 2026-04-01 catalog import two.json --quiet
issue 2026-06-01 monthly '株式会社' jp@x.example
month=$key
on 2026-06-20 renew "$month" --quiet
issue 2026-07-01 ever '<script>alert("x")</script> & Söhne' s@x.example
issue 2026-07-02 pro 'Half & Co' half@x.example --months 6
issue 2026-07-03 pro 'Bad Payer' bad@x.example
on 2026-07-09 revoke "$key" --reason 'not paid' --quiet
report --by plan --json
assert_json '[r["name"] for r in d["rows"]] == ["ever", "monthly", "pro", "trial"]'
assert_json 'd["from"] == "2025-12-01T00:00:00Z" and d["to"] == "2026-11-22T10:00:00Z"'
# 1000 for the renewal in February; then 2000 a year: conversion 2000, half a year 1000, 2000 not paid.
assert_json '[r["revenue"] for r in d["rows"] if r["name"] == "pro"] == [{"JPY": "0", "USD": "6000.000"}]'
assert_json '[r["revenue"] for r in d["rows"] if r["name"] == "monthly"] == [{"JPY": "19600", "USD": "0.000"}]'
assert_json 'd["total"]["revenue"] == {"JPY": "19600", "USD": "6099.900"}'
assert_json '(d["total"]["new"], d["total"]["renewals"], d["total"]["lost_expired"], d["total"]["lost_revoked"]) == (5, 2, 3, 1)'
# Ends: ACME and the month were renewed; Lost, Try and the second month were not.
assert_json '(d["total"]["ends"], d["total"]["ends_renewed"], d["total"]["renewal_rate"]) == (5, 2, "40.0")'
assert_json '(d["total"]["trials_started"], d["total"]["trials_converted"], d["total"]["conversion_rate"]) == (2, 1, "50.0")'
assert_json 'd["total"]["licenses"] == 10 and d["total"]["in_force"] == 4'
assert_json 'd["html"] is None and d["others"] is None and d["customers"] == 9'
# Half & Co ends in 41 days.
assert_json '[(x["days"], x["licenses"], x["amount"]["USD"]) for x in d["due"]] == [(0, 0, "0.000"), (30, 0, "0.000"), (60, 1, "2000.000"), (90, 1, "2000.000")]'

test_case "periods and groups"
report --from 2025-01-01 --to 2026-01-01 --by month --json
assert_json '[r["name"] for r in d["rows"]] == ["2025-%02d" % m for m in range(3, 13)]'
assert_json 'd["total"]["new"] == 3 and d["total"]["revenue"]["USD"] == "3000.000" and d["total"]["trials_converted"] == 1'
assert_json '"licenses" not in d["rows"][0] and d["rows"][-1]["in_force"] == 3'
report --by customer --top 1 --json
assert_json '[r["name"] for r in d["rows"]] == ["Bad Payer"] and d["others"]["licenses"] == 9'
report --by customer
assert_stdout_has '<script>alert("x")</script> & Söhne'
report --by status
assert_stdout_has "revoked"
run_code 3 "$LICGEN" report --from yesterday
run_code 3 "$LICGEN" report --from 2026-01-01 --to 2026-01-01
run_code 3 faketime -f '2026-11-22 10:00:00' "$LICGEN" report --from 2027-01-01
run_code 2 "$LICGEN" report --by color
run_code 2 "$LICGEN" report --top 0
run_code 2 "$LICGEN" report --html - --json
run_code 4 "$LICGEN" --home absent report

test_case "it only reads"
ledger_now before
report >/dev/null
ledger_now after
assert_same after before

test_case "the page"
report --html page.html --json
assert_json 'd["html"] == "page.html"'
assert_mode page.html 600
run_code 5 "$LICGEN" report --html page.html
report --html page.html --force
report --html - --quiet
assert_same "$out" page.html
"$python" - <<'END' || fail "the page is not as it should be"
import base64, hashlib, html.parser, re
page = open("page.html", encoding="utf-8").read()
class Strict(html.parser.HTMLParser):
    void = {"meta", "line"}
    def __init__(self):
        super().__init__(); self.open = []; self.texts = []; self.names = set()
    def handle_starttag(self, tag, attrs):
        names = [n for n, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        assert not any(n.startswith("on") or n in ("style", "src", "href", "srcset", "action") for n in names), (tag, names)
        assert tag not in ("script", "link", "iframe", "img", "object", "base", "form", "b"), tag
        self.names.add(tag)
        if tag not in self.void: self.open.append(tag)
    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.void: self.open.pop()
    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag
    def handle_data(self, data):
        if self.open and self.open[-1] != "style": self.texts.append(data)
p = Strict(); p.feed(page); p.close()
assert p.open == [], p.open
text = " ".join(p.texts)
for wanted in ['<script>alert("x")</script> & Söhne', "Shop <b>&amp; Co", "6,099.900", "19,600", "40.0 %", "株式会社", "Half & Co"]:
    assert wanted in text, wanted
assert {"svg", "table", "caption", "figure", "title", "h1"} <= p.names
style = re.search(r"<style>(.*?)</style>", page, re.S)[1]
digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
csp = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
assert csp == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'", csp
assert not re.search(r"https?:|url\(|@import", page)
END

test_case "the page in a browser"
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ]; then
  echo "  SKIPPED: there is no chromium here"
  finished
  exit 0
fi
# The page in a frame of 360 pixels, measured by a script of the test's around it; --disable-web-security
# lets that look inside. No name can be resolved, so any request would fail and be logged.
cat >frame.html <<'END'
<!DOCTYPE html><title>waiting</title><iframe id="f" src="page.html" width="360" height="800"></iframe><pre id="r"></pre>
<script>
f.onload = () => {
  const d = f.contentDocument, w = f.contentWindow, seen = {};
  seen.overflow = d.documentElement.scrollWidth - d.documentElement.clientWidth;
  seen.requests = w.performance.getEntriesByType("resource").length;
  seen.heading = d.querySelector("h1").textContent;
  seen.styled = w.getComputedStyle(d.querySelector("td.n")).textAlign;
  seen.bars = [...d.querySelectorAll(".chart rect")].every(r => r.getBoundingClientRect().height > 0);
  seen.columns = d.querySelectorAll(".chart rect").length;
  seen.scripts = d.scripts.length;
  seen.cut = [...d.querySelectorAll("h1, h2, dd, figcaption, p")].filter(e => e.scrollWidth > e.clientWidth + 1).length;
  r.textContent = JSON.stringify(seen);
};
</script>
END
run timeout 120 "$browser" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-web-security \
  --allow-file-access-from-files --user-data-dir="$work/browser" --no-first-run --disable-background-networking \
  --host-resolver-rules='MAP * ~NOTFOUND' --virtual-time-budget=20000 --dump-dom "file://$work/frame.html"
[ "$status" -eq 0 ] || fail "the browser failed"
"$python" - "$out" <<'END' || fail "the page is not as it should be in a browser"
import html, json, re, sys
found = re.search(r'<pre id="r">(.*?)</pre>', open(sys.argv[1], encoding="utf-8").read(), re.S)
seen = json.loads(html.unescape(found[1]))
print(seen, file=sys.stderr)
assert seen["overflow"] == 0 and seen["requests"] == 0 and seen["scripts"] == 0 and seen["cut"] == 0
assert seen["heading"] == "Shop <b>&amp; Co: licenses and revenue"
assert seen["styled"] == "right" and seen["bars"] and seen["columns"] > 10
END

finished
