"""Says why the TLS certificate of a CA's server was not trusted, and what to do, by OpenSSL's number for the reason.

Numbers: X509_V_ERR_* of openssl/x509_vfy.h. OpenSSL's words for them quote nothing of a certificate.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass

_OTHER_NAME = (62, 64)  # HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH
_NO_ISSUER = (2, 7, 18, 19, 20, 21)  # UNABLE_TO_GET_ISSUER_CERT …, CERT_SIGNATURE_FAILURE, SELF_SIGNED_CERT …
_NOT_YET_VALID, _EXPIRED = 9, 10
_TOO_WEAK = (66, 67, 68)  # EE_KEY_TOO_SMALL, CA_KEY_TOO_SMALL, CA_MD_TOO_WEAK


@dataclass(frozen=True, slots=True)
class Trust:
    """Which issuer's Secret messages name; `bundle` says that its ca.crt replaces the system's trust store."""

    secret: str
    bundle: bool

    def explain(self, error: Exception) -> str:
        """Completes a sentence that begins with the host. Python does not tell which certificate OpenSSL means."""
        if not isinstance(error, ssl.SSLCertVerificationError):
            return "shows a certificate that cannot be read"
        said, code = error.verify_message.rstrip("."), error.verify_code
        if code in _OTHER_NAME:
            return f"shows a certificate for another name ({said}); write spec.url with a name that it is for"
        if code in _NO_ISSUER:
            return f"shows a certificate that is not trusted ({said}){self._no_issuer()}"
        if code == _EXPIRED:
            remedy = f", or replace the expired one in ca.crt of {self.secret}" if self.bundle else ""
            return f"shows a certificate that has expired, or one above it has ({said}); renew it there{remedy}"
        if code == _NOT_YET_VALID:
            clocks = "see that the clocks there and here show the same time"
            return f"shows a certificate that is not valid yet, or one above it is not ({said}); {clocks}"
        if code in _TOO_WEAK:
            return f"shows a certificate that is too weak, or one above it is ({said}); replace it there"
        return f"shows a certificate that does not pass, or one above it does not ({said}); have it issued anew there"

    def _no_issuer(self) -> str:
        if not self.bundle:
            return f"; put the CA certificate that it leads to into ca.crt of {self.secret}"
        return (
            f": no certificate in ca.crt of {self.secret} issued it; put the CA certificate that it leads to there, "
            "or have the server send the intermediate certificates too"
        )
