#!/usr/bin/env bash
# How the installed binaries are built (docs/security.md, "How the binaries are built"): looks at
# them, not at the flags.
#
# LIC_OBJECTS_OF_LIBLIC names a file with the object files of liblic, one a line; LIC_FORTIFIED is 1
# where the build is optimized and has no sanitizer; LIC_STATIC is 1 for a licctl without libraries.
. "$(dirname "$0")/lib.sh"
: "${LIC_BUILD_DIR:?the build directory to install from}" "${LIC_OBJECTS_OF_LIBLIC:?}" "${LIC_FORTIFIED:?}" "${LIC_STATIC:?}"
cd "$work" || exit 1

run_ok cmake --install "$LIC_BUILD_DIR" --prefix "$work/prefix"
machine=$(uname -m)

# findings BINARY: a line for each thing that is wrong with it.
findings() {
  local header segments dynamic runpath
  header=$(readelf -hW "$1")
  segments=$(readelf -lW "$1")
  dynamic=$(readelf -dW "$1")
  grep -q 'Type: *DYN' <<<"$header" || echo "not position-independent"
  if grep -q ' INTERP ' <<<"$segments" && ! grep -q 'Flags:.* PIE' <<<"$dynamic"; then echo "a program, and no PIE"; fi
  grep -q ' GNU_RELRO ' <<<"$segments" || echo "no RELRO"
  grep -qE 'BIND_NOW|Flags:.* NOW' <<<"$dynamic" || echo "not bound at its start: RELRO is partial"
  grep -qE ' GNU_STACK .* RW +0x' <<<"$segments" || echo "an executable stack"
  if grep -qE ' LOAD .* RWE +0x| LOAD .* WE +0x' <<<"$segments"; then echo "a segment to write to and to execute"; fi
  # The ELF header and what is read only lie in the first segment; code has one of its own.
  if grep -qE ' LOAD +0x0+ .* R?E +0x' <<<"$segments"; then echo "code in one segment with data"; fi
  if grep -q TEXTREL <<<"$dynamic"; then echo "relocations in the code"; fi
  if grep -q '(RPATH)' <<<"$dynamic"; then echo "an RPATH, which beats LD_LIBRARY_PATH"; fi
  runpath=$(sed -n 's/.*(RUNPATH).*\[\(.*\)\]/\1/p' <<<"$dynamic")
  if tr : '\n' <<<"$runpath" | grep -v '^$' | grep -qvE '^[$]ORIGIN(/|$)'; then echo "a RUNPATH outside of the installation: $runpath"; fi
  if ! symbols "$1" | grep -q '__stack_chk_fail'; then echo "no stack protector"; fi
  # liblic-http copies nothing whose size the compiler knows, so there is nothing to fortify.
  if [ "$LIC_FORTIFIED" = 1 ] && [[ $1 != */liblic-http.so* ]] && ! symbols "$1" | grep -qE '__[a-z]+_chk(@|$)'; then echo "no fortified function"; fi
}
symbols() { nm -D "$1" 2>/dev/null; nm "$1" 2>/dev/null; }

test_case "this test can tell"
cat >weak.c <<'END'
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv) {
  char text[64];
  strcpy(text, argv[argc - 1]);
  return puts(text);
}
END
run_ok "${CC:-cc}" -O0 -U_FORTIFY_SOURCE -fno-pie -no-pie -fno-stack-protector -z execstack -z norelro -z lazy \
  -Wl,-z,noseparate-code -Wl,--disable-new-dtags,-rpath,/tmp weak.c -o weak
findings weak >found
LIC_FORTIFIED=1 findings weak >found
for wanted in "not position-independent" "no RELRO" "not bound at its start" "an executable stack" \
  "code in one segment with data" "an RPATH" "no stack protector" "no fortified function"; do
  grep -qF "$wanted" found || fail "does not notice: $wanted"
done
run_ok "${CC:-cc}" -Wl,--enable-new-dtags,-rpath,/tmp weak.c -o weak
findings weak | grep -qF "a RUNPATH outside of the installation: /tmp" || fail "does not notice a RUNPATH"

test_case "every installed binary"
binaries=()
while IFS= read -r -d '' file; do
  if readelf -hW "$file" >/dev/null 2>&1 && [[ $file != *.a ]]; then binaries+=("$file"); fi
done < <(find prefix -type f -print0)
for wanted in bin/licctl bin/licgen libexec/lic/lic-embed; do
  [[ " ${binaries[*]} " == *" prefix/$wanted "* ]] || fail "no $wanted among: ${binaries[*]}"
done
if [ "$LIC_STATIC" = 0 ]; then
  liblic=$(printf '%s\n' "${binaries[@]}" | grep '/liblic\.so\.')
  [ -f "$liblic" ] || fail "no liblic among: ${binaries[*]}"
fi
for file in "${binaries[@]}"; do
  findings "$file" >found
  [ ! -s found ] || fail "$file: $(tr '\n' ';' <found)"
done

# Indirect branches and returns are guarded (CET) in what is compiled here. A binary is marked so
# only if all that is linked into it is: the C library's start files are not, on Debian 12, and
# then the linker leaves the mark out, rightly.
if [ "$machine" = x86_64 ]; then
  test_case "CET: every object of liblic, and every function that it exports"
  is_marked() { readelf -nW "$1" 2>/dev/null | grep -q 'x86 feature:.*IBT.*SHSTK'; }
  count=0
  while IFS= read -r object; do
    is_marked "$object" || fail "$object is not marked"
    count=$((count + 1))
  done <"$LIC_OBJECTS_OF_LIBLIC"
  [ "$count" -gt 20 ] || fail "only $count objects"
  if [ "$LIC_STATIC" = 0 ]; then
    # By address: one function may have several names.
    nm -D --defined-only "$liblic" | awk '$2 == "T" { print $1 }' | sort -u >exported
    [ "$(wc -l <exported)" -gt 20 ] || fail "too few functions are exported"
    objdump -d --no-show-raw-insn "$liblic" |
      awk '/^[0-9a-f]+ <.*>:$/ { address = $1; next }
           address != "" { if ($2 == "endbr64") print address; address = "" }' | sort -u >guarded
    comm -23 exported guarded >found
    [ ! -s found ] || fail "not guarded: $(head -n 5 found | tr '\n' ' ')"
    if is_marked "$("${CC:-cc}" -print-file-name=crti.o)"; then
      is_marked "$liblic" || fail "$liblic is not marked, though all that it is made of is"
    fi
  fi
fi

finished
