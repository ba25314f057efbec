"""An HTTP server that says what no licensing server says: odd_server.py KIND. Prints its address.

KIND: html, redirect, unsigned, fault, busy, slow, endless, cut, garbage, trickle.
"""

import http.server
import sys
import time

KIND = sys.argv[1]


class Odd(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def do_GET(self):
        with open("odd.log", "a", encoding="utf-8") as log:
            log.write(self.path + "\n")
        getattr(self, KIND)()

    def reply(self, status, kind, body, **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def html(self):
        self.reply(200, "text/html", b"<html>Welcome to the hotel. Please log in.</html>")

    def redirect(self):
        self.reply(302, "text/html", b"", Location="/elsewhere")

    def unsigned(self):
        self.reply(403, "application/json", b'{"error":{"code":"revoked","message":"your license is revoked"}}')

    def fault(self):
        self.reply(500, "application/json", b'{"error":{"code":"failure","message":"no"}}')

    def busy(self):
        self.reply(429, "application/json", b"{}", Retry_After="3600")

    def slow(self):
        time.sleep(60)

    def endless(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(10 * 1024**3))
        self.end_headers()
        try:
            while True:
                self.wfile.write(b" " * 65536)
        except OSError:
            self.close_connection = True

    def cut(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b'{"answer":')
        self.close_connection = True

    def garbage(self):
        self.wfile.write(b"\x00\xff\x16\x03" * 100)
        self.close_connection = True

    def trickle(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "1000")
        self.end_headers()
        try:
            for _ in range(1000):
                self.wfile.write(b" ")
                time.sleep(0.2)
        except OSError:
            self.close_connection = True

    def log_message(self, *_):
        pass


SERVER = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Odd)
SERVER.daemon_threads = True
print(f"http://127.0.0.1:{SERVER.server_address[1]}", flush=True)
SERVER.serve_forever()
