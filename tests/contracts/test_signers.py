import pytest

from adapters.memory.ca_store import MemoryCAStore
from adapters.signers.ca.signer import CA
from adapters.signers.demo.signer import Demo
from adapters.signers.verify import VerifyingSigner
from domain.model import Credentials
from domain.ports import Signer
from tests.contracts.clock import StoppedClock
from tests.contracts.signer_contract import SignerContract
from tests.contracts.signer_roots import KnownRoots
from tests.support import pki


class TestDemo(KnownRoots, SignerContract):
    @pytest.fixture
    def signer(self) -> Signer:
        clock = StoppedClock()
        return VerifyingSigner(Demo(MemoryCAStore(), clock, "demo CA"), clock)


class CAContract(KnownRoots, SignerContract):
    @pytest.fixture
    def signer(self) -> Signer:
        clock = StoppedClock()
        return VerifyingSigner(CA(clock), clock)


class TestRootCA(CAContract):
    @pytest.fixture
    def credentials(self) -> Credentials:
        root = pki.authority("Root CA")
        return Credentials({"tls.crt": root.pem, "tls.key": root.key_pem}, version="1")


class TestIntermediateCAWithItsChain(CAContract):
    """Two levels below a root which the Secret names, and the chain out of order."""

    @pytest.fixture
    def credentials(self) -> Credentials:
        root = pki.authority("Root CA")
        upper = pki.authority("Upper CA", parent=root)
        lower = pki.authority("Lower CA", parent=upper)
        return Credentials({"tls.crt": lower.pem + root.pem + upper.pem, "tls.key": lower.key_pem}, version="1")


class TestIntermediateCAWithTrustedRoot(CAContract):
    """As cert-manager stores a CA that it has issued: the root stands in ca.crt alone."""

    @pytest.fixture
    def credentials(self) -> Credentials:
        root = pki.authority("Root CA")
        lower = pki.authority("Lower CA", parent=root)
        return Credentials({"tls.crt": lower.pem, "tls.key": lower.key_pem, "ca.crt": root.pem}, version="1")


class TestIntermediateCAWithTrustedIntermediate(CAContract):
    """The operator trusts a CA below a root, and the root is nowhere."""

    @pytest.fixture
    def credentials(self) -> Credentials:
        upper = pki.authority("Upper CA", parent=pki.authority("Root CA"))
        lower = pki.authority("Lower CA", parent=upper)
        return Credentials({"tls.crt": lower.pem, "tls.key": lower.key_pem, "ca.crt": upper.pem}, version="1")


class TestCADuringARollover(CAContract):
    """The new root is cross-signed by the old one, and clients are to trust both."""

    @pytest.fixture
    def credentials(self) -> Credentials:
        old, new = pki.authority("Old root"), pki.authority("New root")
        crossed = pki.authority("New root", parent=old, private=new.key)
        lower = pki.authority("Lower CA", parent=new)
        data = {"tls.crt": lower.pem + crossed.pem, "tls.key": lower.key_pem, "ca.crt": old.pem + new.pem}
        return Credentials(data, version="1")


@pytest.mark.parametrize("ca_kind", ["rsa2048", "p384", "p521", "ed25519"])
class TestCAOfEachKeyType(CAContract):
    @pytest.fixture
    def credentials(self, ca_kind: str) -> Credentials:
        root = pki.authority("Root CA", private=pki.key(ca_kind, "ca"))
        return Credentials({"tls.crt": root.pem, "tls.key": root.key_pem}, version="1")
