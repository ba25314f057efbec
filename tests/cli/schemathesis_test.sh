#!/usr/bin/env bash
# licgen serve against what Schemathesis makes of openapi.json: requests that the description allows, and ones that it
# does not. Skipped where Schemathesis is neither installed nor to be had from PyPI.
#
#   SCHEMATHESIS_SEED  another one than the usual, for other requests
#   SCHEMATHESIS_MOST  how many requests for each operation (default 30)
. "$(dirname "$0")/lib.sh"
at_a_desk
with_server
limits=(--address-limit 0 --license-limit 0 --token-limit 0)
version=4.32.5

# Prints the program. It is installed beside the build, once.
find_schemathesis() {
  local place=${LIC_BUILD_DIR:?}/schemathesis-$version
  if type -P schemathesis; then return; fi
  if [ ! -x "$place/bin/schemathesis" ]; then
    rm -rf "$place"
    { python3 -m venv "$place" && timeout 240 "$place/bin/pip" install -q --disable-pip-version-check "schemathesis==$version"; } \
      >schemathesis.out 2>&1 || return 1
  fi
  echo "$place/bin/schemathesis"
}
if ! program=$(find_schemathesis); then
  echo "skipped: Schemathesis $version cannot be installed: $(tail -n 1 schemathesis.out)"
  rm -rf "${LIC_BUILD_DIR:?}/schemathesis-$version"
  exit 77
fi

run_ok "$LICGEN" init --catalog "$examples/ticketzero.json" --no-passphrase --quiet
run_ok "$LICGEN" keys delegate --no-passphrase --quiet
run_ok "$LICGEN" product export --out product.json
run_ok "$LICGEN" revocations export --out revocations.json
run_ok "$LICGEN" token create --name schemathesis --scope admin --quiet
token=$(cat "$out")
run_ok "$LICGEN" create --plan professional --customer ACME --quiet

test_case "every request is answered as openapi.json says"
serve --can-issue --revocations revocations.json
cat >schemathesis.toml <<'END'
[checks]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 431]
END
# positive_data_acceptance is left out: that a license is there, or an end is not past, no schema can say.
run "$program" --config-file schemathesis.toml run "$url/openapi.json" -H "Authorization: Bearer $token" --seed "${SCHEMATHESIS_SEED:-1}" \
  --max-examples "${SCHEMATHESIS_MOST:-30}" --phases coverage,fuzzing --warnings off --no-color \
  --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,negative_data_rejection,missing_required_header,unsupported_method,allow_header_conformance,ignored_auth
sed -n '/^Test cases:/,/^$/p' "$out"
[ "$status" -eq 0 ] || {
  grep -vE 'KeyError: ' "$out" | cut -c1-300 >&2
  fail "requests that were not answered as described"
}
run_ok "$python" "$here/serve_client.py" "$url" product.json 'assert fetch("GET", "/readyz")[0] == 200'
stop TERM 0
run_ok "$LICGEN" audit

finished
