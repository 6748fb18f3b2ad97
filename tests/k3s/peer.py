"""A program for pods: two of them speak mutual TLS by what their kubelets mount, and know each other by SPIFFE ID.

python -c PROGRAM serve EXPECTED
python -c PROGRAM call HOST EXPECTED [--once] [--anonymous]

All files are read anew for each connection, and the key pairs in /pki take turns. Each connection prints a line of
JSON: the serial numbers of both certificates, or why it failed. It imports the standard library alone.
"""

from __future__ import annotations

import argparse
import itertools
import json
import socket
import ssl
import sys
import time
from pathlib import Path

PORT = 8443
FOLDER = Path("/pki")
SECONDS = 5
PAUSE = 1


class Stranger(Exception):
    """The peer has a certificate, and it is somebody else's."""


def serve(expected: str) -> None:
    with socket.create_server(("", PORT)) as listener:
        say(listening=PORT)
        for pair in itertools.cycle(key_pairs()):
            connection, _ = listener.accept()
            try:
                answer(connection, expected, pair)
            except (OSError, Stranger) as error:
                say(refused=str(error))


def answer(connection: socket.socket, expected: str, pair: Path) -> None:
    """Tells the client the serial number of the certificate that it has shown."""
    connection.settimeout(SECONDS)
    with connection, context(ssl.Purpose.CLIENT_AUTH, pair).wrap_socket(connection, server_side=True) as secure:
        serial = serial_of_peer(secure, expected)
        secure.sendall(serial.encode())
        say(client=serial)


def call_for_ever(host: str, expected: str) -> None:
    for pair in itertools.cycle(key_pairs()):
        try:
            call(host, expected, pair)
        except (OSError, Stranger) as error:
            say(failed=f"{type(error).__name__}: {error}")
        time.sleep(PAUSE)


def call_once(host: str, expected: str, pair: Path | None) -> None:
    try:
        call(host, expected, pair)
    except (OSError, Stranger) as error:
        sys.exit(f"{type(error).__name__}: {error}")


def call(host: str, expected: str, pair: Path | None) -> None:
    own = context(ssl.Purpose.SERVER_AUTH, pair)
    with socket.create_connection((host, PORT), SECONDS) as connection, own.wrap_socket(connection) as secure:
        server = serial_of_peer(secure, expected)
        client = secure.recv(100).decode()  # the server may refuse a client after the client's handshake (TLS 1.3)
        if not client:
            raise ConnectionError("the server has closed the connection without an answer")
        say(client=client, server=server)


def context(purpose: ssl.Purpose, pair: Path | None) -> ssl.SSLContext:
    made = ssl.create_default_context(purpose, cafile=FOLDER / "ca.crt")
    made.check_hostname = False  # a SPIFFE ID names the peer, see below
    made.verify_mode = ssl.CERT_REQUIRED
    if pair:
        made.load_cert_chain(pair)
    return made


def serial_of_peer(secure: ssl.SSLSocket, expected: str) -> str:
    certificate = secure.getpeercert() or {}
    if (names := certificate.get("subjectAltName")) != (("URI", expected),):
        raise Stranger(f"the peer is {names}, and should be {expected}")
    return str(certificate["serialNumber"])


def key_pairs() -> list[Path]:
    return sorted(FOLDER.glob("*.pem"))


def say(**words: object) -> None:
    print(json.dumps(words), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve").add_argument("expected")
    caller = commands.add_parser("call")
    caller.add_argument("host")
    caller.add_argument("expected")
    caller.add_argument("--once", action="store_true")
    caller.add_argument("--anonymous", action="store_true", help="without a certificate")
    arguments = parser.parse_args()
    if arguments.command == "serve":
        serve(arguments.expected)
    elif arguments.once:
        call_once(arguments.host, arguments.expected, None if arguments.anonymous else key_pairs()[0])
    else:
        call_for_ever(arguments.host, arguments.expected)


if __name__ == "__main__":
    main()
