"""A mail server for tests: aiosmtpd on a free port of this machine, with faults on demand.

usage: smtp_server.py DIRECTORY [OPTION=VALUE...]

Writes its port to DIRECTORY/port and each message that it takes to DIRECTORY/N.eml (the
envelope in DIRECTORY/N.to), and runs until it is ended. Options:

  refuse=ADDRESS    550 for that recipient
  later=ADDRESS     450 for that recipient
  drop=ADDRESS      closes the connection when the content for it has come, without an answer
  spam=ADDRESS      554 for the content
  sender=no         550 for every sender
  cert=FILE key=FILE tls=starttls|smtps
  login=USER:PASSWORD
"""

import asyncio
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

directory = pathlib.Path(sys.argv[1])
options = dict(argument.split("=", 1) for argument in sys.argv[2:])


class Handler:
    count = 0

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        if options.get("sender") == "no":
            return "550 5.7.1 not from you"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address == options.get("refuse"):
            return "550 5.1.1 no such user"
        if address == options.get("later"):
            return "450 4.2.0 greylisted"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if options.get("drop") in envelope.rcpt_tos:
            server.transport.abort()
            return "421 gone"
        if options.get("spam") in envelope.rcpt_tos:
            return "554 5.7.1 looks like spam"
        Handler.count += 1
        (directory / f"{Handler.count}.eml").write_bytes(envelope.original_content)
        tls = "tls" if session.ssl or options.get("tls") == "smtps" else "plain"
        (directory / f"{Handler.count}.to").write_text(f"{envelope.mail_from} {' '.join(envelope.rcpt_tos)} {tls}\n")
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    given = f"{data.login.decode()}:{data.password.decode()}"
    return AuthResult(success=given == options["login"], handled=False)


def make():
    arguments = {"hostname": "test.invalid", "enable_SMTPUTF8": False}
    if "login" in options:
        arguments.update(authenticator=authenticate, auth_required=True, auth_require_tls=options.get("tls") == "starttls")
    if options.get("tls") == "starttls":
        arguments.update(tls_context=context, require_starttls=True)
    return SMTP(Handler(), **arguments)


async def main():
    server = await asyncio.get_running_loop().create_server(
        make, "127.0.0.1", 0, ssl=context if options.get("tls") == "smtps" else None
    )
    part = directory / "port.part"
    part.write_text(str(server.sockets[0].getsockname()[1]))
    part.rename(directory / "port")
    await server.serve_forever()


context = None
if "cert" in options:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options["cert"], options["key"])
asyncio.run(main())
