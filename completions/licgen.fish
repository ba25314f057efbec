# fish completion for licgen (made by scripts/generate-docs)

function __licgen_at
  set -l valued --home --ledger --passphrase-file --passphrase-fd --log-file --color --catalog -o --out --plan --customer --email --months --expires --starts --seats --machine --feature --limit --order --note --meta --count --batch --status --expires-within --after --format --reason --valid --product-file --new-passphrase-file
  set -l known 'init' 'catalog' 'catalog import' 'catalog show' 'catalog export' 'product' 'product export' 'create' 'list' 'show' 'revoke' 'export' 'revocations' 'revocations export' 'verify' 'keys' 'keys list' 'keys passphrase'
  set -l command ''
  set -l value no
  for word in (commandline -opc)[2..-1]
    if test $value = yes
      set value no
    else if contains -- $word $valued
      set value yes
    else if contains -- (string trim "$command $word") $known
      set command (string trim "$command $word")
    end
  end
  test "$command" = "$argv"
end

complete -c licgen -f
complete -c licgen -n '__licgen_at' -a 'init' -d 'Make a home: signing keys, ledger and catalogue'
complete -c licgen -n '__licgen_at' -a 'catalog' -d 'import, show, export'
complete -c licgen -n '__licgen_at' -a 'product' -d 'export'
complete -c licgen -n '__licgen_at' -a 'create' -d 'Issue licenses and print their keys'
complete -c licgen -n '__licgen_at' -a 'list' -d 'List licenses in the order of their issue'
complete -c licgen -n '__licgen_at' -a 'show' -d 'Show a license: terms, status and history'
complete -c licgen -n '__licgen_at' -a 'revoke' -d 'Revoke licenses for good: all of those named, or none'
complete -c licgen -n '__licgen_at' -a 'export' -d 'Write signed license files from the ledger'
complete -c licgen -n '__licgen_at' -a 'revocations' -d 'export'
complete -c licgen -n '__licgen_at' -a 'verify' -d 'Check a license, product file or revocation list, and say what it is'
complete -c licgen -n '__licgen_at' -a 'keys' -d 'list, passphrase'
complete -c licgen -l home -x -a '(__fish_complete_directories)' -d 'Directory of keys and ledger (default: $LICGEN_HOME, ~/.licgen)'
complete -c licgen -l ledger -x -d 'Ledger, as sqlite:PATH (default: ledger.db in the home)'
complete -c licgen -l passphrase-file -r -F -d 'File with the passphrase of the signing keys (default: $LICGEN_PASSPHRASE, or asked for at the terminal)'
complete -c licgen -l passphrase-fd -x -d 'Open descriptor to read the passphrase from'
complete -c licgen -l json -d 'Print one JSON document instead of text'
complete -c licgen -l quiet -d 'Print the answer, warnings and errors, no notes'
complete -c licgen -l verbose -d 'Say on standard error what is being done'
complete -c licgen -l log-file -r -F -d 'Append a log of the run to FILE'
complete -c licgen -l color -x -a 'auto always never' -d 'Colors on standard output (auto: on a terminal, unless NO_COLOR is set)'
complete -c licgen -s h -l help -d 'Show this help'
complete -c licgen -l version -d 'Show the version'
complete -c licgen -n '__licgen_at init' -l catalog -r -F -d 'The product and its plans (JSON); - is standard input'
complete -c licgen -n '__licgen_at init' -l no-passphrase -d 'Leave the signing keys unencrypted, protected by file modes only'
complete -c licgen -n '__licgen_at catalog' -a 'import' -d 'Check a catalogue and make it the current one, with a new product file'
complete -c licgen -n '__licgen_at catalog' -a 'show' -d 'Show the plans of the current catalogue'
complete -c licgen -n '__licgen_at catalog' -a 'export' -d 'Write the current catalogue as it was imported'
complete -c licgen -n '__licgen_at catalog import' -F
complete -c licgen -n '__licgen_at catalog export' -s o -l out -r -F -d 'Write to FILE instead of standard output'
complete -c licgen -n '__licgen_at catalog export' -l force -d 'Replace FILE if it exists'
complete -c licgen -n '__licgen_at product' -a 'export' -d 'Write the signed product file that clients need'
complete -c licgen -n '__licgen_at product export' -s o -l out -r -F -d 'Write to FILE instead of standard output'
complete -c licgen -n '__licgen_at product export' -l force -d 'Replace FILE if it exists'
complete -c licgen -n '__licgen_at create' -l plan -x -d 'Plan of the catalogue'
complete -c licgen -n '__licgen_at create' -l customer -x -d 'Name of the customer'
complete -c licgen -n '__licgen_at create' -l email -x -d 'The customer\'s address; required by plans with email_domains'
complete -c licgen -n '__licgen_at create' -l months -x -d 'Runs for N calendar months (default: as the plan says)'
complete -c licgen -n '__licgen_at create' -l expires -x -d 'Ends at a date or time (UTC), or a duration after the start: 30d, 1y'
complete -c licgen -n '__licgen_at create' -l perpetual -d 'Never ends'
complete -c licgen -n '__licgen_at create' -l starts -x -d 'Begins at a date or time (UTC), or a duration from now (default: now)'
complete -c licgen -n '__licgen_at create' -l seats -x -d 'How many machines may use it at a time (default: as the plan says)'
complete -c licgen -n '__licgen_at create' -l machine -x -d 'Bind it to the machine of that fingerprint (licctl --machine-id); at most as often as there are seats'
complete -c licgen -n '__licgen_at create' -l feature -x -d 'Add or change a feature: true (also without a value), false, a whole number, a,b,c for a list, or a word'
complete -c licgen -n '__licgen_at create' -l limit -x -d 'Add or change a limit: a number or unlimited, per day, month or year'
complete -c licgen -n '__licgen_at create' -l order -x -d 'Number of the order'
complete -c licgen -n '__licgen_at create' -l note -x -d 'A note that stays in the ledger'
complete -c licgen -n '__licgen_at create' -l meta -x -d 'Metadata that the license carries'
complete -c licgen -n '__licgen_at create' -l count -x -d 'Issue N licenses, up to 1000000 (default: 1)'
complete -c licgen -n '__licgen_at create' -l batch -x -d 'Issue only what is missing to --count under this name, so that the command can be run again'
complete -c licgen -n '__licgen_at create' -s o -l out -r -F -d 'Also write the signed licenses: KEY.json files to a directory, lines to FILE.jsonl, - for lines on standard output in place of the keys'
complete -c licgen -n '__licgen_at create' -l force -d 'Replace files that exist'
complete -c licgen -n '__licgen_at list' -l status -x -a 'valid expiring grace trial free expired revoked suspended not-yet-valid' -d 'Only licenses of that status today'
complete -c licgen -n '__licgen_at list' -l plan -x -d 'Only licenses of that plan'
complete -c licgen -n '__licgen_at list' -l customer -x -d 'Only customers whose name matches: * is any text, ? any character, capitals are the same as small letters'
complete -c licgen -n '__licgen_at list' -l email -x -d 'Only the customer with that e-mail address'
complete -c licgen -n '__licgen_at list' -l expires-within -x -d 'Only licenses that end within that time from now: 30d, 2mo, 1y'
complete -c licgen -n '__licgen_at list' -l limit -x -d 'At most N licenses (default: 50 in a table, else all)'
complete -c licgen -n '__licgen_at list' -l after -x -d 'Only what was issued after that license: goes on where a list ended'
complete -c licgen -n '__licgen_at list' -l format -x -a 'table csv jsonl' -d 'How to print the licenses (default: table)'
complete -c licgen -n '__licgen_at revoke' -l reason -x -d 'Why: kept in the ledger and in the revocation list'
complete -c licgen -n '__licgen_at export' -l all -d 'Every license that the filters below let through; revoked ones only with --status revoked'
complete -c licgen -n '__licgen_at export' -l status -x -a 'valid expiring grace trial free expired revoked suspended not-yet-valid' -d 'Only licenses of that status today'
complete -c licgen -n '__licgen_at export' -l plan -x -d 'Only licenses of that plan'
complete -c licgen -n '__licgen_at export' -l customer -x -d 'Only customers whose name matches: * is any text, ? any character, capitals are the same as small letters'
complete -c licgen -n '__licgen_at export' -l email -x -d 'Only the customer with that e-mail address'
complete -c licgen -n '__licgen_at export' -l expires-within -x -d 'Only licenses that end within that time from now: 30d, 2mo, 1y'
complete -c licgen -n '__licgen_at export' -s o -l out -r -F -d 'A directory that gets a KEY.json for each, a file that gets a line for each, or - for lines on standard output'
complete -c licgen -n '__licgen_at export' -l force -d 'Replace files that exist'
complete -c licgen -n '__licgen_at revocations' -a 'export' -d 'Sign and write the list of all revoked licenses'
complete -c licgen -n '__licgen_at revocations export' -s o -l out -r -F -d 'Write to FILE instead of standard output'
complete -c licgen -n '__licgen_at revocations export' -l force -d 'Replace FILE if it exists'
complete -c licgen -n '__licgen_at revocations export' -l valid -x -d 'How long clients may go by this list (default: 7d); licctl 0.1.0 reads no lists'
complete -c licgen -n '__licgen_at verify' -l product-file -r -F -d 'Trust the keys of this product file; the home and its ledger are then not looked at'
complete -c licgen -n '__licgen_at verify' -F
complete -c licgen -n '__licgen_at keys' -a 'list' -d 'List the signing keys: what each signs, and whether its file is here and encrypted'
complete -c licgen -n '__licgen_at keys' -a 'passphrase' -d 'Change the passphrase of the signing keys'
complete -c licgen -n '__licgen_at keys passphrase' -l all -d 'Both keys; a missing file is an error'
complete -c licgen -n '__licgen_at keys passphrase' -l remove -d 'Leave the keys unencrypted, protected by file modes only'
complete -c licgen -n '__licgen_at keys passphrase' -l new-passphrase-file -r -F -d 'File with the new passphrase (default: $LICGEN_NEW_PASSPHRASE, or asked for at the terminal)'
