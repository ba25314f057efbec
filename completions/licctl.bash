# bash completion for licctl (made by scripts/generate-docs)

_licctl() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  local command='' words='' paths='' options
  COMPREPLY=()
  if [[ $cur == '=' ]]; then
    cur=''
  elif [[ $prev == '=' ]] && ((COMP_CWORD >= 2)); then
    prev=${COMP_WORDS[COMP_CWORD - 2]}
  fi

  options='--activate-license --license-info --verify-license --generate-trial --deactivate-license --borrow-license --request-activation --apply-activation --import-revocations --clock-code --apply-clock-reset --check-feature --record-usage --usage --usage-report --machine-id --state-key --plans --purchase --product-file --state-dir --license-file --license-key --receipt --qr --qr-invert --force --statement --new-key --send --fail-if-expires-within --release-date --email --explain --all --server --server-ca --offline --wait --json --quiet --verbose --log-file --color -h --help --version'
  case "$command $prev" in
    *' --activate-license') paths=f ;;
    *' --borrow-license') : ;;
    *' --request-activation') paths=f ;;
    *' --apply-activation') paths=f ;;
    *' --import-revocations') paths=f ;;
    *' --apply-clock-reset') paths=f ;;
    *' --check-feature') : ;;
    *' --record-usage') : ;;
    *' --usage-report') paths=f ;;
    *' --state-key') words='keyring file' ;;
    *' --product-file') paths=f ;;
    *' --state-dir') paths=d ;;
    *' --license-file') paths=f ;;
    *' --license-key') : ;;
    *' --receipt') paths=f ;;
    *' --qr') paths=f ;;
    *' --statement') : ;;
    *' --fail-if-expires-within') : ;;
    *' --release-date') : ;;
    *' --email') : ;;
    *' --server') : ;;
    *' --server-ca') paths=f ;;
    *' --wait') : ;;
    *' --log-file') paths=f ;;
    *' --color') words='auto always never' ;;
    *)
      case $command in
        '') ;;
      esac
      if [[ $cur == -* ]]; then
        words=$options paths=''
      fi
      ;;
  esac

  if [[ -n $paths ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -"$paths" -- "$cur")
  fi
  if [[ -n $words ]]; then
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$words" -- "$cur")
  fi
}
complete -F _licctl licctl
