"""smtp.py - a mail server for tests (aiosmtpd), which behaves as told.

usage: smtp.py --log FILE [--port N] [--cert FILE --key FILE] [--implicit]
               [--user NAME --password WORD]

Prints its port.  Each mail that it takes is a line of JSON in the log.  What
it does is up to the recipient:

  later-N@...   451 for the first N times
  refused@...   550 at RCPT            spam@...    554 after DATA
  drop@...      takes the mail, and closes instead of answering
  hangup@...    closes at RCPT
"""
import argparse
import asyncio
import json
import logging
import os
import re
import ssl

from aiosmtpd.smtp import SMTP, AuthResult

parser = argparse.ArgumentParser()
parser.add_argument("--log", required=True)
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--cert")
parser.add_argument("--key")
parser.add_argument("--implicit", action="store_true")
parser.add_argument("--user")
parser.add_argument("--password")
args = parser.parse_args()
logging.disable(logging.CRITICAL)
tries = {}


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0]
        later = re.fullmatch(r"later-(\d+)\w*", name)
        if later:
            tries[address] = tries.get(address, 0) + 1
            if tries[address] <= int(later[1]):
                return "451 4.7.1 Not now"
        if name.startswith("refused"):
            return "550 5.1.1 Nobody of that name"
        if name.startswith("hangup"):
            tries[address] = tries.get(address, 0) + 1
            if tries[address] == 1:
                server.transport.abort()
                return "421 Bye"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        to = envelope.rcpt_tos[0]
        if to.startswith("spam"):
            return "554 5.7.1 That looks like spam"
        line = {
            "from": envelope.mail_from,
            "to": to,
            "tls": session.ssl is not None or args.implicit,
            "user": (session.auth_data.login.decode()
                     if session.auth_data else None),
            "ehlo": session.host_name,
            "peer": session.peer[1],
            "data": envelope.original_content.decode("latin-1"),
        }
        with open(args.log, "a") as log:
            log.write(json.dumps(line) + "\n")
        if to.startswith("drop"):
            server.transport.abort()
        return "250 OK, taken"


def authenticate(server, session, envelope, mechanism, data):
    good = (data.login.decode() == args.user
            and data.password.decode() == args.password)
    return AuthResult(success=good, handled=False, auth_data=data)


def serve():
    options = {"hostname": "localhost", "decode_data": False, "timeout": 300}
    if args.cert and not args.implicit:
        options.update(tls_context=context, require_starttls=True)
    if args.user:
        options.update(authenticator=authenticate, auth_required=True,
                       auth_require_tls=not args.implicit)
    return SMTP(Handler(), **options)


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        serve, "127.0.0.1", args.port,
        ssl=context if args.implicit else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


context = None
if args.cert:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(args.cert, args.key)
open(args.log, "a").close()
os.chmod(args.log, 0o644)
asyncio.run(main())
