#!/usr/bin/env bash
# lic_embed_product() of an installed copy, in projects of a vendor: what is built trusts exactly
# him, and what should not be trusted is not built.
. "$(dirname "$0")/lib.sh"
: "${LICGEN:?the licgen to test}" "${LICCTL:?the licctl to test}" "${LIC_BUILD_DIR:?the build directory to install from}"
: "${EMBEDDED_LICCTL:?a licctl with a product built in}"
here=$(cd "$(dirname "$0")" && pwd)
cd "$work" || exit 1

run_ok cmake --install "$LIC_BUILD_DIR" --prefix "$work/prefix"
embed=$work/prefix/libexec/lic/lic-embed

# new_vendor NAME: its home NAME, its product file NAME.json and a license of it in NAME.licenses.
new_vendor() {
  run_ok "$LICGEN" --home "$1" init --catalog "$here/../../docs/examples/ticketzero.json" --no-passphrase --quiet
  run_ok "$LICGEN" --home "$1" product export --out "$1.json"
  run_ok "$LICGEN" --home "$1" create --plan professional --customer "ACME GmbH" --out "$1.licenses"
}
new_vendor ours
new_vendor other # sells a product of the same name

# signed OUT STATEMENT: our product file with another payload, signed by our root with openssl;
# the statement changes `p`.
signed() {
  "$python" - ours.json ours/keys/root.pem "$1" "$2" <<'END' || fail "no product file made: $2"
import base64, hashlib, json, subprocess, sys
source, key, out, statement = sys.argv[1:]
document = json.load(open(source))
p = json.loads(base64.b64decode(document["payload"]))
def named(raw): return {"keyid": hashlib.sha256(b"lic-key-v1\0\1" + raw).hexdigest(), "public": base64.b64encode(raw).decode()}
exec(statement)
body = json.dumps(p).encode()
kind = document["payloadType"].encode()
open("message", "wb").write(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body))
signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-in", "message", "-inkey", key], check=True, stdout=subprocess.PIPE).stdout
document["payload"] = base64.b64encode(body).decode()
document["signatures"][0]["sig"] = base64.b64encode(signature).decode()
json.dump(document, open(out, "w"))
END
}

# configure SOURCE BUILD [OPTION...]
configure() {
  run cmake -S "$1" -B "$2" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_C_FLAGS="-Wall -Wextra -Wpedantic -Werror ${LIC_TEST_CXXFLAGS:-}" \
    -DCMAKE_CXX_FLAGS="-Wall -Wextra -Wpedantic -Werror ${LIC_TEST_CXXFLAGS:-}" "${@:3}"
}
configure_ok() {
  configure "$@"
  [ "$status" -eq 0 ] || fail "not configured"
}
configure_fails() { # WHY SOURCE BUILD [OPTION...]
  configure "${@:2}"
  [ "$status" -ne 0 ] || fail "configured"
  tr -s '\n ' ' ' <"$err" | grep -qF -- "$1" || fail "stderr has no: $1"
}
build_fails() { # WHY BUILD
  run cmake --build "$2"
  [ "$status" -ne 0 ] || fail "built"
  cat "$out" "$err" | grep -qF -- "$1" || fail "says nothing of: $1"
}

test_case "the example: one line, and the program trusts its vendor"
cp -r "$here/../../docs/examples/built-in" app
cp ours.json app/product.json
configure_ok app build
run_ok cmake --build build
mkdir home.app
HOME=$work/home.app
run_code 10 build/built-in
assert_stdout "TicketZero AI: no-license"
run_ok "$LICCTL" --product-file ours.json --activate-license ours.licenses/*.json
run_ok build/built-in
assert_stdout "TicketZero AI: valid"
run_ok cmake --build build
mv build/built-in elsewhere # nothing of the product file is needed any more
mv app/product.json kept.json
run_ok ./elsewhere
mv elsewhere build/built-in
mv kept.json app/product.json

test_case "another vendor of a product of that name is nobody to it"
HOME=$work/home.other
mkdir "$HOME"
run_ok "$LICCTL" --product-file other.json --activate-license other.licenses/*.json
run build/built-in
[ "$status" -ne 0 ] || fail "it runs with another vendor's license"
assert_stdout_lacks valid

test_case "the licctl of this tree that was built for our vendor, by the same function"
HOME=$work/home.licctl
mkdir "$HOME"
run_code 15 "$EMBEDDED_LICCTL" --activate-license ours.licenses/*.json # that is a third one
run_code 15 "$EMBEDDED_LICCTL" --license-info --product-file ours.json
run_code 10 "$EMBEDDED_LICCTL" --license-info --json
assert_json 'd["status"] == "no-license"'

test_case "built anew when the product file changes, and only then"
before=$(stat -c %Y.%i build/built-in)
run_ok cmake --build build
[ "$before" = "$(stat -c %Y.%i build/built-in)" ] || fail "built anew for nothing"
signed app/product.json 'p["version"] = 7; p["name"] = "Ticket Zero 7"'
run_ok cmake --build build
HOME=$work/home.new
mkdir "$HOME"
run_code 10 build/built-in
assert_stdout "Ticket Zero 7: no-license"

test_case "in C alone, with make; paths with spaces; several targets, products and directories"
mkdir -p "it's a suite/sub dir"
cat >"it's a suite/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.22)
project(suite LANGUAGES C)
find_package(lic REQUIRED)
add_custom_command(OUTPUT made.json COMMAND ${CMAKE_COMMAND} -E copy "${CMAKE_CURRENT_SOURCE_DIR}/../ours.json" made.json VERBATIM)
add_executable(tool show.c)
lic_embed_product(tool "our product.json")
lic_embed_product(tool ../other.json SYMBOL Other2)
target_compile_definitions(tool PRIVATE SECOND)
add_executable(second show.c)
add_subdirectory("sub dir")
lic_embed_product(second made.json)
END
cat >"it's a suite/sub dir/CMakeLists.txt" <<'END'
foreach(name one two)
  add_library(${name} SHARED part.c)
  target_compile_definitions(${name} PRIVATE NAME=${name})
endforeach()
lic_embed_product(one "../our product.json")
lic_embed_product(two "${PROJECT_SOURCE_DIR}/../other.json")
add_library(plain STATIC part.c)
target_compile_definitions(plain PRIVATE NAME=plain)
lic_embed_product(plain ../../ours.json)
add_executable(parts parts.c)
target_link_libraries(parts PRIVATE one two plain)
END
cat >"it's a suite/show.c" <<'END'
#include <stdio.h>
#include "lic_product.h"
#ifdef SECOND
#include "Other2.h"
#endif

int main(int argc, char **argv) {
  (void)argv;
#ifdef SECOND
  if (argc > 1) return fwrite(Other2, 1, Other2_size, stdout) != sizeof Other2;
#endif
  return argc > 1 || fwrite(lic_product, 1, sizeof lic_product, stdout) != lic_product_size;
}
END
cat >"it's a suite/sub dir/part.c" <<'END'
#include <stdio.h>
#include "lic_product.h"

void NAME(void);
void NAME(void) { fwrite(lic_product, 1, lic_product_size, stdout); }
END
cat >"it's a suite/sub dir/parts.c" <<'END'
void one(void);
void two(void);
void plain(void);

int main(int argc, char **argv) {
  (void)argv;
  argc == 1 ? one() : argc == 2 ? two() : plain();
  return 0;
}
END
cp ours.json "it's a suite/our product.json"
configure_ok "it's a suite" "suite build" -G "Unix Makefiles"
run_ok cmake --build "suite build" --parallel 2
# is FILE COMMAND...: the command prints that file
is() {
  run_ok "${@:2}"
  assert_same "$out" "$1"
}
is ours.json "suite build/tool"
is other.json "suite build/tool" other
is ours.json "suite build/second"
is ours.json "suite build/sub dir/parts"
is other.json "suite build/sub dir/parts" 2
is ours.json "suite build/sub dir/parts" 3 4
run_ok nm -D "suite build/sub dir/libone.so"
assert_stdout_lacks lic_product
run_ok readelf -d "suite build/tool"
assert_stdout_lacks stdc++

test_case "what should not be trusted is not built"
vectors=$here/../vectors/products
mkdir bad
cat >bad/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.22)
project(bad LANGUAGES CXX)
find_package(lic REQUIRED)
add_executable(bad main.cpp)
lic_embed_product(bad product.json)
END
echo '#include "lic_product.h"' >bad/main.cpp
echo 'int main() { return lic_product[0] == 0; }' >>bad/main.cpp
cp ours.json bad/product.json
configure_ok bad bad-build
for case in weak-root-all-zero:'/roots/0/public: the public key is of small order' bad-signature:'is not signed by 1 of its root keys'; do
  tail -n +2 "$vectors/${case%%:*}.txt" >bad/product.json
  build_fails "lic-embed: error: product file '$work/bad/product.json'" bad-build
  build_fails "${case#*:}" bad-build
  assert_absent bad-build/bad
done
cp ours.json bad/product.json
run_ok cmake --build bad-build # that was all that was wrong
signed bad/product.json 'p["keys"][0].update(named(b"\x42" * 32))'
build_fails "/keys/0/public: the key is a placeholder" bad-build

# refused CODE WHY FILE: by the tool itself, with nothing written
refused() {
  run_code "$1" "$embed" --header out.h --source out.c "$3"
  assert_stdout_empty
  assert_stderr_has "lic-embed: error: "
  assert_stderr_has "$2"
  assert_absent out.h
  assert_absent out.c
}
for case in weak-root-all-zero weak-root-of-order-1 weak-root-of-order-2 weak-root-of-order-8 \
  weak-key-all-zero weak-key-of-order-1 weak-key-of-order-2 weak-key-of-order-8; do
  tail -n +2 "$vectors/$case.txt" >case.json
  refused 3 "is of small order: anyone could sign for it" case.json
done
for case in weak-root-of-order-1-not-canonical weak-key-of-order-1-not-canonical weak-key-not-canonical; do
  tail -n +2 "$vectors/$case.txt" >case.json
  refused 3 "is not a canonical Ed25519 encoding" case.json
done
for case in bad-signature signed-by-stranger signed-by-stranger-under-a-trusted-keyid signed-by-license-key \
  two-roots-one-signature; do
  tail -n +2 "$vectors/$case.txt" >case.json
  refused 15 "of its root keys" case.json
done
tail -n +2 "$vectors/good.txt" >case.json # signed with a key that everybody has: the vectors'
refused 15 "/roots/0/public: the key was made from the byte 1 32 times: anyone could sign for it" case.json
signed case.json 'p["keys"][0].update(named(bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")))'
refused 15 "/keys/0/public: the key is an example (RFC 8032, 7.1, test 1)" case.json
for raw in 'bytes(range(32))' 'b"REPLACE-THIS-WITH-YOUR-OWN-KEY!!"' 'bytes.fromhex("deadbeef" * 8)'; do
  signed case.json "p['keys'][0].update(named($raw))"
  refused 15 "is a placeholder, no key that someone made" case.json
done
signed case.json 'p["keys"][0].update(named(hashlib.sha256(b"no point of the curve: 2").digest()))'
refused 15 "is no point that an Ed25519 private key has" case.json
signed case.json 'p["keys"][0]["public"] = "YOUR_PUBLIC_KEY_HERE"'
refused 3 "/keys/0/public: the public key" case.json
signed case.json 'p["keys"][0]["roles"] = ["revocations"]'
refused 15 "names no key that may sign licenses" case.json
signed case.json 'p["keys"] = []'
refused 15 "names no key that may sign licenses" case.json
refused 15 "is a license document" "$(echo ours.licenses/*.json)"
refused 3 "is not valid JSON" app/main.cpp
printf '' >empty.json
refused 3 "is empty" empty.json
head -c 70000 /dev/zero >large.json
refused 3 "is larger than" large.json
refused 4 "cannot open product file 'absent.json'" absent.json
run_ok "$embed" --header out.h --source out.c ours.json
assert_stdout_empty
assert_stderr_empty
run_code 4 "$embed" --header nowhere/out.h --source out.c ours.json

test_case "what is asked wrongly, by hand and in CMake"
run_code 2 "$embed"
assert_stderr_has "wanted are --header, --source and one product file"
run_code 2 "$embed" --header out.h --source out.c ours.json other.json
run_code 2 "$embed" --head
run_code 2 "$embed" --bogus --header out.h --source out.c ours.json
assert_stderr_has "'--bogus'"
run_code 2 "$embed" --symbol 'x; int y' --header out.h --source out.c ours.json
assert_stderr_has "cannot name anything in C"
run_ok "$embed" --help
assert_stdout_has "usage: lic-embed"
run_ok "$embed" --version
# asked WHY CALL: refused when the project is configured
asked() {
  rm -rf asked asked-build
  mkdir asked
  printf '%s\n' 'cmake_minimum_required(VERSION 3.22)' 'project(asked LANGUAGES C)' 'find_package(lic REQUIRED)' \
    'add_executable(app main.c)' 'add_library(face INTERFACE)' "$2" >asked/CMakeLists.txt
  echo 'int main(void) { return 0; }' >asked/main.c
  configure_fails "$1" asked asked-build
}
asked "there is no product file $work/asked/none.json" 'lic_embed_product(app none.json)'
asked "nobody is no program or library of this project" 'lic_embed_product(nobody ../ours.json)'
asked "face is no program or library of this project" 'lic_embed_product(face ../ours.json)'
asked "lic::lic is no program or library of this project" 'lic_embed_product(lic::lic ../ours.json)'
asked "wanted are TARGET FILE [SYMBOL NAME]" 'lic_embed_product(app ../ours.json SYMBL x)'
asked "wanted are TARGET FILE [SYMBOL NAME]" 'lic_embed_product(app ../ours.json SYMBOL)'
asked "SYMBOL 2x cannot name anything in C" 'lic_embed_product(app ../ours.json SYMBOL 2x)'
asked "app has a product as lic_product already" 'lic_embed_product(app ../ours.json)
lic_embed_product(app ../other.json)'

test_case "building for another machine takes the tool of the building one"
cat >toolchain.cmake <<'END'
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR "$ENV{HOSTTYPE}")
END
configure_fails "name the lic-embed of the building one with -DLIC_EMBED_TOOL=" bad cross-build \
  -DCMAKE_TOOLCHAIN_FILE="$work/toolchain.cmake"
configure_fails "there is no /nowhere/lic-embed; LIC_EMBED_TOOL names where it is" bad cross-build \
  -DCMAKE_TOOLCHAIN_FILE="$work/toolchain.cmake" -DLIC_EMBED_TOOL=/nowhere/lic-embed
mkdir "host tools"
cp "$embed" "host tools"
cp ours.json bad/product.json
configure_ok bad cross-build -DCMAKE_TOOLCHAIN_FILE="$work/toolchain.cmake" -DLIC_EMBED_TOOL="$work/host tools/lic-embed"
run_ok cmake --build cross-build
run_ok cross-build/bad

test_case "without CMake: the tool is where pkg-config says"
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name lic.pc)")
export PKG_CONFIG_PATH
run_ok pkg-config --variable=embed_tool lic
run_ok "$(cat "$out")" --symbol by_hand --header by_hand.h --source by_hand.c ours.json
echo '#include "by_hand.h"' >by_hand_main.cpp
echo 'int main() { return by_hand_size != sizeof by_hand; }' >>by_hand_main.cpp
run_ok "${CXX:-c++}" -I. by_hand_main.cpp -x c++ by_hand.c -o by-hand
run_ok ./by-hand

finished
