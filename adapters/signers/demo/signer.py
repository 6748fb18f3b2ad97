"""Signs with a CA that the controller makes for itself, so that samples, demo and tests need no other CA.

The CA is made once and kept by the port CAStore. `sign` reads the store until it has succeeded once, `check` every
time. Do not trust this CA.
"""

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.signers.pki import keys, pem
from adapters.signers.pki.certificate_builder import backdating
from adapters.signers.pki.local_ca import Authority, authority, best_path, read_key, require_ca
from adapters.signers.pki.usages import CERT_SIGN, key_usage
from adapters.signers.threads import run_in_thread, run_in_thread_if_large
from adapters.spec_fields import SpecFields
from domain.errors import IssuerFailed
from domain.model import CheckResult, Credentials, Issued, IssuerSpec, SignRequest
from domain.ports import CAStore, Clock, Signer

_LIFETIME = timedelta(days=3653)
_ORIGIN = "the stored demo CA"


class DemoSpec(SpecFields, frozen=True):
    """Signs with a CA that the controller makes for itself; for trials only."""


class Demo(Signer):
    """`name` is the common name of the CA. Needs no credentials. Raises ClusterError where the store does."""

    spec_type = DemoSpec
    allow_annotations = True  # this CA is not to be trusted, so that annotations gain nothing
    cannot_set_names = ""

    def __init__(self, store: CAStore, clock: Clock, name: str) -> None:
        self._store = store
        self._clock = clock
        self._name = name
        self._authority: Authority | None = None

    async def check(self, issuer: IssuerSpec, credentials: Credentials) -> CheckResult:
        found = await self._fetch(issuer)
        now = self._clock.now()
        found.require_valid(now)
        return CheckResult(found.expires, roots=found.roots(now))

    async def sign(self, order: SignRequest) -> Issued:
        found = self._authority or await self._fetch(order.issuer)
        return await run_in_thread_if_large(
            order.issuer.secret.namespace, len(order.csr), lambda: found.issue(order, self._clock.now())
        )

    async def _fetch(self, issuer: IssuerSpec) -> Authority:
        pair = await self._store.get_or_create(lambda: _make(self._name, self._clock.now()))
        now = self._clock.now()
        self._authority = await run_in_thread(issuer.secret.namespace, lambda: _read(*pair, now))
        return self._authority


def _read(certificate: bytes, key: bytes, now: datetime) -> Authority:
    try:
        path = best_path(pem.certificates(certificate), (), now)
        for ca in path:
            require_ca(ca)
        return authority(_ORIGIN, path, read_key(key, path[0]))
    except ValueError as error:
        raise IssuerFailed(f"{_ORIGIN} {error}; delete it and restart the controller, which makes a new one") from None


def _make(name: str, now: datetime) -> tuple[bytes, bytes]:
    """A new CA: certificate and PKCS#8 key, both PEM."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    key = ec.generate_private_key(ec.SECP256R1())
    begins = now - backdating(_LIFETIME)
    builder = (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .issuer_name(subject)
        .subject_name(subject)
        .public_key(key.public_key())
        .not_valid_before(begins)
        .not_valid_after(begins + _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(key_usage({CERT_SIGN, "crl_sign"}), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    certificate = builder.sign(key, keys.signature_hash(key))
    pkcs8 = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem.encode([certificate]), pkcs8
