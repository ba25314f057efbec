# bash completion for licgen (made by scripts/generate-docs)

_licgen() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  local command='' words='' paths='' options value='' word i
  COMPREPLY=()
  if [[ $cur == '=' ]]; then
    cur=''
  elif [[ $prev == '=' ]] && ((COMP_CWORD >= 2)); then
    prev=${COMP_WORDS[COMP_CWORD - 2]}
  fi

  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ -n $value ]]; then
      [[ $word == '=' ]] || value=''
      continue
    fi
    case $word in
      --home | --ledger | --passphrase-file | --passphrase-fd | --as | --log-file | --color | --catalog | -o | --out | --plan | --customer | --email | --months | --expires | --maintenance-until | --starts | --seats | --machine | --feature | --limit | --order | --note | --meta | --count | --batch | --status | --expires-within | --after | --format | --reason | --within | --mbox | --smtp | --smtp-password-file | --cacert | --template | --from | --by | --to | --top | --html | --valid | --product-file | --checkpoint | --against | --new-passphrase-file) value=1 ;;
      -* | =) ;;
      *)
        case "${command:+$command }$word" in
          'init' | 'catalog' | 'catalog import' | 'catalog show' | 'catalog export' | 'product' | 'product export' | 'create' | 'list' | 'show' | 'renew' | 'change' | 'suspend' | 'reinstate' | 'revoke' | 'transfer' | 'check' | 'expiring' | 'report' | 'export' | 'revocations' | 'revocations export' | 'verify' | 'audit' | 'backup' | 'restore' | 'doctor' | 'keys' | 'keys list' | 'keys passphrase') command="${command:+$command }$word" ;;
        esac
        ;;
    esac
  done

  options='--home --ledger --passphrase-file --passphrase-fd --as --json --quiet --verbose --log-file --color -h --help --version'
  case "$command $prev" in
    *' --home') paths=d ;;
    *' --ledger') : ;;
    *' --passphrase-file') paths=f ;;
    *' --passphrase-fd') : ;;
    *' --as') : ;;
    *' --log-file') paths=f ;;
    *' --color') words='auto always never' ;;
    'init --catalog') paths=f ;;
    'catalog export -o' | 'catalog export --out') paths=f ;;
    'product export -o' | 'product export --out') paths=f ;;
    'create --plan') : ;;
    'create --customer') : ;;
    'create --email') : ;;
    'create --months') : ;;
    'create --expires') : ;;
    'create --maintenance-until') : ;;
    'create --starts') : ;;
    'create --seats') : ;;
    'create --machine') : ;;
    'create --feature') : ;;
    'create --limit') : ;;
    'create --order') : ;;
    'create --note') : ;;
    'create --meta') : ;;
    'create --count') : ;;
    'create --batch') : ;;
    'create -o' | 'create --out') paths=f ;;
    'list --status') words='valid expiring grace trial free expired revoked suspended not-yet-valid' ;;
    'list --plan') : ;;
    'list --customer') : ;;
    'list --email') : ;;
    'list --expires-within') : ;;
    'list --limit') : ;;
    'list --after') : ;;
    'list --format') words='table csv jsonl' ;;
    'renew --reason') : ;;
    'renew -o' | 'renew --out') paths=f ;;
    'renew --months') : ;;
    'renew --expires') : ;;
    'renew --order') : ;;
    'change --reason') : ;;
    'change -o' | 'change --out') paths=f ;;
    'change --plan') : ;;
    'change --months') : ;;
    'change --expires') : ;;
    'change --maintenance-until') : ;;
    'change --seats') : ;;
    'change --machine') : ;;
    'change --feature') : ;;
    'change --limit') : ;;
    'change --order') : ;;
    'suspend --reason') : ;;
    'suspend -o' | 'suspend --out') paths=f ;;
    'reinstate --reason') : ;;
    'reinstate -o' | 'reinstate --out') paths=f ;;
    'revoke --reason') : ;;
    'transfer --reason') : ;;
    'transfer -o' | 'transfer --out') paths=f ;;
    'transfer --customer') : ;;
    'transfer --email') : ;;
    'check --email') : ;;
    'check --customer') : ;;
    'expiring --within') : ;;
    'expiring --mbox') paths=f ;;
    'expiring --smtp') : ;;
    'expiring --smtp-password-file') paths=f ;;
    'expiring --cacert') paths=f ;;
    'expiring --template') paths=f ;;
    'expiring --from') : ;;
    'report --by') words='plan month customer status' ;;
    'report --from') : ;;
    'report --to') : ;;
    'report --top') : ;;
    'report --html') paths=f ;;
    'export --status') words='valid expiring grace trial free expired revoked suspended not-yet-valid' ;;
    'export --plan') : ;;
    'export --customer') : ;;
    'export --email') : ;;
    'export --expires-within') : ;;
    'export -o' | 'export --out') paths=f ;;
    'revocations export -o' | 'revocations export --out') paths=f ;;
    'revocations export --valid') : ;;
    'verify --product-file') paths=f ;;
    'audit --checkpoint') paths=f ;;
    'audit --against') paths=f ;;
    'keys passphrase --new-passphrase-file') paths=f ;;
    *)
      case $command in
        '') words='init catalog product create list show renew change suspend reinstate revoke transfer check expiring report export revocations verify audit backup restore doctor keys' ;;
        'init') options+=' --catalog --no-passphrase' ;;
        'catalog') words='import show export' ;;
        'catalog import') paths=f ;;
        'catalog show') ;;
        'catalog export') options+=' -o --out --force' ;;
        'product') words='export' ;;
        'product export') options+=' -o --out --force' ;;
        'create') options+=' --plan --customer --email --months --expires --perpetual --maintenance-until --starts --seats --machine --feature --limit --order --note --meta --count --batch -o --out --force' ;;
        'list') options+=' --status --plan --customer --email --expires-within --limit --after --format' ;;
        'show') : ;;
        'renew') options+=' --reason -o --out --force --months --expires --order' : ;;
        'change') options+=' --reason -o --out --force --plan --months --expires --perpetual --maintenance-until --seats --machine --any-machine --feature --limit --order' : ;;
        'suspend') options+=' --reason -o --out --force' : ;;
        'reinstate') options+=' --reason -o --out --force' : ;;
        'revoke') options+=' --reason' : ;;
        'transfer') options+=' --reason -o --out --force --customer --email' : ;;
        'check') options+=' --email --customer' ;;
        'expiring') options+=' --within --mbox --force --smtp --smtp-password-file --cacert --smtp-plain --template --from --again' ;;
        'report') options+=' --by --from --to --top --html --force' ;;
        'export') options+=' --all --status --plan --customer --email --expires-within -o --out --force' : ;;
        'revocations') words='export' ;;
        'revocations export') options+=' -o --out --force --valid' ;;
        'verify') options+=' --product-file' paths=f ;;
        'audit') options+=' --checkpoint --against --force' ;;
        'backup') options+=' --force' paths=f ;;
        'restore') options+=' --force' paths=f ;;
        'doctor') ;;
        'keys') words='list passphrase' ;;
        'keys list') ;;
        'keys passphrase') options+=' --all --remove --new-passphrase-file' : ;;
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
complete -F _licgen licgen
