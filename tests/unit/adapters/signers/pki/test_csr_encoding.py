import pytest

from adapters.signers.pki import csr as csrs
from domain.errors import RequestRejected
from tests.integration.x509_reader.encodings import READ, REFUSED
from tests.support.raw_csr import (
    CHALLENGE_PASSWORD,
    EXTENSION_REQUEST,
    NAMES_OF_APP,
    asked,
    attribute,
    body,
    request,
    signed,
    two_attributes,
)


@pytest.mark.parametrize("request_", READ.values(), ids=READ)
def test_what_devices_write_is_read(request_: bytes) -> None:
    csr = csrs.read(request_)

    assert csr.subject.rdns


@pytest.mark.parametrize(("request_", "why"), REFUSED.values(), ids=REFUSED)
def test_what_can_be_read_in_two_ways_is_refused_by_name(request_: bytes, why: str) -> None:
    with pytest.raises(RequestRejected, match=why) as refusal:
        csrs.read(request_)

    assert str(refusal.value).startswith("spec.request: ")


def test_an_asterisk_in_a_printable_string_is_kept() -> None:
    csr = csrs.read(READ["an asterisk in a PrintableString"])

    assert csr.subject.rfc4514_string() == "CN=*.example.com"


def test_the_signature_is_verified_over_the_bytes_received() -> None:
    """Not over the DER that they are rewritten to."""
    received, rewritten = body(attributes=[asked(NAMES_OF_APP), attribute(CHALLENGE_PASSWORD)]), body()

    assert csrs.read(signed(received, over=received)).names == csrs.read(request()).names
    with pytest.raises(RequestRejected, match="has a signature that its own key did not make"):
        csrs.read(signed(received, over=rewritten))


def test_no_name_is_taken_from_a_second_attribute() -> None:
    with pytest.raises(RequestRejected, match="more than once"):
        csrs.read(two_attributes(EXTENSION_REQUEST))
