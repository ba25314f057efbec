#!/usr/bin/env bash
# The two integrations of docs/embedding.md, built against an installed copy: what a program in
# C++, in C and in Python says and answers is the same, and what the license lets it.
. "$(dirname "$0")/lib.sh"
: "${LICGEN:?the licgen to test}" "${LICCTL:?the licctl to test}" "${LIC_BUILD_DIR:?the build directory to install from}"
here=$(cd "$(dirname "$0")" && pwd)
examples=$here/../../docs/examples
cd "$work" || exit 1

run_ok cmake --install "$LIC_BUILD_DIR" --prefix "$work/prefix"
assert_file prefix/include/lic/lic.h
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name lic.pc)")
export PKG_CONFIG_PATH
libdir=${PKG_CONFIG_PATH%/pkgconfig}
read -ra flags <<<"$(pkg-config --cflags --libs lic) -Wl,-rpath,$libdir"
read -ra extra <<<"${LIC_TEST_CXXFLAGS:-}"

test_case "the programs build without warnings, by CMake and by pkg-config"
for example in ticketing freetier; do
  run_ok cmake -S "$examples/$example" -B "build-$example" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror ${extra[*]}" -DCMAKE_C_FLAGS="-Wall -Wextra -Werror ${extra[*]}"
  run_ok cmake --build "build-$example"
done
run_ok "${CC:-cc}" -std=c11 -Wall -Wextra -Wpedantic -Werror "${extra[@]}" "$examples/ticketing/ticketing.c" "${flags[@]}" \
  -o ticketing-pkg
run_ok "${CC:-cc}" -std=c11 -Wall -Wextra -Wpedantic -Werror "${extra[@]}" "$examples/freetier/convert.c" "${flags[@]}" \
  -o convert-pkg
echo '#include <lic/lic.h>' >header.cpp
run_ok "${CXX:-c++}" -std=c++11 -Wall -Wextra -Wpedantic -Werror -c header.cpp "${flags[@]}"

test_case "a project in C alone finds the package"
mkdir c-alone
cp "$examples/ticketing/ticketing.c" c-alone
printf '%s\n' 'cmake_minimum_required(VERSION 3.22)' 'project(c LANGUAGES C)' 'find_package(lic REQUIRED)' \
  'add_executable(c ticketing.c)' 'target_link_libraries(c PRIVATE lic::lic)' >c-alone/CMakeLists.txt
run_ok cmake -S c-alone -B c-alone/build -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_C_FLAGS="${extra[*]}"
run_ok cmake --build c-alone/build

languages=(cpp c)
if [ -n "${LIC_WHEEL_DIR:-}" ]; then
  languages+=(python)
  run_ok "$python" -m venv venv
  run_ok venv/bin/pip install --quiet --no-index "$LIC_WHEEL_DIR"/lic-*.whl
fi

for product in ticketzero tensorpack; do
  run_ok "$LICGEN" --home "$product" init --catalog "$examples/$product.json" --no-passphrase --quiet
  run_ok "$LICGEN" --home "$product" product export --out "$product-product.json"
done
run_ok "$LICGEN" --home ticketzero create --plan starter --customer "ACME GmbH" --limit tickets=60/month --out starter
run_ok "$LICGEN" --home tensorpack create --plan premium --customer "ACME GmbH" --out premium

# program EXAMPLE NAME LANGUAGE: the command in the array `program`.
choose_program() {
  program=("build-$1/$2-$3" "$product-product.json")
  if [ "$3" = python ]; then program=(venv/bin/python "$examples/$1/$2.py" "$product-product.json"); fi
}

# says CODE LINE...: what the program said last.
says() {
  local wanted=$1
  shift
  [ "$status" -eq "$wanted" ] || fail "exit status $status, wanted $wanted"
  [ "$(cat "$out")" = "$(printf '%s\n' "$@")" ] || fail "stdout is not: $*"
  assert_stderr_empty
}

for language in "${languages[@]}"; do
  test_case "ticket processing in $language"
  product=ticketzero
  HOME=$work/home.$language
  mkdir "$HOME"
  choose_program ticketing ticketing "$language"
  run "${program[@]}" 1 3 # without a license: one client, 50 tickets a month
  says 0 "tickets are sorted for people to answer" "3 tickets processed"
  run "${program[@]}" 2 1
  says 20 "no room for 2 clients: usage-limit-reached"
  run_ok "$LICCTL" --product-file "$product-product.json" --activate-license starter/*.json
  run "${program[@]}" 5 45
  says 0 "tickets are answered by the assistant" "only 12 of 60 tickets are left" "45 tickets processed"
  run "${program[@]}" 5 20 # the clients were given back; the tickets are not
  says 20 "tickets are answered by the assistant" "ticket 13 has to wait: usage-limit-reached" "12 tickets processed"
  run_ok "$LICCTL" --product-file "$product-product.json" --license-info --json
  assert_json 'd["limits"]["tickets"]["used"] == 60 and d["limits"]["clients"]["used"] == 0'
  run "${program[0]}" "${program[@]:1:$((${#program[@]} - 2))}" nowhere.json 1 1
  [ "$status" -eq 1 ] || fail "exit status $status without a product file"
  assert_stderr_has "licensing: cannot open product file 'nowhere.json'"

  test_case "the daily limits of a free tier in $language"
  product=tensorpack
  choose_program freetier convert "$language"
  for left in 4 3 2 1 0; do
    run "${program[@]}" json
    says 0 "converted to json; $left calls are left today"
  done
  run "${program[@]}" json
  says 20 "no more calls today; https://tensorpack.example/purchase has more"
  run "${program[@]}" xlsx
  says 19 "xlsx is not in your plan; https://tensorpack.example/purchase has more"
  run "${program[@]}" --trial
  says 0 "the trial has begun"
  run "${program[@]}" xlsx
  says 0 "converted to xlsx"
  run "${program[@]}" --trial
  says 21 "there is no other trial"
  run_ok "$LICCTL" --product-file "$product-product.json" --activate-license premium/*.json
  run "${program[@]}" parquet
  says 0 "converted to parquet"
done

test_case "the programs that pkg-config built do the same"
product=ticketzero
run ./ticketing-pkg ticketzero-product.json 5 1
says 20 "tickets are answered by the assistant" "ticket 1 has to wait: usage-limit-reached" "0 tickets processed"
run ./convert-pkg tensorpack-product.json csv
says 0 "converted to csv"

test_case "the programs are those of docs/embedding.md"
for program in ticketing/ticketing.cpp ticketing/ticketing.c ticketing/ticketing.py freetier/convert.cpp \
  freetier/convert.c freetier/convert.py; do
  grep -qF "examples/$program" "$here/../../docs/embedding.md" || fail "docs/embedding.md does not name $program"
done
finished
