"""A Secret Service for tests, which behaves as a file says at each call.

usage: fake_secrets.py DIRECTORY      with DBUS_SESSION_BUS_ADDRESS set

DIRECTORY/mode holds one word:

  open       keeps secrets, as a keyring that its user has unlocked
  locked     lists its items as locked, and says that its collection is
  hidden     lists nothing while it is locked, as some services do
  new        has no collection yet: the first would have to be made, with a question
  asks       answers what changes something with a prompt
  refuses    lists an item as open, and then refuses its secret
  garbled    answers with other types than the specification has
  silent     never answers

Each call is written to DIRECTORY/calls, and DIRECTORY/ready appears when it can be called.
"""

import pathlib
import sys

from jeepney import HeaderFields, MessageType, new_error, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

ROOT = "/org/freedesktop/secrets"
COLLECTION = ROOT + "/collection/login"
SESSION = ROOT + "/session/1"
PROMPT = ROOT + "/prompt/1"
items = {}  # path -> (attributes, secret)


def search(wanted):
    return [path for path, (attributes, _) in items.items() if wanted.items() <= attributes.items()]


def create(properties, secret):
    path = f"{COLLECTION}/{len(items) + 1}"
    items[path] = (dict(properties["org.freedesktop.Secret.Item.Attributes"][1]), bytes(secret[2]))
    return path


def answer(mode, path, member, body):
    """The signature and the values of the reply; a string is the name of an error."""
    if mode == "garbled":
        return ("so", ("", SESSION)) if member == "OpenSession" else ("u", (7,))
    if member == "OpenSession":
        return "vo", (("s", ""), SESSION)
    if member == "SearchItems":
        found = [] if mode == "hidden" else search(dict(body[0]))
        return "aoao", ([], found) if mode == "locked" else (found, [])
    if member == "ReadAlias":
        return "o", ("/" if mode == "new" else COLLECTION,)
    if member == "Get":
        return "v", (("b", mode in ("locked", "hidden")),)
    if member == "CreateItem":
        return "oo", ("/", PROMPT) if mode == "asks" else (create(dict(body[0]), body[1]), "/")
    if member == "Delete":
        if mode == "asks":
            return "o", (PROMPT,)
        del items[path]
        return "o", ("/",)
    if member == "GetSecret":
        if mode == "refuses":
            return "org.freedesktop.Secret.Error.IsLocked"
        return "(oayays)", ((SESSION, b"", items[path][1], "application/octet-stream"),)
    if member == "Dismiss":
        return "", ()
    return "org.freedesktop.DBus.Error.UnknownMethod"


def main(directory):
    bus = open_dbus_connection(bus="SESSION")
    bus.send_and_get_reply(message_bus.RequestName("org.freedesktop.secrets"))
    (directory / "ready").touch()
    while True:
        call = bus.receive()
        if call.header.message_type != MessageType.method_call:
            continue
        fields = call.header.fields
        member = fields[HeaderFields.member]
        with open(directory / "calls", "a", encoding="utf-8") as log:
            log.write(f"{member}\n")
        mode = (directory / "mode").read_text(encoding="utf-8").strip()
        if mode == "silent":
            continue
        reply = answer(mode, fields[HeaderFields.path], member, call.body)
        if isinstance(reply, str):
            bus.send(new_error(call, reply))
        else:
            signature, body = reply
            bus.send(new_method_return(call, signature or None, body))


main(pathlib.Path(sys.argv[1]))
