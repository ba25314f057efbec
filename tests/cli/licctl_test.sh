#!/usr/bin/env bash
# licctl: every action, from a vendor's first license to a user's last day.
. "$(dirname "$0")/lib.sh"
: "${LICGEN:?the licgen to test}" "${LICCTL:?the licctl to test}"
here=$(cd "$(dirname "$0")" && pwd)
examples=$here/../../docs/examples
cd "$work" || exit 1

for product in ticketzero tensorpack; do
  run_ok "$LICGEN" --home "$work/$product" init --catalog "$examples/$product.json" --no-passphrase --quiet
  run_ok "$LICGEN" --home "$work/$product" product export --out "$work/$product.product.json"
done
LICCTL_PRODUCT=$work/ticketzero.product.json
export LICCTL_PRODUCT

# issue NAME CREATE-OPTIONS...: a license of TicketZero in NAME.json, its key in $key.
issue() {
  local name=$1
  shift
  run_ok "$LICGEN" --home "$work/ticketzero" create --customer "ACME GmbH" --email ops@acme.example "$@" --out "$work/$name.d"
  key=$(cat "$out")
  cp "$work/$name.d/$key.json" "$work/$name.json"
}
fresh_home() {
  HOME=$work/home.$((++homes))
  export HOME
  mkdir "$HOME"
  state=$HOME/.ticketzero/license
}
homes=0

test_case "nothing activated: the product's unlicensed terms, exit 10"
fresh_home
run_code 10 "$LICCTL" --license-info
assert_stderr_has "nothing is activated"
assert_stdout_has "no-license"
run_code 10 "$LICCTL" --license-info --json
assert_json 'd["status"] == "no-license" and d["plan"] is None and d["license_key"] is None and d["source"] is None'
assert_json 'd["limits"]["clients"]["max"] == 1 and d["limits"]["tickets"]["per"] == "month" and d["features"] == {}'
assert_json 'd["next"] == {"action": "buy", "url": "https://ticketzero.example/buy"}'
assert_json_error no-license 10
run_code 10 "$LICCTL" --deactivate-license
run_code 10 "$LICCTL" --verify-license
run_code 19 "$LICCTL" --check-feature ai-ticket-processing
assert_absent "$state"

test_case "nothing activated, with a free plan: status free, exit 0"
run_ok "$LICCTL" --product-file "$work/tensorpack.product.json" --license-info --json
assert_json 'd["status"] == "free" and d["plan"] == "free" and d["kind"] == "free" and d["source"] == "free"'
assert_json 'd["limits"]["api-calls"]["max"] == 5 and d["limits"]["api-calls"]["left"] == 5 and d["limits"]["datasets"]["resets"] is None'
run_ok "$LICCTL" --product-file "$work/tensorpack.product.json" --check-feature normalization
run_code 19 "$LICCTL" --product-file "$work/tensorpack.product.json" --check-feature custom-transformations --json
assert_json_error feature-not-licensed 19
assert_absent "$HOME/.tensorpack"

test_case "activated from a file, and all that is known of it"
issue pro --plan professional --months 12 --order PO-1
run_ok "$LICCTL" --activate-license pro.json
assert_stdout_has "activated $key"
assert_stderr_empty
run_ok "$LICCTL" --license-info --json
assert_json 'list(d) == ["status","license_key","plan","plan_name","kind","customer","starts","expires","maintenance_until","days_remaining","activation_date","features","limits","seats","floating","machine_id","source","verified_at","latest_time","revoked","revocation_list","lease","denied","next","obstacle","warnings"]'
assert_json 'd["status"] == "valid" and d["license_key"] == a[0] and d["plan"] == "professional" and d["plan_name"] == "Professional"' "$key"
assert_json 'd["customer"] == {"name": "ACME GmbH", "email": "ops@acme.example"} and d["source"] == "offline" and d["seats"] == 3'
assert_json 'd["days_remaining"] in (364, 365) and d["warnings"] == [] and d["next"]["action"] == "renew"'
assert_json 'd["limits"]["tickets"] == {"max": 5000, "per": "month", "used": 0, "left": 5000, "resets": d["limits"]["tickets"]["resets"]}'
run_ok "$LICCTL" --license-info
assert_stdout_has "Professional"
assert_stderr_empty
run_ok "$LICCTL" --verify-license
assert_stdout_has "signed document"
run_ok "$LICCTL" --check-feature custom-workflows
assert_mode "$state" 700
for file in license_data.json state.key "$key.json"; do assert_mode "$state/$file" 600; done

test_case "by its key, typed carelessly"
run_ok "$LICCTL" --activate-license "$(tr -d - <<<"$key" | tr '[:upper:]' '[:lower:]')"
run_code 3 "$LICCTL" --activate-license "${key%?}$([[ $key == *0 ]] && echo 1 || echo 0)"
assert_stderr_has "did you mean $key?"
run_code 4 "$LICCTL" --activate-license "$("$LICGEN" --home ticketzero create --plan starter --customer X)"
assert_stderr_has "support@ticketzero.example"
run_code 4 "$LICCTL" --activate-license ./none.json
run_code 15 "$LICCTL" --activate-license "$key" --license-file ticketzero.product.json
run_ok "$LICCTL" --activate-license "$key" --license-file pro.json
run_ok "$LICGEN" --home "$work/ticketzero" create --plan starter --customer X --out mismatch.d
run_code 3 "$LICCTL" --activate-license "$key" --license-file mismatch.d/*.json

test_case "from standard input"
input=pro.json
run_ok "$LICCTL" --activate-license -
input=/dev/null

test_case "one action a call"
run_code 2 "$LICCTL"
run_code 2 "$LICCTL" --license-info --plans
run_code 2 "$LICCTL" --licence-info
assert_stderr_has "--license-info"
run_code 2 "$LICCTL" --explain
run_code 2 "$LICCTL" --email x@y.example --license-info

test_case "early failure for CI"
run_ok "$LICCTL" --license-info --fail-if-expires-within 30d
run_code 11 "$LICCTL" --license-info --fail-if-expires-within 13mo --json
assert_json 'd["status"] == "valid"'
assert_json_error expired 11
run_code 3 "$LICCTL" --license-info --fail-if-expires-within soon

test_case "a license judged where it lies"
fresh_home
run_ok "$LICCTL" --license-file "$work/pro.json" --license-info --json
assert_json 'd["plan"] == "professional"'
assert_absent "$state"

test_case "what does not hold is not activated, and what was active stays"
issue now --plan starter
run_ok "$LICCTL" --activate-license now.json
cp "$state/license_data.json" before
issue later --plan professional --starts 2099-01-01
run_code 16 "$LICCTL" --activate-license later.json --json
assert_json_error not-yet-valid 16
issue bound --plan professional --machine M1-06768-KM0YN-NHMQ0-23CHX-WBCPA-C91C1-85Z7Y-YHK02-H670D-EYF0F-XGAXW-G3BN9-6
run_code 14 "$LICCTL" --activate-license bound.json --json
assert_json_error wrong-machine 14
run_code 15 "$LICCTL" --activate-license ticketzero.product.json
run_ok "$LICGEN" --home tensorpack create --plan premium --customer X --out other
run_code 15 "$LICCTL" --activate-license other/*.json
assert_same "$state/license_data.json" before
run_ok "$LICCTL" --check-feature basic-dashboard

test_case "files that are no license: code 3, and at once"
mkfifo pipe
mkdir directory.json
: >empty.json
head -c 100 pro.json >short.json
{ printf '\xef\xbb\xbf' && cat pro.json; } >bom.json
{ cat pro.json && echo x; } >trailing.json
sed 's/"payload"/"payload":"","payload"/' pro.json >double.json
printf '[%.0s' {1..100000} >deep.json
truncate -s 1G huge.json
for bad in pipe directory.json empty.json short.json bom.json trailing.json double.json deep.json huge.json /dev/zero /dev/null; do
  [[ $bad == /* ]] || bad=./$bad
  run_code 3 timeout 5 "$LICCTL" --activate-license "$bad"
done
assert_same "$state/license_data.json" before

test_case "deactivation keeps the signed file"
run_ok "$LICCTL" --deactivate-license
run_code 10 "$LICCTL" --license-info
key=$(basename "$state"/TZ-STA-*.json .json)
assert_file "$state/$key.json"
run_ok "$LICCTL" --activate-license "$key"

test_case "an edited summary is tampering (15), and activation recovers from it"
sed -i 's/"starter"/"enterprise"/' "$state/license_data.json"
run_code 15 "$LICCTL" --license-info --json
assert_json 'd["plan"] == "starter" and d["features"] == {} and "tampered" in d["warnings"][0]'
assert_json_error untrusted 15
run_ok "$LICCTL" --activate-license "$key"
run_ok "$LICCTL" --license-info

test_case "a damaged state grants nothing and is kept"
for damage in '' '{}' '[]' '{"sealed":5}' 'x'; do
  printf %s "$damage" >"$state/license_data.json"
  run_code 10 "$LICCTL" --license-info
  assert_stderr_has "corrupt-"
  run_ok "$LICCTL" --activate-license "$key"
done
[ "$(find "$state" -name 'license_data.json.corrupt-*' | wc -l)" -eq 5 ] || fail "not all damaged states were kept"

test_case "a state that is a symbolic link is refused"
mv "$state/license_data.json" "$state/real"
ln -s real "$state/license_data.json"
run_code 6 "$LICCTL" --license-info
assert_stderr_has "symbolic link"
rm "$state/license_data.json"
mv "$state/real" "$state/license_data.json"
chmod 644 "$state/state.key"
run_code 6 "$LICCTL" --license-info
chmod 600 "$state/state.key"
run_ok "$LICCTL" --license-info

test_case "without HOME, and with a product file that is none"
run_code 1 env -u HOME "$LICCTL" --license-info
assert_stderr_has "HOME"
run_ok env -u HOME "$LICCTL" --license-info --state-dir "$state"
run_code 4 env -u LICCTL_PRODUCT "$LICCTL" --license-info
assert_stderr_has "product.json"
run_code 4 "$LICCTL" --license-info --product-file none.json
run_code 3 "$LICCTL" --license-info --product-file empty.json
run_code 15 "$LICCTL" --license-info --product-file pro.json
sed 's/"payload":"ey/"payload":"ez/' ticketzero.product.json >altered.json
run "$LICCTL" --license-info --product-file altered.json
[[ $status == 15 || $status == 3 ]] || fail "an altered product file was taken"

test_case "the trial is once, whatever is deleted in the state"
fresh_home
run_ok "$LICCTL" --generate-trial
assert_stdout_has "started Trial"
run_ok "$LICCTL" --license-info --json
assert_json 'd["status"] == "trial" and d["source"] == "trial" and d["days_remaining"] in (29, 30) and d["license_key"].startswith("TZ-TRIAL-")'
run_code 21 "$LICCTL" --generate-trial --json
assert_json_error trial-not-available 21
rm -rf "$HOME/.ticketzero"
run_code 21 "$LICCTL" --generate-trial
run_code 10 "$LICCTL" --license-info
run_code 3 "$LICCTL" --generate-trial --email nonsense
outside=$(find "$HOME" -type f | grep -vc "^$HOME/.local/share/lic/")
[ "$outside" -le 1 ] || fail "a file beside the marks and the lock: $(find "$HOME" -type f)"

test_case "an academic address alone starts the trial and names the plan"
fresh_home
run_ok "$LICCTL" --product-file tensorpack.product.json --generate-trial --email x@ox.ac.uk
assert_stderr_has "Academic"
run_ok "$LICCTL" --product-file tensorpack.product.json --license-info --json
assert_json 'd["plan"] == "trial"'

test_case "the life of a subscription, by the clock"
fresh_home
issue year --plan professional
run_ok "$LICCTL" --activate-license year.json
at_day() { # at_day DAYS CODE STATUS
  run_code "$2" faketime -f "+$1d" "$LICCTL" --license-info --json
  assert_json 'd["status"] == a[0]' "$3"
}
at_day 100 0 valid
at_day 340 0 expiring
at_day 368 0 grace
at_day 380 11 expired
at_day 370 17 clock-moved-back
assert_json_error clock-moved-back 17

test_case "an hour back and another time zone are nothing"
fresh_home
run_ok "$LICCTL" --activate-license "$work/year.json"
run_ok faketime -f "-23h" "$LICCTL" --license-info
run_ok env TZ=Pacific/Kiritimati "$LICCTL" --license-info
run_code 17 faketime -f "-49h" "$LICCTL" --license-info

test_case "what the machine is, and what the vendor offers"
run_ok "$LICCTL" --machine-id
assert_lines 1
run_ok "$LICGEN" --home ticketzero create --plan starter --customer X --machine "$(cat "$out")" --out here.d
run_ok "$LICCTL" --activate-license here.d/*.json
run_ok "$LICCTL" --machine-id --explain --json
assert_json 'd["machine_id"].startswith("M1-") and {f["name"] for f in d["facts"]} >= {"machine-id", "mac", "cpu"}'
run_ok "$LICCTL" --plans
assert_stdout_has "Enterprise"
assert_stdout_has "4500.00 USD per year"
run_ok "$LICCTL" --plans --json
assert_json '[p["id"] for p in d["plans"]] == ["starter", "professional", "enterprise", "trial"]'
run_ok "$LICCTL" --purchase
assert_stdout "https://ticketzero.example/buy"

test_case "an option without a value is no option left out"
for option in --license-file --product-file --state-dir --fail-if-expires-within --release-date --log-file; do
  run_code 2 "$LICCTL" --license-info "$option" ""
  assert_stderr_has "the value is empty"
done
run_code 2 "$LICCTL" --generate-trial --email ""
run_code 2 "$LICCTL" --activate-license --json
run_code 3 "$LICCTL" --license-info --fail-if-expires-within 3x
input=here.d/$(ls here.d)
run_ok "$LICCTL" --license-info --license-file -
input=$LICCTL_PRODUCT
run_ok "$LICCTL" --product-file - --plans
input=/dev/null
run_code 3 "$LICCTL" --license-info --license-file -
run_code 3 "$LICCTL" --license-info --release-date 2027-13-01

test_case "names are shown escaped, and given exactly in JSON"
evil=$'\e[31mACME\u202e "x" =1+1'
run_ok "$LICGEN" --home ticketzero create --plan starter --customer "$evil" --out evil
run_ok "$LICCTL" --activate-license evil/*.json
run_ok "$LICCTL" --license-info
assert_no_escapes
run_ok "$LICCTL" --license-info --json
assert_json 'd["customer"]["name"] == a[0]' "$evil"

test_case "a full disk: the answer still comes, and nothing is lost"
if [ "$(id -u)" = 0 ] && mkdir full && mount -t tmpfs -o size=64k tmpfs full 2>/dev/null; then
  HOME=$work/full
  state=$HOME/.ticketzero/license
  run_ok "$LICCTL" --activate-license "$work/year.json"
  head -c 100000 /dev/zero >full/filler 2>/dev/null
  cp "$state/license_data.json" before
  run_ok faketime -f "+2h" "$LICCTL" --license-info
  run_code 1 "$LICCTL" --activate-license "$work/pro.json"
  assert_stderr_has "space"
  assert_same "$state/license_data.json" before
  run_ok "$LICCTL" --license-info
  cd "$work" && umount full
else
  echo "  skipped: needs root and tmpfs"
fi

finished
