#!/usr/bin/env bash
# The bash completions offer what fits, and all completions are well-formed.
set -u
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
failures=0
fail() {
  echo "FAIL: $*" >&2
  failures=$((failures + 1))
}

# complete_line WORD...: fills COMPREPLY as bash does for the cursor at the end of the
# last word, which may be empty.
complete_line() {
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  COMPREPLY=()
  "_$1"
}

# offers WANTED WORD...: WANTED is among the completions.
offers() {
  local wanted=$1
  shift
  complete_line "$@"
  local word
  for word in "${COMPREPLY[@]}"; do
    [[ $word == "$wanted" ]] && return
  done
  fail "'$*' should offer '$wanted', offers: ${COMPREPLY[*]}"
}

# offers_exactly 'A B' WORD...
offers_exactly() {
  local wanted=$1
  shift
  complete_line "$@"
  [[ ${COMPREPLY[*]} == "$wanted" ]] || fail "'$*' should offer '$wanted', offers: '${COMPREPLY[*]}'"
}

# never_offers UNWANTED WORD...
never_offers() {
  local unwanted=$1
  shift
  complete_line "$@"
  local word
  for word in "${COMPREPLY[@]}"; do
    [[ $word == "$unwanted" ]] && fail "'$*' should not offer '$unwanted'"
  done
}

source "$source_dir/completions/licgen.bash" || fail "licgen.bash cannot be sourced"
source "$source_dir/completions/licctl.bash" || fail "licctl.bash cannot be sourced"
[[ $(complete -p licgen) == *_licgen* ]] || fail "licgen.bash does not register its function"
[[ $(complete -p licctl) == *_licctl* ]] || fail "licctl.bash does not register its function"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
mkdir "some dir" && touch "a file.json" b.json

offers create licgen ''
offers catalog licgen ''
offers_exactly create licgen cre
offers_exactly 'import show export' licgen catalog ''
offers import licgen --json catalog im
offers import licgen --home keys catalog im
never_offers create licgen create ''

offers --plan licgen create --pl
offers --json licgen create --js
offers --json licgen --
offers --help licgen catalog import -
never_offers --plan licgen show --
never_offers --plan licgen --

offers_exactly 'auto always never' licgen --color ''
offers_exactly always licgen create --color al
offers_exactly always licgen list --color = al
offers_exactly 'auto always never' licgen list --color =
offers csv licgen list --format c
offers expired licgen list --status e
never_offers --plan licgen create --customer --pl
offers_exactly '' licgen create --customer ''

offers 'a file.json' licgen catalog import a
offers b.json licgen init --catalog ''
offers 'a file.json' licgen create -o a
offers 'some dir' licgen --home so
never_offers b.json licgen --home ''
offers b.json licgen verify b

offers --license-info licctl --li
offers --activate-license licctl --act
offers b.json licctl --activate-license ''
offers 'some dir' licctl --state-dir ''
never_offers b.json licctl --state-dir ''
offers_exactly never licctl --color n
offers_exactly '' licctl --check-feature ''

# syntax SHELL FILE...: the shell accepts the files.
syntax() {
  local shell=$1 file
  shift
  if ! command -v "$shell" >/dev/null; then
    echo "skipped: $shell is not installed"
    return
  fi
  for file in "$@"; do
    "$shell" -n "$source_dir/completions/$file" || fail "$shell does not accept $file"
  done
}
syntax bash licgen.bash licctl.bash
syntax zsh _licgen _licctl
syntax fish licgen.fish licctl.fish

# fish_offers WANTED LINE
fish_offers() {
  local offered
  offered=$(HOME=$scratch fish --no-config -c "source $source_dir/completions/${2%% *}.fish; complete -C '$2'")
  grep -q -- "^$1"$'\t' <<<"$offered" || grep -qx -- "$1" <<<"$offered" || fail "fish: '$2' should offer '$1', offers: $offered"
}
if command -v fish >/dev/null; then
  fish_offers create 'licgen cr'
  fish_offers import 'licgen --home x catalog i'
  fish_offers --plan 'licgen create --pl'
  fish_offers always 'licgen create --color al'
  fish_offers b.json 'licgen verify b'
  fish_offers --license-info 'licctl --lic'
fi

[[ $failures == 0 ]] && echo "completions: all as expected"
exit $((failures > 0))
