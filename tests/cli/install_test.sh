#!/usr/bin/env bash
# An installed copy: the program of docs/embedding.md built against it, with CMake's
# find_package and with pkg-config, and everything else in its standard place.
. "$(dirname "$0")/lib.sh"
: "${LICGEN:?the licgen to test}" "${LICCTL:?the licctl to test}" "${LIC_BUILD_DIR:?the build directory to install from}"
here=$(cd "$(dirname "$0")" && pwd)
example=$here/../../docs/examples/embed
cd "$work" || exit 1

test_case "installs to the standard places"
run_ok cmake --install "$LIC_BUILD_DIR" --prefix "$work/prefix"
for file in bin/licgen bin/licctl include/lic/lic.hpp share/man/man1/licgen.1 share/man/man1/licctl.1 \
  share/bash-completion/completions/licgen share/bash-completion/completions/licctl \
  share/zsh/site-functions/_licctl share/fish/vendor_completions.d/licctl.fish; do
  assert_file "prefix/$file"
done
pkgconfig=$(dirname "$(find prefix -name lic.pc)")
libdir=$work/${pkgconfig%/pkgconfig}
PATH=$work/prefix/bin:$PATH
run_ok licctl --version
run_ok licgen --version

run_ok licgen --home vendor init --catalog "$here/../../docs/examples/ticketzero.json" --no-passphrase --quiet
run_ok licgen --home vendor product export --out product.json
run_ok licgen --home vendor create --plan professional --customer "ACME GmbH" --out issued

# try_program PROGRAM: without a license, then with one.
try_program() {
  HOME=$work/home.$1
  mkdir "$HOME"
  run "$work/$1" product.json
  [ "$status" -ne 0 ] || fail "the program runs without a license"
  run_ok licctl --product-file product.json --activate-license issued/*.json
  run_ok "$work/$1" product.json
  [ -s "$out" ] || fail "the program says nothing"
}

test_case "find_package(lic)"
run_ok cmake -S "$example" -B cmake-build -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS="${LIC_TEST_CXXFLAGS:-}"
run_ok cmake --build cmake-build
program=$(find cmake-build -maxdepth 1 -type f -perm -u+x | head -n 1)
cp "$program" by-cmake
try_program by-cmake

test_case "pkg-config"
PKG_CONFIG_PATH=$work/$pkgconfig
export PKG_CONFIG_PATH
run_ok pkg-config --cflags --libs lic
read -ra flags <"$out"
read -ra extra <<<"${LIC_TEST_CXXFLAGS:-}"
run_ok "${CXX:-c++}" -std=c++20 "${extra[@]}" "$example/main.cpp" "${flags[@]}" -Wl,-rpath,"$libdir" -o by-pkg-config
try_program by-pkg-config

finished
