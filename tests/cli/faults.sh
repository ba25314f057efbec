# Fails or kills a command at each change that it makes to the file system, in turn, after the way in
# which SQLite is tested; tests/support/file_faults.c does it. Source this after lib.sh.
#
#   walk KIND MOST COMMAND...   KIND as in file_faults.c: full, once or kill
#
# For every change below $box, or for MOST of them spread over all where there are more:
#
#   before    makes $box anew
#   COMMAND   meets the fault: $status, $out, $err and $fault, the change, tell of it
#   after     looks at what is left. Exit status (1, or 0 if the command can do without), message and
#             abandoned files have been looked at
#   COMMAND   again, without a fault: must succeed, or with $again, which says that it is done already
#   finally   looks at the result, with $out and $err of that run; also after a fault that was none to it
#
# The three are functions of the test. They run a thousand times: each process that they start is felt.
#
#   FAULTS  how many are taken, in percent of MOST (default 100); all: every one

: "${FILE_FAULTS:?the library that makes files fail}"
work=$(cd "$work" && pwd -P) # as the kernel names it
box=$work/box
fault_log=$work/.fault
seen=$work/.seen
fault=
kind=
again=0
walked=$work/.walked # every change at which something failed, of the whole test
: >"$walked"
RANDOM=20261122

# faulted AT COMMAND...: runs it, with a fault of $kind at that change. $fault: where it was; empty: nowhere.
faulted() {
  local at=$1
  shift
  rm -f "$fault_log"
  {
    LD_PRELOAD=$FILE_FAULTS FILE_FAULT_BELOW=$box FILE_FAULT_KIND=$kind FILE_FAULT_AT=$at FILE_FAULT_LOG=$fault_log \
      "$@" </dev/null >"$out" 2>"$err"
    status=$?
  } 2>/dev/null # bash tells of kills
  fault=
  if [ -e "$fault_log" ]; then read -r fault <"$fault_log"; fi
  ran="$* ($kind at change $at: $fault)"
}

# look CMD...: a look at what is left, which must succeed. Its output is in $seen; $out and $err stay.
look() {
  "$@" >"$seen" 2>&1 </dev/null && return
  cp "$seen" "$err"
  fail "$* does not succeed"
}

# The temporary files that are there now, and what SQLite keeps beside one. In a directory for many files ($box/many)
# those of killed processes are never looked for.
temporaries() { find "$box" -path "$box/many" -prune -o -name '.*.??????*' -print; }

# What the walk itself looks at.
check_fault() {
  local left
  left=$(temporaries)
  if [ "$kind" = kill ]; then
    [ "$status" = 137 ] || fail "exit status $status, wanted to be killed"
    if [ -n "$left" ]; then xargs touch -d '2 minutes ago' <<<"$left"; fi # so that they count as abandoned
    return
  fi
  [[ $status == 0 || $status == 1 ]] || fail "exit status $status, wanted 1"
  [ "$status" = 0 ] || grep -qE 'No space left on device|disk is full|is the disk full' "$err" ||
    fail "the message names no fault"
  [ -z "$left" ] || fail "left behind: $left"
}

# visit AT COMMAND...: one step of the walk, with a fault of $kind. False where the command made no such change.
visit() {
  local left
  before
  faulted "$@"
  if [ -z "$fault" ]; then
    [ "$status" = 0 ] || fail "it failed without a fault"
    finally
    return 1
  fi
  echo "$fault" >>"$walked"
  check_fault
  after
  if [ "$kind" != kill ] && [ "$status" = 0 ]; then finally; fi
  shift
  "$@" </dev/null >"$out" 2>"$err"
  status=$?
  ran="again: $ran"
  [[ $status == 0 || $status == "$again" ]] || fail "exit status $status when run again"
  finally
  if [ "$kind" = kill ]; then
    left=$(temporaries)
    [ -z "$left" ] || fail "never removed: $left"
  fi
}

# count_changes COMMAND...: runs it; $all is the number of its changes, for $kind.
count_changes() {
  before
  faulted 0 "$@"
  [ "$status" = 0 ] || fail "it failed without a fault"
  [ -s "$fault_log" ] || fail "no change was seen: is it linked statically?"
  all=$(wc -l <"$fault_log")
}

walk() {
  local most at all
  kind=$1
  if [ "${FAULTS:-100}" = all ]; then most=1000000; else most=$((($2 * ${FAULTS:-100} + 99) / 100)); fi
  shift 2
  count_changes "$@"
  echo "  $kind: $((all < most ? all : most)) of $all"
  if [ "$all" -le "$most" ]; then
    for ((at = 1; ; ++at)); do visit "$at" "$@" || return 0; done
  fi
  for ((i = 0; i < most; ++i)); do # one of each part of them
    visit $((i * all / most + 1 + RANDOM % (all / most))) "$@" || true
  done
}

# assert_walked PATTERN...: something failed at such a change. Where fewer are taken that is not asked.
assert_walked() {
  local pattern
  [[ ${FAULTS:-100} == all || ${FAULTS:-100} -ge 100 ]] || return 0
  for pattern in "$@"; do grep -qE "$pattern" "$walked" || fail "nothing failed at: $pattern"; done
}
