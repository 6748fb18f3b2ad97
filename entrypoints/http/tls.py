"""The serving certificate of /metrics.

The files are looked at with each new connection, so that a renewed certificate needs no restart. Files that cannot be
used end the start with one line; later the last good certificate stays in use.
"""

from __future__ import annotations

import logging
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from adapters.files import memfd_path
from entrypoints.http.serving import CannotListen

_LIFETIME = timedelta(days=365)
_log = logging.getLogger("issuer.metrics")
_Pair = tuple[bytes, bytes]
"""The PEM of a certificate, its chain behind it, and that of its key."""


def self_signed(name: str) -> ssl.SSLContext:
    """A self-signed certificate, where none is given: it encrypts, and clients cannot verify it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .issuer_name(subject)
        .subject_name(subject)
        .public_key(key.public_key())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name), x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pkcs8 = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return _context((certificate.public_bytes(Encoding.PEM), pkcs8))


def from_folder(folder: Path) -> ssl.SSLContext:
    """Serves with tls.crt and tls.key of the folder, as they are when a client connects. Raises CannotListen."""
    return _Rotating(folder).context


class _Rotating:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._trouble = ""
        try:
            self._pair = self._read()
            self._current = _context(self._pair)
        except (OSError, ssl.SSLError) as error:
            raise CannotListen(f"--metrics-cert-path: {self._reason(error)}") from None
        self.context = _context(self._pair)
        self.context.sni_callback = self._choose

    def _choose(self, connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        """OpenSSL asks with every connection, one that names no server too."""
        self._renew()
        connection.context = self._current

    def _renew(self) -> None:
        try:
            pair = self._read()
            if pair == self._pair:
                return
            self._current = _context(pair)
        except (OSError, ssl.SSLError) as error:  # may be half of a rotation: the next connection looks again
            self._log_trouble(f"the last good certificate goes on serving the metrics: {self._reason(error)}")
            return
        self._pair, self._trouble = pair, ""
        _log.info("the metrics are served with a new certificate")

    def _read(self) -> _Pair:
        return (self._folder / "tls.crt").read_bytes(), (self._folder / "tls.key").read_bytes()

    def _reason(self, error: OSError | ssl.SSLError) -> str:
        if isinstance(error, ssl.SSLError):
            return f"{self._folder}: tls.crt and tls.key are no certificate in PEM and its key without passphrase"
        return f"{error.filename}: {error.strerror}"

    def _log_trouble(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            _log.error("%s", trouble)


def _context(pair: _Pair) -> ssl.SSLContext:
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with memfd_path(pair[0]) as certificate, memfd_path(pair[1]) as key:
        made.load_cert_chain(certificate, key, password="")  # without one, OpenSSL would ask at the terminal
    return made
