#!/usr/bin/env bash
# shellcheck disable=SC2016 # what is in single quotes is for another program
# licgen: init, catalog, product, keys, the passphrase, and the manners of the command line.
. "$(dirname "$0")/lib.sh"
: "${LICGEN:?the licgen to test}"
here=$(cd "$(dirname "$0")" && pwd)
catalog=$here/../../docs/examples/ticketzero.json
other_catalog=$here/../../docs/examples/tensorpack.json
cd "$work" || exit 1

edited() { "$python" -c 'import json,sys; d=json.load(open(sys.argv[1])); exec(sys.argv[2]); json.dump(d,sys.stdout)' "$catalog" "$1"; }
printf 'correct horse\n' >pass
printf 'battery staple' >pass2
printf 'wrong\n' >wrong

test_case "init makes a home with encrypted keys"
run_ok "$LICGEN" --home h --passphrase-file pass init --catalog "$catalog"
assert_stdout_has "TicketZero AI"
assert_stdout_has "h/keys/root.pem"
assert_stderr_has "offline"
assert_mode h 700
assert_mode h/keys 700
assert_mode h/keys/root.pem 600
assert_mode h/keys/license.pem 600
assert_mode h/ledger.db 600
assert_entries h 2
grep -q 'BEGIN ENCRYPTED PRIVATE KEY' h/keys/root.pem || fail "the root key is plain"
run_ok openssl pkey -in h/keys/license.pem -passin file:pass -noout -text
assert_stdout_has "ED25519 Private-Key"
run openssl pkey -in h/keys/license.pem -passin file:wrong -noout
[ "$status" -ne 0 ] || fail "openssl took a wrong passphrase"

test_case "an existing home is refused and stays as it is"
sum=$(cat h/ledger.db h/keys/*.pem | sha256sum)
run_code 5 "$LICGEN" --home h --passphrase-file pass init --catalog "$catalog"
assert_stdout_empty
assert_stderr_has "ledger already"
run_code 5 "$LICGEN" --home h --json --passphrase-file pass init --catalog "$catalog"
assert_json_error conflict 5
[ "$sum" = "$(cat h/ledger.db h/keys/*.pem | sha256sum)" ] || fail "the home was changed"
assert_entries h 2

test_case "init --json, --no-passphrase, an empty directory, LICGEN_HOME, leftovers"
mkdir -m 755 plain
mkdir plain/.init-abc123
touch plain/.init-abc123/ledger.db
LICGEN_HOME=plain run_ok "$LICGEN" init --catalog "$catalog" --no-passphrase --json
assert_json 'list(d) == ["home","product","keys","version"] and d["home"] == "plain" and d["product"] == "ticketzero" and d["version"] == 1'
assert_json '[k["purpose"] for k in d["keys"]] == ["root","license"] and all(len(k["keyid"]) == 64 for k in d["keys"])'
assert_stderr_has "not encrypted"
assert_mode plain 700
assert_entries plain 2
run_ok openssl pkey -in plain/keys/root.pem -noout
run_ok "$LICGEN" --home plain keys list --json
assert_json 'all(k["encrypted"] is False and k["present"] for k in d["keys"])'

test_case "without --home the home is ~/.licgen"
run_ok "$LICGEN" init --catalog "$catalog" --no-passphrase --quiet
assert_stderr_has "not encrypted"
assert_stderr_lacks "offline"
assert_file "$HOME/.licgen/ledger.db"
assert_mode "$HOME/.licgen" 700
HOME='' run_code 1 "$LICGEN" list
assert_stderr_has "HOME"
run_code 2 "$LICGEN" --home '' list
assert_stdout_empty

test_case "init without a passphrase and without a terminal creates nothing"
run_code 6 "$LICGEN" --home none init --catalog "$catalog"
assert_stdout_empty
for way in --passphrase-file --passphrase-fd LICGEN_PASSPHRASE terminal --no-passphrase; do assert_stderr_has "$way"; done
assert_absent none

test_case "a faulty catalogue: every fault at once, nothing created"
edited 'd["plans"][0]["kind"]="rent"; d["plans"][1]["seets"]=3; del d["product"]' >bad.json
run_code 3 "$LICGEN" --home none init --catalog bad.json --no-passphrase
assert_stdout_empty
assert_stderr_has "/plans/0/kind"
assert_stderr_has "/plans/1/seets"
assert_stderr_has "/product"
assert_absent none
run_code 4 "$LICGEN" --home none init --catalog missing.json --no-passphrase
run_code 3 "$LICGEN" --home none init --catalog . --no-passphrase
head -c 100000 /dev/zero >huge.json
run_code 3 "$LICGEN" --home none init --catalog huge.json --no-passphrase
assert_stderr_has "larger than"
: >empty
run_code 3 "$LICGEN" --home none init --catalog empty --no-passphrase
run_code 2 "$LICGEN" --home none init --no-passphrase
assert_stderr_has "--catalog"
run_code 3 "$LICGEN" --home none --passphrase-file empty init --catalog "$catalog"
assert_stderr_has "empty"
run_code 4 "$LICGEN" --home none --passphrase-file missing init --catalog "$catalog"
assert_absent none

test_case "half a home: keys without a ledger"
mkdir -p half/keys
chmod 700 half
run_code 5 "$LICGEN" --home half init --catalog "$catalog" --no-passphrase
assert_stderr_has "without a ledger"
assert_stderr_has "move keys/ away"
assert_entries half 1
run_code 4 "$LICGEN" --home half list
assert_stderr_has "no ledger"

test_case "directories that cannot become a home"
mkdir -m 755 used
touch used/something
run_code 5 "$LICGEN" --home used init --catalog "$catalog" --no-passphrase
assert_stderr_has "in use"
assert_entries used 1
assert_mode used 755
touch file
run_code 5 "$LICGEN" --home file init --catalog "$catalog" --no-passphrase

test_case "a catalogue on standard input, a ledger elsewhere"
mkdir data
input=$catalog run_ok "$LICGEN" --home away --ledger sqlite:data/acme.db init --catalog - --no-passphrase
assert_absent away/ledger.db
assert_mode data/acme.db 600
assert_entries data 1
assert_entries away 1
run_code 4 "$LICGEN" --home away list
run_ok "$LICGEN" --home away --ledger sqlite:data/acme.db list
run_code 5 "$LICGEN" --home away2 --ledger sqlite:data/acme.db init --catalog "$catalog" --no-passphrase
assert_absent away2
run_code 2 "$LICGEN" --home away --ledger data/acme.db list
run_code 2 "$LICGEN" --home away --ledger mysql://user:secret@host/db list
assert_stderr_lacks secret
run_code 4 "$LICGEN" --home away3 --ledger sqlite:nowhere/acme.db init --catalog "$catalog" --no-passphrase
assert_absent away3

test_case "two at once: one home"
for i in 1 2 3 4; do ("$LICGEN" --home race init --catalog "$catalog" --no-passphrase --quiet >/dev/null 2>&1; echo $? >"race.$i") & done
wait
[ "$(cat race.? | grep -c '^0$')" -eq 1 ] || fail "not one init of four made the home: $(cat race.? | tr '\n' ' ')"
assert_entries race 2
run_ok "$LICGEN" --home race create --plan starter --customer ACME
key=$(cat "$out")

test_case "no home"
for command in list "show $key" "catalog show" "product export" "keys list" "export --all --out -"; do
  # shellcheck disable=SC2086
  run_code 4 "$LICGEN" --home none $command
  assert_stdout_empty
done
run_code 4 "$LICGEN" --home none list
assert_stderr_has "licgen init"
assert_absent none

test_case "catalog show and export"
run_ok "$LICGEN" --home plain catalog show
assert_stderr_empty
assert_stdout_has "4500.00 USD a year"
assert_stdout_has "tickets 5000 per month"
assert_stdout_has "professional"
run_ok "$LICGEN" --home plain catalog show --json
assert_json 'd == json.load(open(a[0]))' "$catalog"
run_ok "$LICGEN" --home plain catalog export --out exported.json
assert_stdout_empty
assert_same exported.json "$catalog"
run_code 5 "$LICGEN" --home plain catalog export --out exported.json
assert_stderr_has "--force"
assert_same exported.json "$catalog"
run_ok "$LICGEN" --home plain catalog export --out exported.json --force
run_ok "$LICGEN" --home plain catalog export
assert_json 'd == json.load(open(a[0]))' "$catalog"

test_case "catalog import: unchanged, changed, refused"
run_ok "$LICGEN" --home plain catalog import "$catalog"
assert_stdout_has "unchanged"
"$python" -m json.tool "$catalog" >reformatted.json
run_ok "$LICGEN" --home plain --json catalog import reformatted.json
assert_json 'd == {"product":"ticketzero","version":1,"changed":False}'
edited 'd["plans"][0]["name"]="Starter Plus"' >next.json
run_ok "$LICGEN" --home plain catalog import next.json
assert_stdout_has "version 2"
run_ok "$LICGEN" --home plain catalog show
assert_stdout_has "Starter Plus"
run_code 5 "$LICGEN" --home plain catalog import "$other_catalog"
assert_stderr_has "tensorpack"
edited 'd["key_prefix"]="XX"' >prefix.json
run_code 5 "$LICGEN" --home plain catalog import prefix.json
assert_stderr_has "prefix"
edited 'd["app"]="other"' >app.json
run_code 5 "$LICGEN" --home plain catalog import app.json
run_code 3 "$LICGEN" --home plain --json catalog import bad.json
assert_json_error invalid-input 3
run_code 4 "$LICGEN" --home plain catalog import missing.json
run_code 2 "$LICGEN" --home plain catalog import
run_ok "$LICGEN" --home plain catalog export
assert_json 'd["plans"][0]["name"] == "Starter Plus" and d["key_prefix"] == "TZ"'
edited 'd["plans"][0]["name"]="Starter X"' >third.json
input=third.json run_ok "$LICGEN" --home plain catalog import -
assert_stdout_has "version 3"
edited 'd["plans"][0]["features"] = {"f%d" % i: "x" * 60 for i in range(700)}' >large.json
run_code 3 "$LICGEN" --home plain catalog import large.json
assert_stderr_has "product file"
run_ok "$LICGEN" --home plain product export
[ "$(json_get '__import__("json").loads(__import__("base64").b64decode(d["payload"]))["version"]')" = 3 ] || fail "not version 3"

test_case "the root key's passphrase is asked for on import, not for showing"
run_ok "$LICGEN" --home h catalog show
run_code 6 "$LICGEN" --home h catalog import next.json
assert_stderr_has "--passphrase-file"
run_code 6 "$LICGEN" --home h --passphrase-file wrong catalog import next.json
run_ok "$LICGEN" --home h catalog import "$catalog"
run_ok "$LICGEN" --home h --json catalog show
assert_json 'd["plans"][0]["name"] == "Starter"'
LICGEN_PASSPHRASE='correct horse' run_ok "$LICGEN" --home h catalog import next.json

test_case "a root key kept offline"
mv plain/keys/root.pem offline.pem
run_code 4 "$LICGEN" --home plain catalog import "$catalog"
assert_stderr_has "root"
run_ok "$LICGEN" --home plain keys list --json
assert_json '[(k["purpose"], k["present"], k["encrypted"]) for k in d["keys"]] == [("root",False,None),("license",True,False)]'
run_ok "$LICGEN" --home plain create --plan starter --customer ACME
cp plain/keys/license.pem plain/keys/root.pem
run_code 5 "$LICGEN" --home plain catalog import "$catalog"
rm plain/keys/root.pem
cp offline.pem plain/keys/root.pem
chmod 644 plain/keys/root.pem
run_code 6 "$LICGEN" --home plain catalog import "$catalog"
chmod 600 plain/keys/root.pem

test_case "product export"
run_ok "$LICGEN" --home plain product export --out product.json
assert_stdout_empty
assert_mode product.json 644
run_ok "$LICGEN" --home plain product export
assert_same "$out" product.json
assert_lines 1
run_code 5 "$LICGEN" --home plain product export --out product.json
run_ok "$LICGEN" --home plain product export --out product.json --force --json
assert_json 'd == {"file": "product.json"}'
run_code 4 "$LICGEN" --home plain product export --out nowhere/product.json
assert_absent nowhere
run_code 5 "$LICGEN" --home plain product export --out /dev/null --force
[ -c /dev/null ] || fail "/dev/null is no device any more"
run_ok "$LICGEN" --home plain product export --out ./-p.json
run_ok "$LICGEN" --home plain verify -- -p.json
assert_stdout_has "signature good"

test_case "ways to give the passphrase"
run_ok "$LICGEN" --home h --passphrase-file pass create --plan starter --customer A
run_ok bash -c '"$0" --home h --passphrase-fd 3 create --plan starter --customer A 3<pass' "$LICGEN"
LICGEN_PASSPHRASE='correct horse' run_ok "$LICGEN" --home h create --plan starter --customer A
input=pass run_ok "$LICGEN" --home h --passphrase-file - create --plan starter --customer A
run_code 6 "$LICGEN" --home h create --plan starter --customer A
assert_stderr_has "LICGEN_PASSPHRASE"
run_code 6 "$LICGEN" --home h --passphrase-file wrong create --plan starter --customer A
assert_stdout_empty
LICGEN_PASSPHRASE='' run_code 3 "$LICGEN" --home h create --plan starter --customer A
run_code 2 "$LICGEN" --home h --passphrase-file pass --passphrase-fd 3 create --plan starter --customer A
run_code 1 "$LICGEN" --home h --passphrase-fd 99 create --plan starter --customer A
run_ok "$LICGEN" --home h list --format jsonl
assert_lines 4

test_case "typed at a terminal: asked twice when new, without echo"
"$python" - "$LICGEN" "$catalog" >terminal.log 2>&1 <<'END' || { cat terminal.log >&2; fail "the prompt"; }
import os, pty, sys, select, time
def session(argv, answers):
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(argv[0], argv)
    seen = b""
    for prompt, answer in answers:
        end = time.time() + 20
        while prompt not in seen:
            if not select.select([fd], [], [], end - time.time())[0]: raise SystemExit("no prompt: %r" % seen)
            seen += os.read(fd, 4096)
        time.sleep(0.1)
        os.write(fd, answer)
        seen_before, seen = seen, seen.split(prompt, 1)[1]
    rest = seen
    try:
        while True:
            data = os.read(fd, 4096)
            if not data: break
            rest += data
    except OSError: pass
    status = os.waitpid(pid, 0)[1]
    return status, rest
licgen, catalog = sys.argv[1:]
init = [licgen, "--home", "typed", "init", "--catalog", catalog]
status, text = session(init, [(b"passphrase", b"one\n"), (b"again", b"two\n")])
assert os.WEXITSTATUS(status) == 6 and b"differ" in text and not os.path.exists("typed"), (status, text)
status, text = session(init, [(b"passphrase", b"secret!\n"), (b"again", b"secret!\n")])
assert status == 0 and b"secret!" not in text and os.path.exists("typed/ledger.db"), (status, text)
status, text = session([licgen, "--home", "typed", "create", "--plan", "starter", "--customer", "A"], [(b"license key", b"secret!\n")])
assert status == 0 and b"TZ-STA-" in text, (status, text)
status, text = session([licgen, "--home", "typed", "create", "--plan", "starter", "--customer", "A"], [(b"license key", b"sec\x03")])
assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == 2, (status, text)
END

test_case "keys list"
run_ok "$LICGEN" --home h keys list
assert_stdout_has "license, revocations"
assert_stdout_has "encrypted"
assert_stderr_empty
run_ok "$LICGEN" --home h keys list --json
assert_json 'list(d["keys"][0]) == ["purpose","keyid","public","roles","state","not_before","not_after","created_at","file","present","encrypted"]'
assert_json 'd["keys"][1]["roles"] == ["license","revocations"] and d["keys"][0]["roles"] == []'
assert_json '__import__("hashlib").sha256(b"lic-key-v1\0\1" + __import__("base64").b64decode(d["keys"][0]["public"])).hexdigest() == d["keys"][0]["keyid"]'

test_case "keys passphrase"
run_ok "$LICGEN" --home h --passphrase-file pass keys passphrase --new-passphrase-file pass2
assert_stdout_has "root"
assert_mode h/keys/root.pem 600
run_ok openssl pkey -in h/keys/root.pem -passin file:pass2 -noout
run_code 6 "$LICGEN" --home h --passphrase-file pass create --plan starter --customer A
run_ok "$LICGEN" --home h --passphrase-file pass2 create --plan starter --customer A
# Cut short between the two keys: the same command again completes it.
run_ok "$LICGEN" --home h --passphrase-file pass2 keys passphrase root --new-passphrase-file pass
run_ok "$LICGEN" --home h --passphrase-file pass2 keys passphrase --new-passphrase-file pass
run_ok "$LICGEN" --home h --passphrase-file pass keys passphrase --new-passphrase-file pass2
run_code 6 "$LICGEN" --home h --passphrase-file wrong keys passphrase --new-passphrase-file pass
run_code 6 "$LICGEN" --home h --passphrase-file pass2 keys passphrase
assert_stderr_has "LICGEN_NEW_PASSPHRASE"
run_code 3 "$LICGEN" --home h --passphrase-file pass2 keys passphrase --new-passphrase-file empty
run_code 2 "$LICGEN" --home h --passphrase-file pass2 keys passphrase lease --new-passphrase-file pass
run_code 2 "$LICGEN" --home h --passphrase-file pass2 keys passphrase license --all --new-passphrase-file pass
run_code 2 "$LICGEN" --home h --passphrase-file pass2 keys passphrase --remove --new-passphrase-file pass
LICGEN_NEW_PASSPHRASE='third' LICGEN_PASSPHRASE='battery staple' run_ok "$LICGEN" --home h --json keys passphrase license
assert_json 'd == {"keys":["license"],"encrypted":True}'
LICGEN_PASSPHRASE='third' run_ok "$LICGEN" --home h create --plan starter --customer A
LICGEN_PASSPHRASE='third' run_code 6 "$LICGEN" --home h keys passphrase --all --remove
LICGEN_PASSPHRASE='third' run_ok "$LICGEN" --home h keys passphrase license --remove
assert_stderr_has "warning"
grep -q 'BEGIN PRIVATE KEY' h/keys/license.pem || fail "the license key is not plain"
grep -q 'BEGIN ENCRYPTED PRIVATE KEY' h/keys/root.pem || fail "the root key is plain"
assert_mode h/keys/license.pem 600
run_ok "$LICGEN" --home h create --plan starter --customer A
mv h/keys/root.pem away.pem
run_ok "$LICGEN" --home h keys passphrase --new-passphrase-file pass
assert_stderr_has "root key is not here"
assert_stdout "license key has a new passphrase"
run_code 4 "$LICGEN" --home h --passphrase-file pass keys passphrase --all --remove
mv h/keys/license.pem away2.pem
run_code 4 "$LICGEN" --home h keys passphrase --remove
mv away.pem h/keys/root.pem
mv away2.pem h/keys/license.pem
assert_entries h/keys 2

test_case "the history tells of it all"
"$python" -c 'import sqlite3; print(*[r[0] for r in sqlite3.connect("file:h/ledger.db?mode=ro", uri=True).execute("SELECT action FROM history WHERE key IS NULL ORDER BY number")])' >"$out"
assert_stdout "init catalog-import keys-passphrase keys-passphrase keys-passphrase keys-passphrase keys-passphrase keys-passphrase keys-passphrase"

test_case "the command line"
run_ok "$LICGEN" --version
assert_stdout_has "licgen "
run_ok "$LICGEN" --help
for command in init catalog product create list show revoke export revocations verify keys; do assert_stdout_has "$command"; done
for command in init "catalog import" "catalog show" "catalog export" "product export" create list show revoke export \
  "revocations export" verify "keys list" "keys passphrase"; do
  # shellcheck disable=SC2086
  run_ok "$LICGEN" $command --help
  assert_stdout_has "licgen $command"
  assert_stderr_empty
done
run_code 2 "$LICGEN"
assert_stdout_empty
run_code 2 "$LICGEN" craete
assert_stderr_has "create"
run_code 2 "$LICGEN" catalog improt
assert_stderr_has "import"
run_code 2 "$LICGEN" --home plain list --custmer x
assert_stderr_has "--customer"
run_code 2 "$LICGEN" --json --home plain list --custmer x
assert_json_error usage 2
run_ok "$LICGEN" list --home plain --json --quiet
assert_json 'd["next"] is None'

test_case "a standard output that cannot be written"
run_code 1 bash -c '"$0" --home plain catalog show >/dev/full' "$LICGEN"
assert_stderr_has "standard output"
run_code 1 bash -c '"$0" --home plain catalog show >&-' "$LICGEN"

test_case "a ledger that is none"
mkdir -m 700 broken
head -c 5000 /dev/urandom >broken/ledger.db
chmod 600 broken/ledger.db
run_code 3 "$LICGEN" --home broken list
assert_stdout_empty

finished
