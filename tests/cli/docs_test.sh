#!/usr/bin/env bash
# The committed completions and man pages are those of the programs, and the man
# pages are well-formed.
set -u
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
failures=0
fail() {
  echo "FAIL: $*" >&2
  failures=$((failures + 1))
}

LIC_DOCGEN_DIR=${LIC_DOCGEN_DIR:?} "$source_dir/scripts/generate-docs" --check || fail "generated files are out of date"

for program in licgen licctl; do
  page=$source_dir/docs/man/$program.1
  if command -v mandoc >/dev/null; then
    mandoc -T lint -W warning "$page" || fail "mandoc finds fault with $page"
  else
    echo "skipped: mandoc is not installed"
  fi
  if command -v man >/dev/null; then
    warnings=$(LC_ALL=C.UTF-8 MANROFFSEQ='' man --warnings -E UTF-8 -l -Tutf8 "$page" 2>&1 >/dev/null)
    [ -z "$warnings" ] || fail "man -l $page: $warnings"
  else
    echo "skipped: man is not installed"
  fi
  for heading in NAME SYNOPSIS DESCRIPTION OPTIONS 'EXIT STATUS' ENVIRONMENT FILES EXAMPLES 'SEE ALSO'; do
    grep -q "^\.SH $heading\$" "$page" || fail "$page has no section $heading"
  done
done

# Every option that a program knows is in its man page.
for program in licgen licctl; do
  page=$source_dir/docs/man/$program.1
  options=$("$LIC_DOCGEN_DIR/${program}_docgen" options) || fail "${program}_docgen options"
  [ -n "$options" ] || fail "${program}_docgen options says nothing"
  for option in $(echo "$options" | tr ' ' '\n' | grep '^--' | sort -u); do
    escaped=${option//-/\\\\-}
    grep -q -- "$escaped" "$page" || fail "$page does not mention $option"
  done
done

"$LIC_DOCGEN_DIR/licctl_docgen" nothing >/dev/null 2>&1
[ $? = 2 ] || fail "licctl_docgen accepts an unknown kind of document"

[ $failures = 0 ] && echo "docs: all as expected"
exit $((failures > 0))
