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
      --home | --ledger | --passphrase-file | --passphrase-fd | --as | --log-file | --color | --catalog | --root-key | --root-passphrase-file | --propose | -o | --out | --file-version | --plan | --customer | --email | --months | --expires | --maintenance-until | --starts | --seats | --machine | --virtual | --fresh-revocations | --floating | --transfers | --feature | --limit | --order | --note | --meta | --count | --batch | --from-csv | --skip-bad | --status | --expires-within | --after | --format | --reason | --qr | --receipt | --code | --within | --mbox | --smtp | --smtp-password-file | --cacert | --template | --from | --expect-key | --month | --plan-map | --new-keys | --by | --to | --top | --html | --valid | --listen | --admin-listen | --tls-cert | --tls-key | --lease-key | --revocations | --lease | --refresh | --threads | --address-limit | --license-limit | --token-limit | --webhook-cacert | --name | --scope | --url | --event | --webhook | --state | --since | --product-file | --checkpoint | --proof | --against | --prove | --distrust-after | --new-passphrase-file | --add | --remove | --threshold) value=1 ;;
      -* | =) ;;
      *)
        case "${command:+$command }$word" in
          'init' | 'catalog' | 'catalog import' | 'catalog show' | 'catalog export' | 'product' | 'product export' | 'product import' | 'create' | 'list' | 'show' | 'renew' | 'change' | 'suspend' | 'reinstate' | 'revoke' | 'transfer' | 'sign-request' | 'activations' | 'release' | 'clock-reset' | 'check' | 'expiring' | 'usage' | 'usage import' | 'usage list' | 'usage show' | 'import' | 'reissue' | 'report' | 'export' | 'revocations' | 'revocations export' | 'serve' | 'token' | 'token create' | 'token list' | 'token revoke' | 'webhooks' | 'webhooks add' | 'webhooks list' | 'webhooks remove' | 'webhooks deliveries' | 'webhooks replay' | 'webhooks test' | 'webhooks deliver' | 'verify' | 'audit' | 'backup' | 'restore' | 'ledger' | 'ledger copy' | 'doctor' | 'keys' | 'keys list' | 'keys rotate' | 'keys distrust' | 'keys delegate' | 'keys new' | 'keys root' | 'keys sign-product' | 'keys passphrase') command="${command:+$command }$word" ;;
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
    'catalog import --root-key') paths=f ;;
    'catalog import --root-passphrase-file') paths=f ;;
    'catalog import --propose') paths=f ;;
    'catalog export -o' | 'catalog export --out') paths=f ;;
    'product export -o' | 'product export --out') paths=f ;;
    'product export --file-version') : ;;
    'create --plan') : ;;
    'create --customer') : ;;
    'create --email') : ;;
    'create --months') : ;;
    'create --expires') : ;;
    'create --maintenance-until') : ;;
    'create --starts') : ;;
    'create --seats') : ;;
    'create --machine') : ;;
    'create --virtual') words='yes no' ;;
    'create --fresh-revocations') words='yes no' ;;
    'create --floating') words='no' ;;
    'create --transfers') words='no' ;;
    'create --feature') : ;;
    'create --limit') : ;;
    'create --order') : ;;
    'create --note') : ;;
    'create --meta') : ;;
    'create --count') : ;;
    'create --batch') : ;;
    'create -o' | 'create --out') paths=f ;;
    'create --from-csv') paths=f ;;
    'create --skip-bad') paths=f ;;
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
    'change --virtual') words='yes no' ;;
    'change --fresh-revocations') words='yes no' ;;
    'change --floating') words='no' ;;
    'change --transfers') words='no' ;;
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
    'sign-request -o' | 'sign-request --out') paths=f ;;
    'sign-request --qr') paths=f ;;
    'release --reason') : ;;
    'release -o' | 'release --out') paths=f ;;
    'release --machine') : ;;
    'release --receipt') paths=f ;;
    'clock-reset --code') : ;;
    'clock-reset -o' | 'clock-reset --out') paths=f ;;
    'check --email') : ;;
    'check --customer') : ;;
    'expiring --within') : ;;
    'expiring --mbox') paths=f ;;
    'expiring --smtp') : ;;
    'expiring --smtp-password-file') paths=f ;;
    'expiring --cacert') paths=f ;;
    'expiring --template') paths=f ;;
    'expiring --from') : ;;
    'usage import --expect-key') : ;;
    'usage list --status') words='valid expiring grace trial free expired revoked suspended not-yet-valid' ;;
    'usage list --plan') : ;;
    'usage list --customer') : ;;
    'usage list --email') : ;;
    'usage list --expires-within') : ;;
    'usage list --month') : ;;
    'usage list --format') words='table csv json' ;;
    'usage show --month') : ;;
    'import --format') words='csv jsonl' ;;
    'import --plan-map') : ;;
    'import --new-keys') paths=f ;;
    'import --skip-bad') paths=f ;;
    'import -o' | 'import --out') paths=f ;;
    'reissue --reason') : ;;
    'reissue -o' | 'reissue --out') paths=f ;;
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
    'serve --listen') : ;;
    'serve --admin-listen') : ;;
    'serve --tls-cert') paths=f ;;
    'serve --tls-key') paths=f ;;
    'serve --lease-key') paths=f ;;
    'serve --revocations') paths=f ;;
    'serve --lease') : ;;
    'serve --refresh') : ;;
    'serve --threads') : ;;
    'serve --address-limit') : ;;
    'serve --license-limit') : ;;
    'serve --token-limit') : ;;
    'serve --webhook-cacert') paths=f ;;
    'token create --name') : ;;
    'token create --scope') words='read issue change revoke admin' ;;
    'token create --expires') : ;;
    'token revoke --reason') : ;;
    'webhooks add --name') : ;;
    'webhooks add --url') : ;;
    'webhooks add --event') : ;;
    'webhooks remove --reason') : ;;
    'webhooks deliveries --webhook') : ;;
    'webhooks deliveries --state') words='pending delivered failed' ;;
    'webhooks deliveries --limit') : ;;
    'webhooks replay --event') : ;;
    'webhooks replay --since') : ;;
    'webhooks test --cacert') paths=f ;;
    'webhooks deliver --cacert') paths=f ;;
    'verify --product-file') paths=f ;;
    'verify --checkpoint') paths=f ;;
    'verify --proof') paths=f ;;
    'audit --checkpoint') paths=f ;;
    'audit --against') paths=f ;;
    'audit --prove') paths=f ;;
    'audit -o' | 'audit --out') paths=f ;;
    'keys rotate --distrust-after') : ;;
    'keys rotate --root-key') paths=f ;;
    'keys rotate --root-passphrase-file') paths=f ;;
    'keys rotate --propose') paths=f ;;
    'keys distrust --after') : ;;
    'keys distrust --root-key') paths=f ;;
    'keys distrust --root-passphrase-file') paths=f ;;
    'keys distrust --propose') paths=f ;;
    'keys delegate --new-passphrase-file') paths=f ;;
    'keys delegate --root-key') paths=f ;;
    'keys delegate --root-passphrase-file') paths=f ;;
    'keys delegate --propose') paths=f ;;
    'keys root --add') paths=f ;;
    'keys root --remove') : ;;
    'keys root --threshold') : ;;
    'keys root --root-key') paths=f ;;
    'keys root --root-passphrase-file') paths=f ;;
    'keys root --propose') paths=f ;;
    'keys sign-product --root-key') paths=f ;;
    'keys sign-product --root-passphrase-file') paths=f ;;
    'keys sign-product --product-file') paths=f ;;
    'keys sign-product -o' | 'keys sign-product --out') paths=f ;;
    'keys passphrase --new-passphrase-file') paths=f ;;
    *)
      case $command in
        '') words='init catalog product create list show renew change suspend reinstate revoke transfer sign-request activations release clock-reset check expiring usage import reissue report export revocations serve token webhooks verify audit backup restore ledger doctor keys' ;;
        'init') options+=' --catalog --no-passphrase' ;;
        'catalog') words='import show export' ;;
        'catalog import') options+=' --root-key --root-passphrase-file --propose --force' paths=f ;;
        'catalog show') ;;
        'catalog export') options+=' -o --out --force' ;;
        'product') words='export import' ;;
        'product export') options+=' -o --out --force --file-version' ;;
        'product import') paths=f ;;
        'create') options+=' --plan --customer --email --months --expires --perpetual --maintenance-until --starts --seats --machine --virtual --fresh-revocations --floating --transfers --feature --limit --order --note --meta --count --batch -o --out --force --from-csv --skip-bad' ;;
        'list') options+=' --status --plan --customer --email --expires-within --limit --after --format' ;;
        'show') : ;;
        'renew') options+=' --reason -o --out --force --months --expires --order' : ;;
        'change') options+=' --reason -o --out --force --plan --months --expires --perpetual --maintenance-until --seats --machine --any-machine --virtual --fresh-revocations --floating --transfers --feature --limit --order' : ;;
        'suspend') options+=' --reason -o --out --force' : ;;
        'reinstate') options+=' --reason -o --out --force' : ;;
        'revoke') options+=' --reason' : ;;
        'transfer') options+=' --reason -o --out --force --customer --email' : ;;
        'sign-request') options+=' -o --out --qr --qr-invert --force' paths=f ;;
        'activations') options+=' --all' : ;;
        'release') options+=' --reason -o --out --force --machine --receipt' : ;;
        'clock-reset') options+=' --code -o --out --force' : ;;
        'check') options+=' --email --customer' ;;
        'expiring') options+=' --within --mbox --force --smtp --smtp-password-file --cacert --smtp-plain --template --from --again' ;;
        'usage') words='import list show' ;;
        'usage import') options+=' --expect-key --new-key --any-machine' paths=f ;;
        'usage list') options+=' --status --plan --customer --email --expires-within --month --format' ;;
        'usage show') options+=' --month' : ;;
        'import') options+=' --format --plan-map --new-keys --skip-bad -o --out --force' paths=f ;;
        'reissue') options+=' --reason -o --out --force' ;;
        'report') options+=' --by --from --to --top --html --force' ;;
        'export') options+=' --all --status --plan --customer --email --expires-within -o --out --force' : ;;
        'revocations') words='export' ;;
        'revocations export') options+=' -o --out --force --valid' ;;
        'serve') options+=' --listen --admin-listen --can-issue --tls-cert --tls-key --allow-plain-http --lease-key --revocations --lease --refresh --threads --address-limit --license-limit --token-limit --no-webhooks --webhook-cacert --public-metrics --access-log --log-json' ;;
        'token') words='create list revoke' ;;
        'token create') options+=' --name --scope --expires' ;;
        'token list') ;;
        'token revoke') options+=' --reason' : ;;
        'webhooks') words='add list remove deliveries replay test deliver' ;;
        'webhooks add') options+=' --name --url --event --allow-plain-http' ;;
        'webhooks list') ;;
        'webhooks remove') options+=' --reason' : ;;
        'webhooks deliveries') options+=' --webhook --state --limit' ;;
        'webhooks replay') options+=' --failed --event --since' : ;;
        'webhooks test') options+=' --cacert' : ;;
        'webhooks deliver') options+=' --cacert' ;;
        'verify') options+=' --product-file --checkpoint --proof' paths=f ;;
        'audit') options+=' --checkpoint --against --prove -o --out --force' ;;
        'backup') options+=' --force' paths=f ;;
        'restore') options+=' --force' paths=f ;;
        'ledger') words='copy' ;;
        'ledger copy') : ;;
        'doctor') ;;
        'keys') words='list rotate distrust delegate new root sign-product passphrase' ;;
        'keys list') ;;
        'keys rotate') options+=' --distrust-after --no-passphrase --root-key --root-passphrase-file --propose --force' ;;
        'keys distrust') options+=' --after --root-key --root-passphrase-file --propose --force' : ;;
        'keys delegate') options+=' --no-passphrase --new-passphrase-file --root-key --root-passphrase-file --propose --force' ;;
        'keys new') options+=' --no-passphrase' paths=f ;;
        'keys root') options+=' --add --remove --threshold --root-key --root-passphrase-file --propose --force' ;;
        'keys sign-product') options+=' --root-key --root-passphrase-file --product-file -o --out --force' paths=f ;;
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
