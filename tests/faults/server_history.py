#!/usr/bin/env python3
"""Races clients for the seats of a few licenses while the server is killed again and again, keeps a history of every
operation, and checks that no order of events but an honest one explains it.

usage: server_history.py LICGEN REQUESTS CLIENTS KILLS KEY=SEATS[~]...

SEATS~ float: clients send heartbeats as well, and who is denied may be waiting for a turn, so that is not judged.

With $LICGEN_HOME. Prints one line; exits 1 where seats were oversold, somebody was denied wrongly, or an acknowledged
change was lost. $SERVERS servers work on the ledger (default: 1), and each request goes to any of them. Every other
time $DISTURB, a shell command, is run in place of a kill.
"""

import atexit
import base64
import collections
import hashlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

licgen, requests, clients, kills = sys.argv[1], *map(int, sys.argv[2:5])
seats = {key: int(n.rstrip("~")) for key, n in (pair.split("=") for pair in sys.argv[5:])}
floating = {key for key, n in (pair.split("=") for pair in sys.argv[5:]) if n.endswith("~")}
keys = sorted(seats)
MACHINES = 2  # of each client and license


class Operation:
    """What one client asked, when, and what it heard: None where nothing was heard."""

    def __init__(self, action, key, machine):
        self.action, self.key, self.machine = action, key, machine
        self.start, self.end, self.heard = time.monotonic(), None, None


class Server:
    def __init__(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.process = None
        self.start()
        atexit.register(lambda: self.process.kill())  # whatever goes wrong here

    def start(self):
        self.process = subprocess.Popen(
            [licgen, "serve", "--listen", f"127.0.0.1:{self.port}", "--address-limit", "0", "--license-limit", "0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        line = self.process.stdout.readline()
        assert line.startswith(b"listening on"), line

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.start()

    def stop(self):
        self.process.terminate()
        assert self.process.wait() == 0, "the server did not end well"


class Client(threading.Thread):
    def __init__(self, number, servers, budget):
        super().__init__()
        self.number, self.servers, self.budget = number, servers, budget
        self.random = random.Random(number)
        self.history = []
        self.connections = {}  # by server
        self.fault = None

    def run(self):
        try:
            while next(self.budget, None) is not None:
                self.step()
        except Exception as fault:  # told by the main thread
            self.fault = fault

    def step(self):
        key = self.random.choice(keys)
        machine = self.number * MACHINES + self.random.randrange(MACHINES)
        action = self.random.choices(["activate", "validate", "deactivate"], [5, 2, 4])[0]
        if key in floating and action == "validate":
            action = self.random.choice(["validate", "lease"])
        operation = Operation(action, key, machine)
        self.history.append(operation)
        operation.heard = self.ask(action, key, machine)
        operation.end = time.monotonic()

    def ask(self, action, key, machine):
        # One secret for ever: what is lost here is answers, not states.
        body = {"v": 1, "nonce": "%032x" % self.random.getrandbits(128), "product": "ticketzero", "key": key,
                "facts": {"machine-id": "%016x" % (machine + 1)}}
        if action in ("activate", "lease"):
            body["next_hash"] = hashlib.sha256(bytes.fromhex("aa" * 32)).hexdigest()
        if action in ("deactivate", "lease"):
            body["secret"] = "aa" * 32
        port = self.random.choice(self.servers).port
        try:
            if port not in self.connections:
                self.connections[port] = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection = self.connections[port]
            connection.request("POST", "/v1/" + action, json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            self.connections.pop(port).close()
            time.sleep(0.02)
            return None
        if response.status != 200:
            assert response.status == 503, (response.status, text)
            return None
        answer = json.loads(base64.b64decode(json.loads(text)["answer"]["payload"]))
        assert answer["nonce"] == body["nonce"]
        return answer["denial"]["reason"] if answer["verdict"] == "denied" else answer["verdict"]


def spans_of(history):
    """[(from, to, machine)] during which a machine held its seat for certain, and during which it may have."""
    certain, possible = [], []
    machines = collections.defaultdict(list)
    for operation in history:
        machines[operation.machine].append(operation)
    for machine, operations in machines.items():
        operations.sort(key=lambda o: o.start)
        sure = maybe = None  # since when
        for o in operations:
            if o.action == "activate" and o.heard in ("granted", None):
                maybe = o.start if maybe is None else maybe
                if o.heard == "granted" and sure is None:
                    sure = o.end
            if o.action in ("validate", "lease") and o.heard == "granted" and sure is None:
                sure = o.end
            if o.action == "deactivate":
                if sure is not None:
                    certain.append((sure, o.start, machine))
                    sure = None
                if o.heard is not None and maybe is not None:  # released, or it had none
                    possible.append((maybe, o.end, machine))
                    maybe = None
        if sure is not None:
            certain.append((sure, float("inf"), machine))
        if maybe is not None:
            possible.append((maybe, float("inf"), machine))
    return certain, possible


def most_at_once(spans):
    events = sorted([(a, 1) for a, _, _ in spans] + [(b, -1) for _, b, _ in spans], key=lambda e: (e[0], e[1]))
    now = most = 0
    for _, change in events:
        now += change
        most = max(most, now)
    return most


def check(key, history):
    """What no honest server could have said: (oversold, wrongly denied, lost)."""
    certain, possible = spans_of(history)
    oversold = max(0, most_at_once(certain) - seats[key])
    denied = lost = 0
    own = collections.defaultdict(list)
    for a, b, machine in certain:
        own[machine].append((a, b))
    for o in history:
        if o.heard == "no-seat-left" and key not in floating:
            others = [s for s in possible if s[0] < o.end and s[1] > o.start and s[2] != o.machine]
            denied += most_at_once([(max(a, o.start), min(b, o.end), m) for a, b, m in others]) < seats[key]
        if o.heard == "not-activated":
            lost += any(a <= o.start and (b >= o.end or b == o.start) for a, b in own[o.machine])
        assert o.heard in (None, "granted", "released", "no-seat-left", "not-activated"), o.heard
    return oversold, denied, lost


def main():
    servers = [Server() for _ in range(int(os.environ.get("SERVERS", "1")))]
    budget = iter(range(requests))
    lock = threading.Lock()

    class Shared:
        def __iter__(self):
            return self

        def __next__(self):
            with lock:
                return next(budget)

    threads = [Client(n, servers, Shared()) for n in range(clients)]
    for thread in threads:
        thread.start()
    done = 0
    dice = random.Random(1)
    while done < kills and any(t.is_alive() for t in threads):
        time.sleep(dice.uniform(0.2, 0.8))
        if "DISTURB" in os.environ and done % 2 == 0:
            subprocess.run(os.environ["DISTURB"], shell=True, check=True, stdout=subprocess.DEVNULL)
        else:
            dice.choice(servers).kill()
        done += 1
    for thread in threads:
        thread.join()
        if thread.fault is not None:
            raise thread.fault
    for server in servers:
        server.stop()
    total, heard, findings = 0, collections.Counter(), [0, 0, 0]
    for key in keys:
        history = [o for t in threads for o in t.history if o.key == key]
        total += len(history)
        heard.update(str(o.heard) for o in history)
        findings = [a + b for a, b in zip(findings, check(key, history))]
    words = ", ".join(f"{count} {what}" for what, count in sorted(heard.items()))
    print(f"{total} requests of {clients} clients, {done} times killed or disturbed: {findings[0]} oversold, {findings[1]} wrongly "
          f"denied, {findings[2]} lost ({words})")
    sys.exit(1 if any(findings) else 0)


if os.environ.get("SELF_TEST"):
    def told(*operations):
        history = []
        for action, machine, start, end, heard in operations:
            o = Operation(action, "k", machine)
            o.start, o.end, o.heard = start, end, heard
            history.append(o)
        return check("k", history)

    seats = {"k": 1}
    assert told(("activate", 1, 0, 1, "granted"), ("activate", 2, 2, 3, "granted")) == (1, 0, 0)
    assert told(("activate", 1, 0, 1, "granted"), ("deactivate", 1, 2, 4, "released"),
                ("activate", 2, 3, 5, "granted")) == (0, 0, 0)
    assert told(("activate", 1, 0, 1, "no-seat-left")) == (0, 1, 0)
    assert told(("activate", 2, 0, 2, None), ("activate", 1, 1, 3, "no-seat-left")) == (0, 0, 0)
    assert told(("activate", 1, 0, 1, "granted"), ("validate", 1, 2, 3, "not-activated")) == (0, 0, 1)
    assert told(("activate", 1, 0, 1, "granted"), ("deactivate", 1, 2, 3, "not-activated")) == (0, 0, 1)
    assert told(("activate", 1, 0, 1, "granted"), ("deactivate", 1, 2, 3, None),
                ("deactivate", 1, 4, 5, "not-activated")) == (0, 0, 0)
    sys.exit(0)
main()
