"""A client of licgen serve that shares no code with it: http.client, and openssl for the signatures.

usage: serve_client.py URL PRODUCT STATEMENT...

Runs the statements; names below, and `url`, are at hand.
"""

import base64
import hashlib
import http.client
import json
import os
import pathlib
import secrets
import socket
import ssl
import subprocess
import sys
import tempfile
import urllib.parse

url, product_file = sys.argv[1:3]
HEADER = bytes.fromhex("302a300506032b6570032100")  # of an Ed25519 key in SubjectPublicKeyInfo
DENIED = "denied"


def payload(envelope):
    return json.loads(base64.b64decode(envelope["payload"]))


product = payload(json.load(open(product_file)))


def connection(timeout=20):
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https":
        return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=timeout,
                                           context=ssl.create_default_context(cafile=os.environ["CA"]))
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)


def fetch(method, path, body=None, headers=None, to=None):
    """(status, headers, body) of one request."""
    c = to or connection()
    c.request(method, path, body, headers or ({"Content-Type": "application/json"} if body is not None else {}))
    r = c.getresponse()
    answer = r.read()
    if to is None:
        c.close()
    return r.status, r.headers, answer


def verify(envelope, role):
    """The payload, if a key with that role in the product file has signed it."""
    body = base64.b64decode(envelope["payload"])
    kind = envelope["payloadType"]
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(body), body)
    keys = {k["keyid"]: k for k in product["keys"] if role in k["roles"]}
    entry = next(s for s in envelope["signatures"] if s["keyid"] in keys)
    with tempfile.TemporaryDirectory() as place:
        d = pathlib.Path(place)
        (d / "key").write_bytes(HEADER + base64.b64decode(keys[entry["keyid"]]["public"]))
        (d / "sig").write_bytes(base64.b64decode(entry["sig"]))
        (d / "msg").write_bytes(message)
        subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", d / "key", "-rawin",
                        "-in", d / "msg", "-sigfile", d / "sig"], check=True, stdout=subprocess.DEVNULL)
    return json.loads(body)


def machine(n):
    return {"cpu": "00000000000000ff", "machine-id": "%016x" % n, "product-uuid": "%016x" % (n + 4096)}


def hash_of(secret):
    return hashlib.sha256(bytes.fromhex(secret)).hexdigest()


def request(action, key=None, on=1, **more):
    r = {"v": 1, "nonce": secrets.token_hex(16), "product": product["product"]}
    if key is not None:
        r["key"] = key
    if action != "usage":
        r["facts"] = machine(on)
    if action in ("activate", "refresh", "lease"):
        r["next_hash"] = hash_of("a" * 64)
    if action in ("refresh", "lease", "deactivate"):
        r["secret"] = "a" * 64
    r.update(more)
    return r


def check(asked, action, status, headers, body):
    """The payload of a good answer to `asked`; everything about it is looked at."""
    assert status == 200, (status, body)
    assert headers["Content-Type"] == "application/json" and headers["Cache-Control"] == "no-store"
    reply = json.loads(body)
    answer = verify(reply["answer"], "lease")
    assert reply["answer"]["payloadType"] == "application/vnd.lic.lease.v1+json"
    assert answer["nonce"] == asked["nonce"] and answer["action"] == action
    if "key" in asked:
        assert answer["key_hash"] == hashlib.sha256(b"lic-online-key-v1\0" + asked["key"].encode()).hexdigest()
    if "facts" in asked:
        assert answer["machine"]["facts"] == asked["facts"]
    wants_license = answer["verdict"] == "granted" and action in ("activate", "refresh")
    assert ("license" in reply) == wants_license
    if wants_license:
        license = verify(reply["license"], "license")
        assert license["key"] == asked["key"] and license["id"] == answer["lease"]["license"]
        assert answer["lease"]["expires_at"] <= license["expires_at"]
    return answer


def ask(action, key=None, on=1, to=None, **more):
    asked = request(action, key, on, **more)
    return check(asked, action, *fetch("POST", "/v1/" + action, json.dumps(asked), to=to))


def denied(answer, reason):
    assert answer["verdict"] == DENIED and answer["denial"]["reason"] == reason, answer


def fault(status, code, method, path, body=None, headers=None):
    got, head, text = fetch(method, path, body, headers)
    assert got == status, (got, text)
    assert json.loads(text)["error"]["code"] == code, text
    return head


def raw(data, timeout=20):
    """What comes back for these bytes, until the server closes."""
    parts = urllib.parse.urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=timeout) as s:
        s.sendall(data)
        got = b""
        try:
            while True:
                more = s.recv(65536)
                if not more:
                    return got
                got += more
        except ConnectionResetError:
            return got


def metrics():
    """Every sample, by its name and labels; the format is checked on the way."""
    status, head, text = fetch("GET", "/metrics")
    assert status == 200 and head["Content-Type"].startswith("text/plain; version=0.0.4")
    samples, types = {}, {}
    for line in text.decode().splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            types[name] = kind
        elif not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            assert name not in samples, name
            samples[name] = float(value)
            base = name.split("{")[0]
            assert any(base == t or base.startswith(t + "_") for t in types), name
    return samples


def holds(schema, value, root):
    """Whether the value is one of that JSON schema, as far as ours go."""
    while "$ref" in schema:
        node = root
        for part in schema["$ref"][2:].split("/"):
            node = node[part]
        schema = node
    if "anyOf" in schema:
        assert any(fits(option, value, root) for option in schema["anyOf"]), (schema, value)
    import re
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}
    wanted = schema.get("type")
    if wanted is not None:
        wanted = wanted if isinstance(wanted, list) else [wanted]
        assert any(isinstance(value, kinds[w]) for w in wanted), (schema, value)
    if "enum" in schema:
        assert value in schema["enum"], (schema, value)
    if "const" in schema:
        assert value == schema["const"]
    if isinstance(value, str) and "pattern" in schema:
        assert re.search(schema["pattern"], value), (schema, value)
    if isinstance(value, dict):
        assert set(schema.get("required", [])) <= set(value), (schema, value)
        for name, member in value.items():
            if name in schema.get("properties", {}):
                holds(schema["properties"][name], member, root)
            elif isinstance(schema.get("additionalProperties"), dict):
                options = schema["additionalProperties"].get("oneOf", [schema["additionalProperties"]])
                assert any(fits(o, member, root) for o in options), (schema, member)
            else:
                assert "properties" not in schema and schema.get("additionalProperties") is not False, f"{name} is not described"
    if isinstance(value, list) and "items" in schema:
        for element in value:
            holds(schema["items"], element, root)
    return True


def fits(schema, value, root):
    try:
        return holds(schema, value, root)
    except AssertionError:
        return False


def described(method, path, api):
    """What the API says of that route."""
    import re
    for pattern, methods in api["paths"].items():
        if re.fullmatch(pattern.replace("{id}", "[0-9A-Z]{26}"), path) and method.lower() in methods:
            return methods[method.lower()]
    raise AssertionError(f"{method} {path} is not described")


def described_schema(part, api):
    if "$ref" in part:
        node = api
        for name in part["$ref"][2:].split("/"):
            node = node[name]
        part = node
    return part["content"]["application/json"]["schema"]


def vendor(token, method, path, body=None, wanted=200, key=None, to=None, api=None):
    """The answer of the vendor API; it, and what was asked, are as openapi.json has them."""
    api = api or json.loads(fetch("GET", "/openapi.json")[2])
    headers = {"Content-Type": "application/json"} if method == "POST" else {}
    if token is not None:
        headers["Authorization"] = "Bearer " + token
    if key is not None:
        headers["Idempotency-Key"] = key
    text = None if method == "GET" else json.dumps({} if body is None else body)
    status, head, answer = fetch(method, path, text, headers, to)
    assert status == wanted, (status, answer)
    assert head["Content-Type"] == "application/json" and head["Cache-Control"] == "no-store"
    assert (status == 401) == ("WWW-Authenticate" in head)
    answer = json.loads(answer)
    route = described(method, path, api)
    assert str(status) in route["responses"], (path, status)
    holds(described_schema(route["responses"][str(status)], api), answer, api)
    if "requestBody" in route and status < 300:
        holds(described_schema(route["requestBody"], api), body or {}, api)
    return answer


for statement in sys.argv[3:]:
    exec(statement)
