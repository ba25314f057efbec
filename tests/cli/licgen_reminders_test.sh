#!/usr/bin/env bash
# licgen expiring --mbox and --smtp, against Python's mail modules and a real mail server.
. "$(dirname "$0")/lib.sh"
: "${LICGEN:?the licgen to test}"
here=$(cd "$(dirname "$0")" && pwd)
cd "$work" || exit 1
LICGEN_HOME=$work/h
export LICGEN_HOME
unset http_proxy https_proxy all_proxy ALL_PROXY

# A Python with the mail server's module: Debian's, where another one comes first.
smtp_python=
for candidate in "$python" /usr/bin/python3; do
  if "$candidate" -c 'import aiosmtpd' 2>/dev/null; then smtp_python=$candidate && break; fi
done
[ -n "$smtp_python" ] || fail "no python3 here has aiosmtpd (package python3-aiosmtpd)"

cat >catalog.json <<'END'
{"v": 1, "product": "shop", "name": "Shöp", "app": "shop", "key_prefix": "SH",
 "support": "support@shop.example", "renewal_url": "https://shop.example/renew?a=1&b=2",
 "plans": [{"id": "pro", "name": "Pro & more", "code": "PRO", "kind": "subscription", "months": 12}]}
END
run_ok "$LICGEN" init --catalog catalog.json --no-passphrase --quiet

# issue NAME EMAIL DAYS: a license that ends in so many days; its key in $key.
issue() {
  local email=()
  if [ -n "$2" ]; then email=(--email "$2"); fi
  run_ok "$LICGEN" create --plan pro --customer "$1" "${email[@]}" --expires "$3d" --quiet
  key=$(cat "$out")
}
evil=$'Eve\r\nBcc: all@victims.example\n\nFrom me <b>"bold"</b>'
issue 'ACME GmbH' ops@acme.example 10
acme=$key
issue 'Søren Æsop 株式会社 with a name so long that it takes more than one line of any header' soren@dk.example 11
issue "$evil" eve@evil.example 12
issue 'No Address Ltd' '' 13
nobody=$key
issue 'Later' later@acme.example 100
later=$key

test_case "messages in an mbox file"
run_ok "$LICGEN" expiring --within 30d --mbox m.mbox
assert_stderr_has "warning: $nobody of 'No Address Ltd' has no e-mail address"
assert_stdout_has "$acme"
assert_stdout_has "written"
assert_stdout_lacks "$later"
assert_no_escapes
assert_mode m.mbox 600
"$python" - "$acme" <<'END' || fail "the messages are not as they should be"
import email.policy, email.utils, mailbox, re, sys
raw = open("m.mbox", "rb").read()
assert max(map(len, raw.split(b"\n"))) <= 78, max(map(len, raw.split(b"\n")))
assert all(b < 128 for b in raw)
box = mailbox.mbox("m.mbox", factory=None)
messages = [email.message_from_bytes(m.as_bytes(), policy=email.policy.default) for m in box]
assert len(messages) == 3, len(messages)
by = {m["To"].addresses[0].addr_spec: m for m in messages}
assert set(by) == {"ops@acme.example", "soren@dk.example", "eve@evil.example"}, set(by)
for m in messages:
    assert not m.defects and not any(part.defects for part in m.walk()), m.defects
    assert m["Bcc"] is None and len(m.get_all("To")) == 1 and len(m.get_all("Subject")) == 1
    assert m["From"].addresses[0].display_name == "Shöp" and m["From"].addresses[0].addr_spec == "support@shop.example"
    assert m["MIME-Version"] == "1.0" and m.get_content_type() == "multipart/alternative"
    assert re.fullmatch(r"<[0-9a-f]{32}@shop\.example>", m["Message-ID"].strip()), m["Message-ID"]
    assert m["Date"].datetime is not None and m["Date"].datetime.utcoffset().total_seconds() == 0
    text, html = m.iter_parts()
    assert text.get_content_type() == "text/plain" and html.get_content_type() == "text/html"
    assert "https://shop.example/renew?a=1&b=2" in text.get_content()
    assert 'href="https://shop.example/renew?a=1&amp;b=2"' in html.get_content()
    assert "Pro &amp; more" in html.get_content() and "Pro & more" in text.get_content()
assert len({m["Message-ID"] for m in messages}) == 3
acme = by["ops@acme.example"]
assert sys.argv[1] in acme.get_body(("plain",)).get_content()
assert acme["Subject"].startswith("Your Shöp license ends on 20")
assert by["soren@dk.example"]["To"].addresses[0].display_name.startswith("Søren Æsop 株式会社 with a name")
eve = by["eve@evil.example"]
assert "Bcc: all@victims.example" in eve["To"].addresses[0].display_name
assert "<b>" not in eve.get_body(("html",)).get_content()
assert "&lt;b&gt;" in eve.get_body(("html",)).get_content()
assert '<b>"bold"</b>' in eve.get_body(("plain",)).get_content()
assert "\nFrom me" in eve.get_body(("plain",)).get_content().replace("\r\n", "\n")
END

test_case "each once for an end and a window"
run_ok "$LICGEN" expiring --within 30d --mbox again.mbox --json
assert_absent again.mbox
assert_json '[l["reminder"] for l in d["licenses"]].count("before") == 3'
assert_json '[l["reminder"] for l in d["licenses"] if l["key"] == a[0]] == ["no-address"]' "$nobody"
run_ok "$LICGEN" expiring --within 720h --mbox again.mbox
assert_absent again.mbox
run_ok "$LICGEN" expiring --within 12d --mbox other.mbox
[ "$(grep -c '^From ' other.mbox)" -eq 3 ] || fail "another window has not 3 messages"
run_ok "$LICGEN" expiring --within 30d --mbox again.mbox --again --quiet
[ "$(grep -c '^From ' again.mbox)" -eq 3 ] || fail "--again did not write 3 messages"
[ "$(grep -h '^ <[0-9a-f]*@' m.mbox again.mbox | sort -u | wc -l)" -eq 6 ] || fail "--again repeats a Message-ID"
run_ok "$LICGEN" change "$acme" --expires 25d --quiet
run_ok "$LICGEN" expiring --within 30d --mbox renewed.mbox
[ "$(grep -c '^From ' renewed.mbox)" -eq 1 ] || fail "a new end was not reminded of"
run_ok "$LICGEN" show "$acme" --json
assert_json '[h["action"] for h in d["history"]] == ["create", "remind", "remind", "remind", "change", "remind"]'
assert_json 'd["history"][1]["detail"]["window"] == "30d" and d["history"][1]["detail"]["email"] == "ops@acme.example"'
run_ok "$LICGEN" audit

test_case "what is refused writes nothing and records nothing"
run_ok "$LICGEN" show "$later" --json
history=$(json_get 'len(d["history"])')
cp m.mbox before.mbox
run_code 5 "$LICGEN" expiring --within 200d --mbox m.mbox
assert_same m.mbox before.mbox
run_code 4 "$LICGEN" expiring --within 200d --mbox absent/m.mbox
run_code 2 "$LICGEN" expiring --within 200d --mbox a.mbox --smtp smtp://localhost
run_code 2 "$LICGEN" expiring --within 200d --mbox - --json
run_code 2 "$LICGEN" expiring --within 200d --template t.txt
run_code 2 "$LICGEN" expiring --within 200d --force
run_code 2 "$LICGEN" expiring --within 200d --mbox a.mbox --cacert catalog.json
run_code 3 "$LICGEN" expiring --within 200d --mbox a.mbox --from 'nobody'
run_code 3 "$LICGEN" expiring --within 200d --mbox a.mbox --from $'x@y.example\nBcc: a@b.example'
assert_no_escapes
assert_absent a.mbox
run_ok "$LICGEN" show "$later" --json
assert_json 'len(d["history"]) == int(a[0])' "$history"
# shellcheck disable=SC2016
run_code 1 sh -c '"$1" expiring --within 200d --mbox - >/dev/full' sh "$LICGEN"
run_ok "$LICGEN" show "$later" --json
assert_json 'len(d["history"]) == int(a[0])' "$history"
run_ok "$LICGEN" expiring --within 200d --mbox m.mbox --force --quiet
[ "$(grep -c '^From ' m.mbox)" -eq 4 ] || fail "--force did not replace the file"

test_case "templates"
mkdir t
printf 'Subject: {{customer}}: {{ days_left }} days\n\nFrom {{plan}}\n>From\n.\nÜber {{key}} {{seats}}{{order}} {{product}} {{support}}\n' >t/reminder.txt
printf '<p>{{customer}}</p><!-- {{renewal_url}} -->\n' >t/reminder.html
run_ok "$LICGEN" expiring --within 30d --mbox t.mbox --template t --again --from 'Büro <sales@shop.example>'
"$python" - <<'END' || fail "the template's messages are not as they should be"
import email.policy, mailbox
messages = [email.message_from_bytes(m.as_bytes(), policy=email.policy.default) for m in mailbox.mbox("t.mbox", factory=None)]
assert len(messages) == 3
eve = [m for m in messages if "eve@" in m["To"]][0]
assert eve["From"] == "Büro <sales@shop.example>", eve["From"]
assert eve["Subject"].startswith("Eve  Bcc: all@victims.example  From me <b>"), eve["Subject"]
html = eve.get_body(("html",)).get_content()
assert html == "<p>Eve\\x0d\\x0aBcc: all@victims.example\\x0a\\x0aFrom me &lt;b&gt;&quot;bold&quot;&lt;/b&gt;</p><!-- https://shop.example/renew?a=1&amp;b=2 -->\n", html
lines = eve.get_body(("plain",)).get_content().splitlines()
assert lines[:3] == ["From pro", ">From", "."], lines
assert lines[3].startswith("Über SH-PRO-")
END
# bad_template TEXT WORDS: refused, and told where it is wrong.
bad_template() {
  printf '%b' "$1" >bad.txt
  run_code 3 "$LICGEN" expiring --within 30d --mbox b.mbox --template bad.txt --again
  assert_stderr_has "$2"
  assert_absent b.mbox
}
bad_template 'Subject: x\n\nÄ {{custommer}}\n' "line 3, column 3"
assert_stderr_has "did you mean {{customer}}?"
bad_template 'Subject: x\n\na\nb {{customer\n}}\n' "line 4, column 3"
bad_template 'Subject: {{\n\na\n' "line 1, column 10"
bad_template 'Hello\n' "line 1"
bad_template 'Subject: x\nno empty line\n' "subject"
bad_template 'Subject: x\n\n\xff\n' "not UTF-8"
run_code 4 "$LICGEN" expiring --within 30d --mbox b.mbox --template absent.txt --again

# --- a real server

server=
served_count=0
# serve OPTIONS: a server, its directory in $served, its port in $port.
serve() {
  unserve
  served_count=$((served_count + 1))
  served=$work/mail$served_count
  mkdir "$served"
  "$smtp_python" "$here/smtp_server.py" "$served" "$@" >"$served/log" 2>&1 &
  server=$!
  local i
  for ((i = 0; i < 600; i++)); do
    if [ -e "$served/port" ]; then break; fi
    sleep 0.05
  done
  port=$(cat "$served/port") || fail "the mail server did not start: $(cat "$served/log")"
}
unserve() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; fi
  server=
}
trap 'unserve; rm -rf "$work"' EXIT
assert_taken() { [ "$(find "$served" -name '*.eml' | wc -l)" -eq "$1" ] || fail "the server took not $1 messages"; }
# assert_reminder EMAIL RESULT
assert_reminder() { assert_json '[l["reminder"] for l in d["licenses"] if l["email"] == a[0]] == [a[1]]' "$1" "$2"; }
send() { run_code "$1" "$LICGEN" expiring --within "$2" --smtp "smtp://127.0.0.1:$port" --json; }

test_case "no other command loads the library that sends mail"
readelf -d "$LICGEN" >needed || fail "readelf cannot read licgen"
if grep -q libcurl needed; then fail "licgen is linked to libcurl"; fi

test_case "messages are sent, each once"
serve
send 0 31d
assert_json '[l["reminder"] for l in d["licenses"]].count("done") == 3'
assert_taken 3
grep -qF 'support@shop.example soren@dk.example plain' "$served/1.to" || fail "the envelope is wrong: $(cat "$served/1.to")"
"$python" - "$served" <<'END' || fail "the message did not come as it was made"
import email.policy, sys
raw = open(sys.argv[1] + "/1.eml", "rb").read()
assert b"\r\n" in raw and b"\n" not in raw.replace(b"\r\n", b"")
m = email.message_from_bytes(raw, policy=email.policy.default)
assert m["To"].addresses[0].addr_spec == "soren@dk.example" and not m.defects
assert "Søren" in m.get_body(("plain",)).get_content()
END
run_ok "$LICGEN" expiring --within 31d --smtp "smtp://127.0.0.1:$port"
assert_stdout_has "before"
assert_taken 3
run_ok "$LICGEN" audit

test_case "a refused recipient is told, the others get theirs"
serve refuse=soren@dk.example
send 1 32d
assert_json_error failure 1
assert_stderr_has "550 5.1.1 no such user"
assert_reminder soren@dk.example refused
assert_reminder eve@evil.example "done"
assert_taken 2
serve
send 0 32d
assert_reminder soren@dk.example "done"
assert_taken 1

test_case "a message refused for what it says"
serve spam=eve@evil.example
send 1 33d
assert_reminder eve@evil.example refused
assert_json '[l["reason"] for l in d["licenses"] if l["reminder"] == "refused"][0].startswith("the server refused the message")'
assert_taken 2

test_case "a fault for now stops, and a rerun goes on"
serve later=eve@evil.example
send 7 34d
assert_json_error unavailable 7
assert_stderr_has "greylisted"
assert_stderr_has "1 sent before that, 3 left"
assert_reminder eve@evil.example left
assert_taken 1
serve
send 0 34d
assert_reminder soren@dk.example before
assert_reminder eve@evil.example "done"
assert_taken 2

test_case "the connection is lost in the middle"
serve drop=eve@evil.example
send 7 35d
assert_reminder soren@dk.example "done"
assert_reminder eve@evil.example left
serve
send 0 35d
assert_reminder soren@dk.example before
assert_taken 2
unserve
run_code 7 "$LICGEN" expiring --within 36d --smtp "smtp://127.0.0.1:$port"
assert_stdout_empty
run_code 7 "$LICGEN" expiring --within 36d --smtp smtp://no-such-host.invalid

test_case "a sender that is refused"
serve sender=no
send 6 36d
assert_stderr_has "the sender was refused"
assert_taken 0

test_case "encryption"
openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.crt -days 2 -subj /CN=localhost \
  -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' 2>/dev/null || fail "no certificate"
serve cert=tls.crt key=tls.key tls=smtps
run_code 7 "$LICGEN" expiring --within 37d --smtp "smtps://127.0.0.1:$port"
assert_stderr_has "certificate is not trusted"
assert_taken 0
run_ok "$LICGEN" expiring --within 37d --smtp "smtps://127.0.0.1:$port" --cacert tls.crt
assert_taken 3
serve cert=tls.crt key=tls.key tls=starttls login=me@shop.example:secret
url="smtp://me%40shop.example@localhost:$port"
echo secret >password
echo mistaken >wrong
run_code 6 "$LICGEN" expiring --within 38d --smtp "$url" --cacert tls.crt --smtp-password-file wrong
assert_stderr_has "the login was refused"
assert_stderr_lacks "mistaken"
run_code 6 "$LICGEN" expiring --within 38d --smtp "smtp://localhost:$port" --cacert tls.crt # no login
assert_taken 0
run_ok "$LICGEN" expiring --within 38d --smtp "$url" --cacert tls.crt --smtp-password-file password
assert_taken 3
[ "$(cut -d' ' -f3 "$served/1.to")" = tls ] || fail "not encrypted"
run_ok env LICGEN_SMTP_PASSWORD=secret "$LICGEN" expiring --within 39d --smtp "$url" --cacert tls.crt
assert_taken 6
serve
run_code 7 "$LICGEN" expiring --within 40d --smtp "smtp://localhost:$port" --cacert tls.crt
assert_stderr_has "STARTTLS"
assert_taken 0
unserve

test_case "what no URL should have"
run_code 2 "$LICGEN" expiring --within 40d --smtp smtp://me:secret@mail.example
assert_stderr_lacks "secret@"
for url in http://mail.example mail.example smtp:// smtp://me@ smtp://mail.example/x $'smtp://mail.example\n' smtp://%0a@mail.example; do
  run_code 2 "$LICGEN" expiring --within 40d --smtp "$url"
done
run_code 2 "$LICGEN" expiring --within 40d --smtp smtp://me@mail.example
assert_stderr_has "LICGEN_SMTP_PASSWORD"
run_code 2 env LICGEN_SMTP_PASSWORD=x "$LICGEN" expiring --within 40d --smtp smtp://me@mail.example --smtp-plain
run_code 4 "$LICGEN" expiring --within 40d --smtp smtp://localhost --cacert absent.pem

test_case "killed while it writes: what is recorded is in the file"
count=0
for delay in 0.004 0.008 0.012 0.016 0.02 0.025 0.03 0.04; do
  count=$((count + 1))
  timeout -s KILL "$delay" "$LICGEN" expiring --within "$((60 + count))d" --mbox "killed$count.mbox" --quiet >/dev/null 2>&1
  run_ok "$LICGEN" expiring --within "$((60 + count))d" --mbox "rest$count.mbox" --quiet
  [ "$(cat "killed$count.mbox" "rest$count.mbox" 2>/dev/null | grep '^ <[0-9a-f]*@' | sort -u | wc -l)" -eq 3 ] ||
    fail "a reminder was lost"
done
run_ok "$LICGEN" audit

test_case "two at once remind once"
runs=()
for i in 1 2 3 4; do
  "$LICGEN" expiring --within 60d --mbox "at$i.mbox" --quiet >/dev/null 2>&1 &
  runs+=($!)
done
wait "${runs[@]}"
[ "$(cat at?.mbox | grep -c '^From ')" -eq 3 ] || fail "not 3 messages in all"

finished
