"""A receiver of webhooks for tests, on a free port of this machine, with faults on demand.

usage: webhook_receiver.py DIRECTORY [CERTIFICATE KEY]

Writes its port to DIRECTORY/port and a line of JSON for each delivery to DIRECTORY/got: `id`, `at`, `genuine` (by the
secret in DIRECTORY/secret, checked as docs/webhooks.md shows it), `type`, `data`,
`event` (the whole body), `headers`, `status` that it answered. Runs until
it is ended. DIRECTORY/answer says what it does, 204 without it: a status, with headers behind it ("429 Retry-After: 7"),
"drop" or "sleep".
"""

import http.server
import json
import os
import pathlib
import re
import ssl
import sys
import threading
import time

directory = pathlib.Path(sys.argv[1])
guide = pathlib.Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"
example = re.search(r"```python\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL).group(1)
exec(example)  # is_genuine(), as it is shown to receivers
lock = threading.Lock()


def text_of(name):
    path = directory / name
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = text_of("answer") or "204"
        status, _, header = answer.partition(" ")
        event = json.loads(body)
        line = {
            "id": self.headers["webhook-id"],
            "at": int(self.headers["webhook-timestamp"]),
            "genuine": is_genuine(text_of("secret"), self.headers, body),
            "json": self.headers["Content-Type"] == "application/json",
            "path": self.path,
            "type": event["type"],
            "data": event["data"],
            "event": event,
            "headers": {name: value for name, value in self.headers.items() if name.startswith("webhook-")},
            "status": status,
        }
        with lock, open(directory / "got", "a", encoding="utf-8") as got:
            got.write(json.dumps(line) + "\n")
        if status == "drop":
            self.close_connection = True
            return
        if status == "sleep":
            time.sleep(60)
        self.send_response(int(status))
        if header:
            self.send_header(*header.split(": "))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
server.daemon_threads = True
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    server.socket = context.wrap_socket(server.socket, server_side=True)
(directory / "port.new").write_text(str(server.server_address[1]), encoding="utf-8")
os.rename(directory / "port.new", directory / "port")
server.serve_forever()
