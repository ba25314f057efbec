#!/usr/bin/env python3
"""Stands before a PostgreSQL server and cuts the first connection on which a COMMIT goes by.

usage: cutting_proxy.py PORT before|after [COUNT]

  before   the server never sees it
  after    the server has carried it out, and its answer is kept back
  COUNT    so many commits are cut (default: 1)

Prints the port that it listens on, and one line a cut.
"""

import socket
import sys
import threading

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
server, when = int(sys.argv[1]), sys.argv[2]
left = int(sys.argv[3]) if len(sys.argv) > 3 else 1


def take_cut():
    global left
    left -= 1
    return left >= 0


def close(*sockets):
    for one in sockets:
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def answers(client, upstream, cut):
    try:
        while data := upstream.recv(65536):
            if cut.is_set():  # this is what COMMIT is told
                break
            client.sendall(data)
    except OSError:
        pass
    close(client, upstream)


def serve(client):
    upstream = socket.create_connection(("127.0.0.1", server))
    cut = threading.Event()
    threading.Thread(target=answers, args=(client, upstream, cut), daemon=True).start()
    try:
        while data := client.recv(65536):
            if data.endswith(COMMIT) and take_cut():
                print("cut", flush=True)
                if when == "before":
                    break
                cut.set()
            upstream.sendall(data)
            if cut.is_set():
                return
    except OSError:
        pass
    close(client, upstream)


def accept(listener):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client,), daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
accept(listener)
