#!/usr/bin/env bash
# What is in the client, by its symbol tables: no signing, no ledger, no TLS; and
# liblic needs libsodium and the C library alone.
#
# usage: symbols_test.sh LIBLIC.SO LICCTL [LICGEN]
set -euo pipefail

fail() { echo "symbols: $*" >&2 && exit 1; }

# Defined or needed, each by its own name; what the linker took from an archive
# shows in the full table of a binary that is not stripped.
symbols() {
  nm -D "$1"
  nm "$1" 2>/dev/null || true
}

readonly forbidden='crypto_sign_(ed25519_)?(detached|seed_keypair|keypair)|crypto_sign(_ed25519)?$|SigningKey|sqlite3_|(SSL|EVP|PEM|BIO)_[A-Za-z]|CRYPTO_|curl_'

for file in "$1" "$2"; do
  [[ -s $file ]] || fail "$file is not there"
  if found=$(symbols "$file" | grep -E "[ _](${forbidden})"); then fail "$file has:"$'\n'"$found"; fi
done

# The test can tell: the same search does find these in the vendor's program.
if (($# > 2)); then
  for wanted in crypto_sign sqlite3_ EVP_; do
    symbols "$3" | grep -q "$wanted" || fail "$3 has no $wanted: this test looks at the wrong thing"
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
echo "symbols: ok"
