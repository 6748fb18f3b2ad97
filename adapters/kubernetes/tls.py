"""TLS to the API server: which CA certificates are trusted, and which client certificate is shown.

Files are read again when they are replaced: connections made from then on use what is in them.
"""

from __future__ import annotations

import logging
import ssl
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from adapters.files import memfd_path, stamp
from adapters.kubernetes.credentials import CredentialUnavailable
from adapters.kubernetes.kubeconfig import Cluster, User

_log = logging.getLogger("issuer.kubernetes")


class Tls:
    """The constructor raises OSError or ValueError where the certificates cannot be used."""

    def __init__(self, cluster: Cluster, user: User) -> None:
        self._cluster = cluster
        self._user = user
        self._presented = b""
        files = (cluster.certificate_authority, user.client_certificate, user.client_key)
        self._files = [file for file in files if file is not None]
        self._stamps = [stamp(file) for file in self._files]
        self._context = self._made()

    @property
    def trusted(self) -> str:
        """Where the CA certificates are from, for messages."""
        if self._cluster.certificate_authority:
            return f"certificate-authority {self._cluster.certificate_authority}"
        if self._cluster.certificate_authority_data:
            return "certificate-authority-data of the kubeconfig"
        return "the system's trust store (the kubeconfig names no certificate-authority)"

    def expiry(self) -> str:
        """A sentence that the client certificate has expired; empty if it has not, or if there is none."""
        user = self._user
        try:
            with _as_file(user.client_certificate, user.client_certificate_data or self._presented) as certificate:
                found = x509.load_pem_x509_certificate(Path(certificate).read_bytes()) if certificate else None
        except (OSError, ValueError):
            return ""
        if found is None or found.not_valid_after_utc > datetime.now(UTC):
            return ""
        return f"its client certificate expired at {found.not_valid_after_utc:%Y-%m-%d %H:%M} UTC; renew the kubeconfig"

    def context(self) -> ssl.SSLContext:
        """For a new connection. Files that cannot be used yet, as while they are replaced, change nothing."""
        stamps = [stamp(file) for file in self._files]
        if stamps != self._stamps:
            self._stamps = stamps
            try:
                self._context = self._made()
            except (OSError, ValueError) as error:
                names, why = ", ".join(self._files), type(error).__name__
                _log.warning("one of %s was replaced and cannot be used (%s); the former one is used on", names, why)
        return self._context

    def present(self, certificate: bytes) -> None:
        """Shows this client certificate, PEM with its key, on connections made from now on; empty: the user's own."""
        if certificate == self._presented:
            return
        former, self._presented = self._presented, certificate
        try:
            self._context = self._made()
        except (OSError, ValueError) as error:
            self._presented = former
            why = "the credential plugin of the kubeconfig gave a client certificate that cannot be used"
            raise CredentialUnavailable(f"{why} ({type(error).__name__})") from error

    def _made(self) -> ssl.SSLContext:
        with _as_file(self._cluster.certificate_authority, self._cluster.certificate_authority_data) as trusted:
            context = ssl.create_default_context(cafile=trusted)
        # Set from Python 3.13 on; it refuses CA certificates without keyUsage or authorityKeyIdentifier.
        context.verify_flags &= ~ssl.VerifyFlags.VERIFY_X509_STRICT
        if self._cluster.insecure_skip_tls_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        user = self._user
        with (
            _as_file(user.client_certificate, user.client_certificate_data or self._presented) as certificate,
            _as_file(user.client_key, user.client_key_data) as key,
        ):
            if certificate is not None:
                context.load_cert_chain(certificate, key, password=lambda: "")  # OpenSSL would ask at the terminal
        return context


def _as_file(path: str | None, content: bytes | None) -> AbstractContextManager[str | None]:
    """OpenSSL reads from files; what stands in the kubeconfig is in one for as long as that takes."""
    return memfd_path(content) if content else nullcontext(path)
