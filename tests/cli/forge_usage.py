"""Usage statements of a device that does not exist, by openssl.

usage: forge_usage.py FILE SEED FIRST LAST [STATEMENT...]

Writes the statements FIRST to LAST of the device whose key has the seed of 32 bytes SEED, a line each. Each covers a
month from December 2026 on, of the license $LICENSE_KEY with the id $LICENSE_ID; `p` is the payload to be changed.
"""

import base64, hashlib, json, os, subprocess, sys, tempfile
name, seed, first, last = sys.argv[1], *map(int, sys.argv[2:5])
kind = b"application/vnd.lic.usage.v1+json"
with tempfile.TemporaryDirectory() as place:
    def file(content, name):
        with open(f"{place}/{name}", "wb") as out:
            out.write(content)
        return f"{place}/{name}"
    def openssl(*arguments):
        return subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.PIPE).stdout
    key = file(bytes.fromhex("302e020100300506032b657004220420") + bytes([seed]) * 32, "key")
    public = openssl("pkey", "-inform", "DER", "-in", key, "-pubout", "-outform", "DER")[-32:]
    keyid = hashlib.sha256(b"lic-key-v1\0\1" + public).hexdigest()
    month = lambda n: "%04d-%02d" % (2026 + (10 + n) // 12, (10 + n) % 12 + 1)
    previous, lines = None, []
    for seq in range(1, last + 1):
        p = {"v": 1, "id": "%032x" % seq, "product": "ticketzero", "issued_at": month(seq + 1) + "-01T00:00:00Z",
             "license": {"id": os.environ["LICENSE_ID"], "key": os.environ["LICENSE_KEY"], "serial": 1,
                         "plan": "professional"},
             "device": {"public": base64.b64encode(public).decode(),
                        "facts": {"machine-id": "%016x" % seed, "mac": "%016x" % (seed + 1000), "cpu": "%016x" % 7}},
             "seq": seq, "previous": previous, "from": month(seq) + "-01T00:00:00Z", "to": month(seq + 1) + "-01T00:00:00Z",
             "limits": {"tickets": {"max": 5000, "per": "month", "overage": 10}, "clients": {"max": 15}},
             "counters": {"tickets": {"level": 0, "total": 10 * seq, "months": {month(seq): 10}},
                          "clients": {"level": 2, "total": 0, "months": {}}}}
        for statement in sys.argv[5:]:
            exec(statement)
        body = json.dumps(p, separators=(",", ":")).encode()
        previous = hashlib.sha256(body).hexdigest()
        if seq < first:
            continue
        message = file(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body), "message")
        sig = openssl("pkeyutl", "-sign", "-rawin", "-in", message, "-inkey", key, "-keyform", "DER")
        lines.append(json.dumps({"payloadType": kind.decode(), "payload": base64.b64encode(body).decode(),
                                 "signatures": [{"keyid": keyid, "sig": base64.b64encode(sig).decode()}]}))
    with open(name, "w") as out:
        out.write("".join(line + "\n" for line in lines))
