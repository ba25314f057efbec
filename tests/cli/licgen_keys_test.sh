#!/usr/bin/env bash
# licgen keys rotate, distrust, root, sign-product; a root kept offline; reissue; proofs.
. "$(dirname "$0")/lib.sh"
: "${LICGEN:?the licgen to test}" "${LICCTL:?the licctl to test}"
here=$(cd "$(dirname "$0")" && pwd)
catalog=$here/../../docs/examples/ticketzero.json
cd "$work" || exit 1
LICGEN_HOME=$work/h
export LICGEN_HOME
ledger=$LICGEN_HOME/ledger.db

edited() { "$python" -c 'import json,sys; d=json.load(open(sys.argv[1])); exec(sys.argv[2]); json.dump(d,sys.stdout)' "$catalog" "$1"; }
# payload FILE EXPRESSION: of a signed file, with `d` its payload and `e` the envelope.
payload() {
  "$python" -c 'import base64,json,sys; e=json.load(open(sys.argv[1])); d=json.loads(base64.b64decode(e["payload"])); print(eval(sys.argv[2]))' "$1" "$2"
}
# keyid N: of the N-th key that is listed.
keyid() { run_ok "$LICGEN" keys list --json && json_get "d['keys'][$1]['keyid']"; }
# client DIR: licctl with a state and a product file of its own.
client() {
  local name=$1
  shift
  run "$LICCTL" --state-dir "$work/state.$name" --product-file "$work/client.$name.json" "$@"
}
client_ok() {
  client "$@"
  [ "$status" -eq 0 ] || fail "exit status $status, wanted 0"
}
new_key() { run_ok "$LICGEN" keys new "$1" --no-passphrase --quiet && cat "$out"; }

test_case "rotate: a new license key under the same root, the old licenses stay valid"
run_ok "$LICGEN" init --catalog "$catalog" --no-passphrase --quiet
run_ok "$LICGEN" product export --out v1.json
run_ok "$LICGEN" create --plan professional --customer ACME --out old
old_key=$(cat "$out")
run_ok "$LICGEN" audit --checkpoint before.json
first=$(keyid 1)
run_ok "$LICGEN" keys rotate --json
assert_json 'd["version"] == 2 and d["changed"] is True and d["before"] == a[0] and len(d["keyid"]) == 64' "$first"
second=$(json_get 'd["keyid"]')
new_file=$(json_get 'd["file"]')
assert_mode "$new_file" 600
[ "$new_file" = "$LICGEN_HOME/keys/license-${second:0:16}.pem" ] || fail "the file is $new_file"
assert_entries "$LICGEN_HOME/keys" 3
run_ok openssl pkey -in "$new_file" -noout
public=$(openssl pkey -in "$new_file" -pubout -outform DER | tail -c 32 | base64)
run_ok "$LICGEN" keys list --json
assert_json '[(k["purpose"], k["state"], k["present"]) for k in d["keys"]] == [("root","current",True),("license","retired",True),("license","current",True)]'
assert_json 'd["keys"][2]["public"] == a[0] and d["keys"][2]["roles"] == ["license","revocations"] and d["keys"][1]["not_after"] is None' "$public"
run_ok "$LICGEN" keys list
assert_stdout_has retired
assert_stderr_empty
run_ok "$LICGEN" verify "old/$old_key.json"
run_ok "$LICGEN" audit --against before.json
run_ok "$LICGEN" audit --checkpoint after.json
[ "$(payload after.json 'e["signatures"][0]["keyid"]')" = "$second" ] || fail "the checkpoint is not by the new key"
run_ok "$LICGEN" doctor
run_ok "$LICGEN" revocations export --out list.json
[ "$(payload list.json 'e["signatures"][0]["keyid"]')" = "$second" ] || fail "the list is not by the new key"
run_ok "$LICGEN" product export --out v2.json
run_ok "$LICGEN" product export --file-version 1
assert_same "$out" v1.json
run_code 4 "$LICGEN" product export --file-version 3
run_code 2 "$LICGEN" product export --file-version 0

test_case "licenses of the new key bring the product file along"
run_ok "$LICGEN" create --plan professional --customer New --out new
new_key=$(cat "$out")
cp v1.json client.a.json
client_ok a --activate-license "old/$old_key.json"
client_ok a --activate-license "new/$new_key.json"
client_ok a --license-info --json
assert_json 'd["status"] == "valid" and d["license_key"] == a[0]' "$new_key"
# Without it, the client with the old product file knows no such key.
"$python" -c 'import json; d = json.load(open("new/'"$new_key"'.json")); assert d.pop("product"); json.dump(d, open("bare.json", "w"))'
cp v1.json client.b.json
client b --activate-license bare.json
[ "$status" -eq 15 ] || fail "a key that is not known was believed"
client_ok b --license-info --license-file "new/$new_key.json"
client_ok a --activate-license bare.json
run_ok "$LICGEN" verify bare.json
run_ok "$LICGEN" verify "new/$new_key.json"
# What the old key signed needs nothing, what it signs anew is by the new one.
run_ok "$LICGEN" export "$old_key" --out exported
"$python" -c 'import json; assert "product" not in json.load(open("exported/'"$old_key"'.json"))' || fail "carried for nothing"
run_ok "$LICGEN" renew "$old_key" --out old
[ "$(payload "old/$old_key.json" '"product" in e and e["signatures"][0]["keyid"]')" = "$second" ] || fail "not by the new key"
client_ok b --activate-license "old/$old_key.json"
run_ok "$LICGEN" create --plan starter --customer B --count 3 --batch b1 --out all.jsonl
run_ok "$LICGEN" create --plan starter --customer B --count 3 --batch b1 --out all.jsonl
assert_lines 3
run_ok "$LICGEN" create --plan starter --customer B --count 3 --batch b2 --out batch
edited 'd["plans"][0]["name"]="Other"' >other.json
run_ok "$LICGEN" catalog import other.json
run_ok "$LICGEN" create --plan starter --customer B --count 3 --batch b2 --out batch
for file in batch/*.json; do [ "$(payload "$file" 'json.loads(base64.b64decode(e["product"]["payload"]))["version"]')" = 3 ] || fail "$file has an old product file"; done
run_ok "$LICGEN" audit

test_case "rotate --distrust-after: what the old key signs later is refused"
run_ok "$LICGEN" keys rotate --distrust-after 2999-01-01 --json
assert_stderr_lacks "count no more"
run_ok "$LICGEN" keys list --json
assert_json 'd["keys"][2]["state"] == "retired" and d["keys"][2]["not_after"] == "2999-01-01T00:00:00Z"'
run_code 5 "$LICGEN" keys distrust "$(keyid 3)" --after 2026-01-01
run_code 4 "$LICGEN" keys distrust 0000000000000000 --after 2026-01-01
run_code 3 "$LICGEN" keys distrust "${second:0:4}" --after 2026-01-01
run_code 3 "$LICGEN" keys distrust "$second" --after soon
run_code 3 "$LICGEN" keys rotate --distrust-after 'the day after'
assert_entries "$LICGEN_HOME/keys" 4
run_ok "$LICGEN" keys distrust "${second:0:12}" --after 2020-01-01
assert_stderr_has "count no more"
run_ok "$LICGEN" keys list --json
assert_json 'd["keys"][2]["state"] == "distrusted" and d["keys"][2]["not_after"] == "2020-01-01T00:00:00Z"'
run_ok "$LICGEN" keys distrust "$second" --after 2021-01-01 --json
assert_json 'd["changed"] is False'
run_code 15 "$LICGEN" verify "new/$new_key.json"
run_ok "$LICGEN" audit
assert_stderr_has "licgen reissue"
run_ok "$LICGEN" audit --json
assert_json 'd["whole"] is True and d["distrusted"] == 8'
run_ok "$LICGEN" doctor
assert_stdout_has "clients refuse 8 licenses"
run_ok "$LICGEN" backup b.db
run_ok "$LICGEN" restore b.db --force

test_case "reissue: what clients refuse is signed anew, once"
run_ok "$LICGEN" reissue --reason 'key stolen' --out again --json
assert_json 'd["reissued"] == 8 and len(d["files"]) == 8'
run_ok "$LICGEN" verify "again/$new_key.json"
run_ok "$LICGEN" show "$new_key" --json
assert_json 'd["license"]["serial"] == 2 and d["history"][-1]["action"] == "reissue" and d["history"][-1]["reason"] == "key stolen"'
run_ok "$LICGEN" reissue
assert_stdout_has "nothing to do"
run_ok "$LICGEN" audit --json
assert_json 'd["distrusted"] == 0'
client_ok a --activate-license "again/$new_key.json"
cp v1.json client.c.json
client_ok c --activate-license "again/$new_key.json"
run_code 3 "$LICGEN" reissue --reason ' '

test_case "a root kept offline"
mkdir -m 700 stick
mv "$LICGEN_HOME/keys/root.pem" stick/root.pem
edited 'd["plans"][0]["name"]="Third"' >third.json
for command in "catalog import third.json" "keys rotate" "keys distrust $first --after 2020-01-01" "keys root --add $(new_key stick/spare.pem)"; do
  # shellcheck disable=SC2086
  run_code 4 "$LICGEN" $command
  assert_stderr_has "kept offline"
  assert_stderr_has "--root-key"
  assert_stdout_empty
done
assert_entries "$LICGEN_HOME/keys" 3
run_code 5 "$LICGEN" catalog import third.json --root-key stick/spare.pem
assert_stderr_has "no root key of this product"
run_code 4 "$LICGEN" catalog import third.json --root-key stick/none.pem
printf 'on the stick' >stick.pass
printf 'wrong' >wrong.pass
openssl pkcs8 -topk8 -in stick/root.pem -out stick/locked.pem -passout file:stick.pass
chmod 600 stick/locked.pem
run_code 6 "$LICGEN" catalog import third.json --root-key stick/locked.pem
assert_stderr_has "LICGEN_ROOT_PASSPHRASE"
run_code 6 "$LICGEN" catalog import third.json --root-key stick/locked.pem --root-passphrase-file wrong.pass
run_ok "$LICGEN" catalog import third.json --root-key stick/locked.pem --root-passphrase-file stick.pass
LICGEN_ROOT_PASSPHRASE='on the stick' run_ok "$LICGEN" keys rotate --root-key stick/locked.pem
run_ok "$LICGEN" create --plan starter --customer X
run_ok "$LICGEN" doctor

test_case "another root: only signed by the old one and the new one"
run_ok "$LICGEN" product export --out one-root.json
one_root=$(payload one-root.json 'd["version"]')
root=$(keyid 0)
run_code 4 "$LICGEN" keys root --add stick/spare.pem --remove "$root"
run_code 4 "$LICGEN" keys root --add "$(openssl pkey -in stick/spare.pem -pubout -outform DER | tail -c 32 | base64)" --remove "$root" --root-key stick/root.pem
assert_stderr_has "more root key"
run_code 3 "$LICGEN" keys root --remove "$root" --root-key stick/root.pem
run_code 3 "$LICGEN" keys root --threshold 2 --root-key stick/root.pem
run_code 2 "$LICGEN" keys root --threshold 9
run_code 2 "$LICGEN" keys root
run_code 3 "$LICGEN" keys root --add AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= --root-key stick/root.pem
run_ok "$LICGEN" keys root --add stick/spare.pem --remove "$root" --root-key stick/root.pem --json
assert_json 'len(d["roots"]) == 1 and d["threshold"] == 1 and d["version"] == int(a[0]) + 1' "$one_root"
run_ok "$LICGEN" keys root --add stick/spare.pem --remove "$root"
assert_stdout_has "so already"
run_ok "$LICGEN" keys list --json
assert_json '[k["state"] for k in d["keys"] if k["purpose"] == "root"] == ["retired", "current"]'
run_code 5 "$LICGEN" catalog import "$catalog" --root-key stick/root.pem
run_ok "$LICGEN" catalog import "$catalog" --root-key stick/spare.pem
# A further root is found in the home under its own name.
spare=$("$LICGEN" keys list --json | "$python" -c 'import json,sys; print([k for k in json.load(sys.stdin)["keys"] if k["purpose"] == "root"][1]["keyid"])')
cp -p stick/spare.pem "$LICGEN_HOME/keys/root-${spare:0:16}.pem"
run_ok "$LICGEN" catalog import third.json
rm "$LICGEN_HOME/keys/root-${spare:0:16}.pem"
run_code 4 "$LICGEN" catalog import "$catalog"
assert_stderr_has "keys/root-${spare:0:16}.pem"

test_case "a client that skipped the change of roots gets over it"
run_ok "$LICGEN" keys root --add "$(new_key stick/third.pem)" --remove "$(openssl pkey -in stick/spare.pem -pubout -outform DER | tail -c 32 | { printf 'lic-key-v1\0\1'; cat; } | sha256sum | cut -c1-16)" --root-key stick/spare.pem --root-key stick/third.pem
run_ok "$LICGEN" catalog import other.json --root-key stick/third.pem
run_ok "$LICGEN" product export --out newest.json
run_ok "$LICGEN" create --plan starter --customer Y --out y
y=$(cat "$out")
cp one-root.json client.d.json
client_ok d --activate-license "again/$new_key.json"
cp newest.json client.d.json
client_ok d --license-info
client_ok d --activate-license "y/$y.json"
cp one-root.json client.d.json
client_ok d --license-info
cp one-root.json client.e.json
client_ok e --activate-license "y/$y.json"
# Without the steps between them it is a stranger's file.
"$python" -c 'import json; d = json.load(open("newest.json")); assert len(d.pop("before")) == 2; json.dump(d, open("stepless.json", "w"))'
cp one-root.json client.f.json
client_ok f --activate-license "again/$new_key.json"
cp stepless.json client.f.json
client f --license-info
[ "$status" -eq 15 ] || fail "a file without the steps was believed"
"$python" -c 'import json; d = json.load(open("newest.json")); d["before"].pop(0); json.dump(d, open("one-step.json", "w"))'
cp one-step.json client.f.json
client f --license-info
[ "$status" -eq 15 ] || fail "a file with a step missing was believed"
for ((v = one_root + 1; v <= one_root + 5; ++v)); do
  run_ok "$LICGEN" product export --file-version "$v" --out client.f.json --force
  client_ok f --activate-license "again/$new_key.json"
done
cp one-root.json client.f.json
client_ok f --license-info

test_case "two of three roots, signing in turns"
for name in b c; do new_key "stick/$name.pem" >"stick/$name.pub"; done
version=$(payload newest.json 'd["version"]')
run_ok "$LICGEN" keys root --add "$(cat stick/b.pub)" --add "$(cat stick/c.pub)" --threshold 2 --propose p0.json --json
assert_json 'd["changed"] is False and d["proposal"] == "p0.json" and d["version"] == int(a[0]) + 1' "$version"
run_code 5 "$LICGEN" keys root --add "$(cat stick/b.pub)" --add "$(cat stick/c.pub)" --threshold 2 --propose p0.json
[ "$(payload p0.json 'e["signatures"]')" = "[]" ] || fail "somebody has signed"
run_code 15 "$LICGEN" product import p0.json
run_code 3 "$LICGEN" verify p0.json
elsewhere=(env HOME="$work/elsewhere" LICGEN_HOME="$work/elsewhere" "$LICGEN")
run_ok "${elsewhere[@]}" keys sign-product p0.json --root-key stick/b.pem --out p1.json
assert_stderr_has "2 of them must sign"
assert_stderr_has "plans starter, professional"
assert_stdout_empty
run_code 15 "$LICGEN" product import p1.json
run_code 15 "$LICGEN" verify p1.json
run_code 5 "${elsewhere[@]}" keys sign-product p1.json --root-key stick/spare.pem --out p2.json
assert_absent p2.json
run_ok "${elsewhere[@]}" keys sign-product p1.json --root-key stick/third.pem --product-file newest.json --out p2.json --json
assert_json 'd["complete"] is True and len(d["signatures"]) == 2'
run_ok "${elsewhere[@]}" keys sign-product p2.json --root-key stick/third.pem
assert_same "$out" p2.json
run_code 2 "${elsewhere[@]}" keys sign-product p2.json
run_ok "$LICGEN" product import p2.json --json
assert_json 'd["changed"] is True'
run_ok "$LICGEN" product import p2.json
assert_stdout_has "already in force"
run_ok "$LICGEN" keys list
assert_stdout_has "2 of 3 root keys must sign"
run_code 4 "$LICGEN" catalog import third.json --root-key stick/b.pem
assert_stderr_has "1 more root key"
run_ok "$LICGEN" catalog import third.json --root-key stick/b.pem --root-key stick/c.pem
run_ok "$LICGEN" product export --out newest.json --force
client_ok d --license-info
cp newest.json client.d.json
client_ok d --license-info
run_code 5 "$LICGEN" product import p2.json
assert_stderr_has "another came first"

test_case "a rotation proposed and signed in turns: the old key signs until it is imported"
before=$(find "$LICGEN_HOME/keys" -name '*.pem' | wc -l)
run_ok "$LICGEN" keys rotate --propose r0.json
run_ok "$LICGEN" keys list
assert_stderr_has "of no key in the ledger"
assert_entries "$LICGEN_HOME/keys" $((before + 1))
run_ok "$LICGEN" create --plan starter --customer Z --out z
run_ok "$LICGEN" keys sign-product r0.json --root-key stick/c.pem --out r1.json
run_ok "$LICGEN" keys sign-product r1.json --root-key stick/third.pem --out r2.json
altered() { "$python" -c 'import base64,json,sys; e=json.load(open("r2.json")); d=json.loads(base64.b64decode(e["payload"])); exec(sys.argv[1]); e["payload"]=base64.b64encode(json.dumps(d).encode()).decode(); json.dump(e,open("altered.json","w"))' "$1"; }
altered 'd["threshold"] = 1'
run_code 15 "$LICGEN" product import altered.json
altered 'd["product"] = "tensorpack"'
run_code 5 "$LICGEN" product import altered.json
altered 'd["version"] += 1'
run_code 15 "$LICGEN" product import altered.json
run_ok "$LICGEN" product import r2.json
run_ok "$LICGEN" create --plan starter --customer Z --out z
run_ok "$LICGEN" audit
run_ok "$LICGEN" keys list --json
assert_json 'd["keys"][-1]["state"] == "current" and d["threshold"] == 2'
run_ok "$LICGEN" catalog export
assert_json 'd["plans"][0]["name"] == "Third"'

test_case "encrypted keys: the new one has the passphrase of the old one"
printf 'correct horse\n' >pass
export LICGEN_HOME=$work/locked
run_ok "$LICGEN" --passphrase-file pass init --catalog "$catalog"
run_code 6 "$LICGEN" keys rotate
run_code 6 "$LICGEN" --passphrase-file wrong.pass keys rotate
assert_entries "$LICGEN_HOME/keys" 2
run_ok "$LICGEN" --passphrase-file pass keys rotate --json
run_ok openssl pkey -in "$(json_get 'd["file"]')" -passin file:pass -noout
assert_entries "$LICGEN_HOME/keys" 3
printf 'battery staple' >pass2
run_ok "$LICGEN" --passphrase-file pass keys passphrase --new-passphrase-file pass2
for file in "$LICGEN_HOME"/keys/*.pem; do run_ok openssl pkey -in "$file" -passin file:pass2 -noout; done
run_ok "$LICGEN" --passphrase-file pass2 create --plan starter --customer A
run_ok "$LICGEN" --passphrase-file pass2 keys passphrase root --new-passphrase-file stick.pass
run_code 6 "$LICGEN" --passphrase-file pass2 keys rotate
input=stick.pass run_code 2 "$LICGEN" --passphrase-file pass2 keys rotate --root-passphrase-file -
count=$(find "$LICGEN_HOME/keys" | wc -l)
run_ok "$LICGEN" --passphrase-file pass2 keys rotate --root-passphrase-file stick.pass
LICGEN_ROOT_PASSPHRASE='on the stick' run_ok "$LICGEN" --passphrase-file pass2 catalog import "$work/third.json"
[ "$(find "$LICGEN_HOME/keys" | wc -l)" = $((count + 1)) ] || fail "a key file was left behind"
rm "$LICGEN_HOME"/keys/license*.pem
run_code 4 "$LICGEN" --passphrase-file pass2 create --plan starter --customer A
run_ok "$LICGEN" --passphrase-file pass2 keys rotate --root-passphrase-file stick.pass
run_ok "$LICGEN" --passphrase-file pass2 create --plan starter --customer A

test_case "a new key file"
run_code 5 "$LICGEN" keys new stick/b.pem --no-passphrase
assert_stderr_has "hint: name a new file"
run_code 2 "$LICGEN" keys new - --no-passphrase
run_code 4 "$LICGEN" keys new nowhere/k.pem --no-passphrase
run_code 6 "$LICGEN" keys new stick/k.pem
assert_absent stick/k.pem
run_ok "$LICGEN" --passphrase-file pass keys new stick/k.pem --json
assert_mode stick/k.pem 600
assert_json '__import__("hashlib").sha256(b"lic-key-v1\0\1" + __import__("base64").b64decode(d["public"])).hexdigest() == d["keyid"]'
run_ok openssl pkey -in stick/k.pem -passin file:pass -noout

test_case "killed while rotating: the home signs, and the command can be run again"
export LICGEN_HOME=$work/killed
run_ok "$LICGEN" init --catalog "$catalog" --no-passphrase --quiet
run_ok "$LICGEN" product export --out client.k.json
for ((i = 0; i < 25; ++i)); do
  "$LICGEN" keys rotate >/dev/null 2>&1 &
  pid=$!
  sleep "0.$(printf '%03d' $((RANDOM % 40)))"
  kill -9 "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
  run_ok "$LICGEN" create --plan starter --customer "K$i" --out k --quiet
  [ "$i" != 0 ] || first_k=$(cat "$out")
done
run_ok "$LICGEN" keys rotate
run_ok "$LICGEN" create --plan starter --customer Last --out k
last_k=$(cat "$out")
run_ok "$LICGEN" audit
run_ok "$LICGEN" doctor
client_ok k --activate-license "k/$last_k.json"
run_ok "$LICGEN" verify "k/$first_k.json"
for file in "$LICGEN_HOME"/keys/*.pem; do run_ok openssl pkey -in "$file" -noout; done
run_ok sqlite3 "$LICGEN_HOME/ledger.db" "SELECT count(*) FROM products WHERE version > (SELECT count(*) FROM products); SELECT count(*) - (SELECT count(*) FROM keys) + 1 FROM products;"
assert_stdout "0
0"

test_case "two rotations at once"
for i in 1 2 3; do "$LICGEN" keys rotate --quiet >/dev/null 2>"at-once.$i" & done
wait
cat at-once.? | grep -v "not encrypted" >at-once
[ ! -s at-once ] || fail "a rotation failed: $(cat at-once)"
run_ok "$LICGEN" create --plan starter --customer After
run_ok "$LICGEN" audit
run_ok "$LICGEN" keys list --json
assert_json '[k["state"] for k in d["keys"]].count("current") == 2'

test_case "proofs that a license was issued through the ledger"
export LICGEN_HOME=$work/h
ledger=$LICGEN_HOME/ledger.db
run_ok "$LICGEN" create --plan professional --customer Proven --out proven
key=$(cat "$out")
file=proven/$key.json
run_ok "$LICGEN" audit --checkpoint cp.json --prove "$key" --out proof.json --json
assert_json 'd["checkpoint"] == "cp.json" and d["proof"] == "proof.json"'
run_ok "$LICGEN" product export --out trusted.json
elsewhere=(env HOME="$work/nowhere" LICGEN_HOME="$work/nowhere" "$LICGEN")
run_ok "${elsewhere[@]}" verify "$file" --product-file trusted.json --checkpoint cp.json --proof proof.json
assert_stdout_has "issued through the ledger"
run_ok "${elsewhere[@]}" verify "$file" --product-file trusted.json --checkpoint cp.json --proof proof.json --json
assert_json 'd["proven"] is True and d["verdict"] == "valid"'
run_ok "$LICGEN" verify "$file" --checkpoint cp.json --proof proof.json
run_ok "$LICGEN" verify "$file" --json
assert_json 'd["proven"] is False'
# The same by a program of its own: the path leads from the entry to the signed root.
"$python" - "$file" <<'END' || fail "the proof is not that of RFC 6962"
import base64, hashlib, json, sys
sha = lambda b: hashlib.sha256(b).digest()
proof, cp = json.load(open("proof.json")), json.loads(base64.b64decode(json.load(open("cp.json"))["payload"]))
def root(n, size, leaf, path):
    if size == 1: return leaf
    k = 1
    while k * 2 < size: k *= 2
    if n < k: return sha(b"\1" + root(n, k, leaf, path[:-1]) + path[-1])
    return sha(b"\1" + path[-1] + root(n - k, size - k, leaf, path[:-1]))
leaf = sha(b"\0" + proof["entry"].encode())
assert root(proof["number"] - 1, proof["size"], leaf, [bytes.fromhex(h) for h in proof["path"]]).hex() == cp["root"]
license = json.load(open(sys.argv[1]))
license.pop("product")
named = json.loads(json.loads(proof["entry"])[6])["sha256"]
assert hashlib.sha256(json.dumps(license, separators=(",", ":")).encode()).hexdigest() == named
END
run_ok "$LICGEN" renew "$key" --out renewed
run_code 15 "${elsewhere[@]}" verify "renewed/$key.json" --product-file trusted.json --checkpoint cp.json --proof proof.json
assert_stderr_has "another document"
run_ok "$LICGEN" verify "$file"
run_code 4 "$LICGEN" audit --against cp.json --prove "renewed/$key.json" --out late.json
assert_absent late.json
run_ok "$LICGEN" audit --against cp.json --prove "$file" --out again.json
assert_same proof.json again.json
run_ok "$LICGEN" audit --checkpoint cp2.json --prove "renewed/$key.json" --out proof2.json
run_ok "$LICGEN" verify "renewed/$key.json" --checkpoint cp2.json --proof proof2.json
run_code 15 "$LICGEN" verify "renewed/$key.json" --checkpoint cp.json --proof proof2.json
assert_stderr_has "does not hold"
run_ok "$LICGEN" audit --against cp2.json --prove "$key" --out -
cp "$out" printed.json
assert_same printed.json proof2.json
# change_proof SCRIPT: bad.json, which is proof2.json with that change.
change_proof() { "$python" -c 'import json,sys; d=json.load(open("proof2.json")); exec(sys.argv[1]); json.dump(d,open("bad.json","w"))' "$1"; }
for change in 'd["path"][0] = "0" * 64' 'd["path"].pop()' 'd["number"] -= 1' 'd["entry"] = d["entry"].replace("renew", "x")' 'd["product"] = "x"'; do
  change_proof "$change"
  run_code 15 "$LICGEN" verify "renewed/$key.json" --checkpoint cp2.json --proof bad.json
done
for change in 'd["v"] = 2' 'd["type"] = "x"' 'd["path"] = "x"' 'd["path"][0] = "00"' 'd["size"] = 0' 'del d["entry"]'; do
  change_proof "$change"
  run_code 3 "$LICGEN" verify "renewed/$key.json" --checkpoint cp2.json --proof bad.json
done
run_code 2 "$LICGEN" verify "$file" --proof proof.json
run_code 2 "$LICGEN" verify "$file" --checkpoint cp.json
run_code 4 "$LICGEN" verify "$file" --checkpoint cp.json --proof none.json
run_code 15 "$LICGEN" verify "$file" --checkpoint v1.json --proof proof.json
run_code 2 "$LICGEN" verify cp.json --checkpoint cp.json --proof proof.json
run_code 2 "$LICGEN" audit --prove "$key" --out p.json
run_code 2 "$LICGEN" audit --prove "$key" --checkpoint x.json
run_code 2 "$LICGEN" audit --checkpoint x.json --out p.json
run_code 4 "$LICGEN" audit --checkpoint x.json --prove none.json --out p.json
run_code 5 "$LICGEN" audit --checkpoint x.json --prove "$key" --out proof.json
assert_absent x.json
assert_absent p.json
run_ok "$LICGEN" audit --against cp.json --prove trusted.json --out product.proof.json
run_ok "$LICGEN" verify trusted.json --checkpoint cp.json --proof product.proof.json

test_case "a license by a stolen key is told: well signed, and never issued"
cp "$ledger" kept.db
run_ok "$LICGEN" create --plan professional --customer Thief --out stolen
stolen=$(cat "$out")
run_ok "$LICGEN" change "$key" --seats 99 --out stolen
cp kept.db "$ledger"
run_code 15 "$LICGEN" verify "stolen/$stolen.json"
assert_stderr_has "was not issued through this ledger"
assert_stderr_has "stolen"
run_code 15 "$LICGEN" verify "stolen/$key.json" --json
assert_json 'd["verdict"] == "untrusted" and d["id"] is None'
run_ok "$LICGEN" renew "$key"
run_code 15 "$LICGEN" verify "stolen/$key.json"
run_ok "$LICGEN" verify "$file"
run_ok "$LICGEN" verify "stolen/$stolen.json" --product-file trusted.json

test_case "restore keeps the product files that clients have, and their keys"
run_ok "$LICGEN" backup b2.db
run_ok "$LICGEN" keys rotate --root-key stick/b.pem --root-key stick/c.pem
run_ok "$LICGEN" product export --out given.json
run_ok "$LICGEN" create --plan starter --customer Given --out given
given=$(cat "$out")
cp given.json client.g.json
client_ok g --activate-license "given/$given.json"
run_ok "$LICGEN" restore b2.db --force
assert_stderr_has "stays in force"
run_ok "$LICGEN" product export
assert_same "$out" given.json
run_ok "$LICGEN" audit
run_ok "$LICGEN" catalog import "$catalog" --root-key stick/b.pem --root-key stick/c.pem
run_ok "$LICGEN" product export --out client.g.json --force
client_ok g --license-info
# The ledger is lost: what was given out is taken back from a client.
cp "$ledger" kept.db
rm "$ledger"
run_ok "$LICGEN" restore b2.db
assert_stderr_has "product import"
run_ok "$LICGEN" product import client.g.json
run_ok "$LICGEN" product export
assert_same "$out" client.g.json
run_ok "$LICGEN" create --plan starter --customer Again --out given
client_ok g --activate-license "given/$(cat "$out").json"
run_ok "$LICGEN" keys list --json
assert_json 'd["keys"][-1]["state"] == "current" and d["keys"][-1]["present"]'
cp kept.db "$ledger"

test_case "an older ledger in the place of one with a newer key signs by the older key"
cp "$ledger" kept.db
run_ok "$LICGEN" keys rotate --root-key stick/b.pem --root-key stick/c.pem
cp kept.db "$ledger"
run_ok "$LICGEN" create --plan starter --customer Older
run_ok "$LICGEN" keys list
assert_stderr_has "of no key in the ledger"

finished
