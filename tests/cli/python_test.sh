#!/usr/bin/env bash
# The Python package: installed from its wheel and from the tree, into virtual environments
# and without a network; then python_test.py.
. "$(dirname "$0")/lib.sh"
: "${LICGEN:?the licgen to test}" "${LICCTL:?the licctl to test}" "${LIC_WHEEL_DIR:?where the wheel is}"
here=$(cd "$(dirname "$0")" && pwd)
cd "$work" || exit 1
export LICGEN LICCTL VENDOR=$work/vendor PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INDEX=1

run_ok "$LICGEN" --home vendor init --catalog "$here/../../docs/examples/ticketzero.json" --no-passphrase --quiet
run_ok "$LICGEN" --home vendor product export --out product.json
run_ok "$LICGEN" --home vendor create --plan professional --customer "ACME GmbH" --out issued
run_ok "$LICGEN" --home other init --catalog "$here/../../docs/examples/ticketzero.json" --no-passphrase --quiet
run_ok "$LICGEN" --home other create --plan professional --customer "ACME GmbH" --out forged

test_case "one wheel, for this platform, that needs the C library alone"
wheels=("$LIC_WHEEL_DIR"/lic-*.whl)
[ "${#wheels[@]}" -eq 1 ] || fail "not one wheel: ${wheels[*]}"
assert_file "${wheels[0]}"
case ${wheels[0]##*/} in
  lic-*-py3-none-*linux*_"$(uname -m)".whl) ;;
  *) fail "the wheel is not named for this platform: ${wheels[0]}" ;;
esac
run_ok "$python" -m zipfile -l "${wheels[0]}"
for file in lic/__init__.py lic/py.typed lic/liblic.so.0 lic/liblic-http.so. .dist-info/METADATA .dist-info/RECORD .dist-info/LICENSE; do
  assert_stdout_has "$file"
done

test_case "the wheel in a virtual environment"
run_ok "$python" -m venv wheel
run_ok wheel/bin/pip install --quiet "${wheels[0]}"
run_ok wheel/bin/python -c 'import lic; print(lic.__version__)'
assert_stdout "$("$LICCTL" --version | sed 's/.* //')"
run_ok wheel/bin/pip show lic
assert_stdout_has "License: MIT"
run_ok wheel/bin/pip check

test_case "from the tree in a virtual environment"
run_ok "$python" -m venv tree
cp -r "$here/../../python" copy
cp "$here/../../CMakeLists.txt" "$here/../../LICENSE" .
run_ok env LIC_PYTHON_LIBRARY="$LIC_WHEEL_DIR/liblic.so.0" tree/bin/pip install --quiet ./copy
run_ok tree/bin/python -c 'import lic; print(lic.LicenseManager("product.json").product.name)'
assert_stdout "TicketZero AI"

test_case "the wheel is the same when it is made again"
run_ok "$python" "$here/../../python/build_backend/lic_build.py" --library "$LIC_WHEEL_DIR/liblic.so.0" --http "$LIC_HTTP" \
  --version "$(wheel/bin/python -c 'import lic; print(lic.__version__)')" --out again
assert_same again/*.whl "${wheels[0]}"

test_case "the licensing server is asked, as licctl does"
with_server
export LICGEN_HOME=$work/vendor
run_ok "$LICGEN" keys delegate --no-passphrase --quiet
run_ok "$LICGEN" product export --out online.json
run_ok "$LICGEN" create --plan professional --customer ACME
key=$(cat "$out")
# shellcheck disable=SC2119 # it needs no options
serve
cat >online.py <<'END'
import sys
import lic

url, key = sys.argv[1:]
with lic.LicenseManager("online.json", server=url, state_dir="online") as manager:
    assert manager.activate(key), "no seat"
    status = manager.get_license_status()
    assert status.source == "online" and status.lease and status.lease.server == url, status
    assert status.lease.granted_at < status.lease.refresh_at < status.lease.expires_at
    confirmed = manager.confirm()
    assert confirmed and confirmed.checked_by is lic.CheckedBy.SERVER, confirmed
with lic.LicenseManager("online.json", state_dir="online", offline=True) as manager:
    confirmed = manager.confirm()
    assert confirmed and confirmed.checked_by is lic.CheckedBy.LEASE, confirmed
with lic.LicenseManager("online.json", server="http://127.0.0.1:9", state_dir="online") as manager:
    confirmed = manager.confirm()
    assert confirmed and confirmed.checked_by is lic.CheckedBy.LEASE, confirmed
    assert "no connection could be made" in confirmed.verdict.message, confirmed
END
run_ok env HOME="$work/away" wheel/bin/python online.py "$url" "$key"

test_case "Python: licenses that float"
"$python" - "$here/../../docs/examples/ticketzero.json" >floating.json <<'END'
import json, sys
catalog = json.load(open(sys.argv[1]))
catalog["plans"].append({"id": "team", "name": "Team", "code": "TEAM", "kind": "subscription", "months": 12, "seats": 1,
                         "floating": {"minutes": 10, "borrow_days": 7}})
json.dump(catalog, sys.stdout)
END
run_ok "$LICGEN" catalog import floating.json
run_ok "$LICGEN" product export --out online.json --force
stop TERM 0
# shellcheck disable=SC2119
serve
run_ok "$LICGEN" create --plan team --customer ACME
key=$(cat "$out")
cat >floating.py <<'END'
import datetime
import lic
import sys

url, key = sys.argv[1:]
with lic.LicenseManager("online.json", server=url, state_dir="floating") as manager:
    (team,) = [plan for plan in manager.plans if plan.id == "team"]
    assert team.floating == lic.Floating(10, 7) and team.transfers is None, team
    assert manager.activate(key), "no seat"
    assert manager.get_license_status().floating == lic.Floating(10, 7)
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=2)
    assert manager.borrow(until), "not borrowed"
    assert abs(manager.get_license_status().lease.expires_at - until) < datetime.timedelta(seconds=2)
    given_back = manager.check_in()
    assert given_back and manager.decision().code is lic.Code.LEASE_EXPIRED, given_back
    assert not manager.check_in()
    assert manager.confirm() and manager.decision(), "no seat again"
    assert manager.confirm().queue is None
END
run_ok env HOME="$work/away" wheel/bin/python floating.py "$url" "$key"
stop TERM 0

test_case "python_test.py"
run wheel/bin/python "$here/python_test.py" product.json issued/*.json forged/*.json
[ "$status" -eq 0 ] || { cat "$err" >&2; fail "python_test.py fails"; }
finished
