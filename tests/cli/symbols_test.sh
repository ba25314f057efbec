#!/usr/bin/env bash
# What is in the client, by its symbol tables: no signing for the vendor, no ledger, no TLS;
# the device's own key, which signs usage statements, in one object and not exported; and
# liblic needs libsodium and the C library alone.
#
# With LIC_MOST_BYTES, liblic is no larger than that when it is stripped.
#
# usage: symbols_test.sh LIBLIC.SO LICCTL [LICGEN [OBJECT-OF-LIBLIC:... [LIBLIC-HTTP.SO]]]
set -euo pipefail

fail() { echo "symbols: $*" >&2 && exit 1; }

# Defined or needed, each by its own name; what the linker took from an archive
# shows in the full table of a binary that is not stripped.
symbols() {
  nm -D "$1"
  nm "$1" 2>/dev/null || true
}

readonly signing='crypto_sign_(ed25519_)?(detached|seed_keypair)$'
readonly vendors='crypto_sign_(ed25519_)?keypair|crypto_sign(_ed25519)?$|SigningKey|sign_document|Ledger|sqlite3_|(SSL|EVP|PEM|BIO)_[A-Za-z]|CRYPTO_|curl_'

# has FILE PATTERN: the symbols of that file which match, by their plain names.
has() { symbols "$1" | grep -E "[ _0-9](${2})"; }

for file in "$1" "$2"; do
  [[ -s $file ]] || fail "$file is not there"
  if found=$(has "$file" "$vendors"); then fail "$file has:"$'\n'"$found"; fi
done
if found=$(has "$2" "$signing|DeviceKey"); then fail "$2 has:"$'\n'"$found"; fi
if found=$(nm -D --defined-only "$1" | grep DeviceKey); then fail "$1 exports:"$'\n'"$found"; fi

# Of all that liblic is made of, one object signs.
if (($# > 3)); then
  signers=
  IFS=: read -ra objects <<<"$4"
  for object in "${objects[@]}"; do
    if has "$object" "$signing" >/dev/null; then signers+=" ${object##*/}"; fi
  done
  [[ $signers == ' device_key.cpp.o' ]] || fail "these objects sign:$signers"
fi

# What asks a licensing server verifies, signs nothing, and shows one name.
if (($# > 4)); then
  if found=$(has "$5" "$signing|SigningKey|sign_document|DeviceKey|Ledger|sqlite3_"); then fail "$5 has:"$'\n'"$found"; fi
  exported=$(nm -D --defined-only "$5" | awk '$2 != "A" { print $3 }')
  [[ $exported == lic_ask_server ]] || fail "$5 exports:"$'\n'"$exported"
fi

# The test can tell: the same search does find these in the vendor's program.
if (($# > 2)); then
  for wanted in "$signing" SigningKey sign_document Ledger sqlite3_ 'EVP_[A-Za-z]'; do
    has "$3" "$wanted" >/dev/null || fail "$3 has no $wanted: this test looks at the wrong thing"
  done
fi

needed=$(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
grep -q '^libsodium\.so' <<<"$needed" || fail "$1 does not need libsodium"
if others=$(grep -vE '^(libsodium|libc|libm|ld-linux[a-z0-9-]*)\.so' <<<"$needed"); then
  # The C++ runtime is linked in unless the build says otherwise (sanitizers do).
  if [[ ${LIC_SHARED_RUNTIME:-} != 1 ]]; then fail "$1 also needs:"$'\n'"$others"; fi
  if others=$(grep -vE '^lib(stdc\+\+|gcc_s|asan|ubsan|tsan)\.so' <<<"$others"); then
    fail "$1 also needs:"$'\n'"$others"
  fi
fi

# Libraries for a single use are loaded then: each one more costs every start of licctl.
if slow=$(readelf -d "$2" | grep -E 'NEEDED.*lib(qrencode|z|png)'); then fail "$2 loads at its start:"$'\n'"$slow"; fi

# Names of other libraries that liblic was built with stay inside it.
if leaked=$(nm -D --defined-only -C "$1" | grep -E ' [TWVBDR] (nlohmann|rapidjson|sodium)'); then
  fail "$1 exports:"$'\n'"$leaked"
fi
# An application carries liblic along (docs/embedding.md, "Shipping"). Measured where all of it is optimized as a whole.
if [[ -n ${LIC_MOST_BYTES:-} ]]; then
  stripped=$(mktemp)
  trap 'rm -f "$stripped"' EXIT
  strip -o "$stripped" "$1"
  size=$(stat -c %s "$stripped")
  ((size <= LIC_MOST_BYTES)) || fail "$1 has $size bytes stripped, more than $LIC_MOST_BYTES"
  ((size > LIC_MOST_BYTES / 10)) || fail "$1 has only $size bytes stripped: this test looks at the wrong thing"
fi
echo "symbols: ok"
