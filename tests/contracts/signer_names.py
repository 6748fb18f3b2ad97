"""The part of the SignerContract about names: whom a certificate is for, and for whom its CA may sign.

What stands in the request stands in the certificate; a subject byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Any

import pytest
from cryptography import x509

from domain.ports import Signer
from tests.contracts.signer_cases import CONSTRAINTS, NAMES, SUBJECTS, ca_request
from tests.contracts.signer_honours import Honours, needs
from tests.contracts.signer_orders import OrderMaker, alternative_names, sign
from tests.support import der, pki

_KINDS = {
    "ips": Honours.IP_ADDRESSES,
    "uris": Honours.URIS,
    "emails": Honours.EMAIL_ADDRESSES,
    "others": Honours.OTHER_NAMES,
    "common_name": Honours.SUBJECT,
}
"""Which arguments of `pki.csr` ask for what. Every CA gives DNS names."""


def honoured_names(names: dict[str, Any], honours: Set[Honours]) -> dict[str, Any]:
    return {kind: values for kind, values in names.items() if _KINDS.get(kind) in {None, *honours}}


def _with_needs(names: Iterable[str]) -> pytest.MarkDecorator:
    cases = [
        pytest.param(NAMES[name], id=name, marks=needs(*(_KINDS[kind] for kind in NAMES[name] if kind in _KINDS)))
        for name in names
    ]
    return pytest.mark.parametrize("names", cases)


class Naming:
    @_with_needs(NAMES)
    async def test_the_names_are_the_requests(self, signer: Signer, order: OrderMaker, names: dict[str, Any]) -> None:
        csr = pki.csr(**names)
        asked = x509.load_pem_x509_csr(csr)

        answer = await sign(signer, order(csr))

        assert set(alternative_names(answer.leaf)) == set(alternative_names(asked))
        assert len(alternative_names(answer.leaf)) == len(alternative_names(asked))

    @needs(Honours.SUBJECT)
    @_with_needs(["one DNS name", "an otherName alone", "one of each"])
    async def test_alternative_names_are_critical_where_the_subject_is_empty(
        self, signer: Signer, order: OrderMaker, names: dict[str, Any]
    ) -> None:
        unnamed = await sign(signer, order(pki.csr(**names)))
        named = await sign(signer, order(pki.csr(common_name="app", **names)))

        assert unnamed.extension(x509.SubjectAlternativeName).critical
        assert not named.extension(x509.SubjectAlternativeName).critical

    @needs(Honours.SUBJECT)
    @pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
    async def test_the_subject_is_the_requests_byte_for_byte(
        self, signer: Signer, order: OrderMaker, subject: x509.Name
    ) -> None:
        csr = pki.csr(subject=subject, dns=["app.example.com"])

        answer = await sign(signer, order(csr))

        assert der.subject(answer.leaf) == der.subject(x509.load_pem_x509_csr(csr)), (
            "have the CA take over the CSR's subject as it is; see the diff for what it changed"
        )

    @needs(Honours.IS_CA, Honours.NAME_CONSTRAINTS)
    @pytest.mark.parametrize("critical", [True, False], ids=["critical", "not critical"])
    @pytest.mark.parametrize("constraints", CONSTRAINTS.values(), ids=CONSTRAINTS)
    async def test_a_ca_gets_its_name_constraints(
        self, signer: Signer, order: OrderMaker, constraints: x509.NameConstraints, critical: bool
    ) -> None:
        csr = ca_request(1, (constraints, critical))

        answer = await sign(signer, order(csr, is_ca=True, usages=("crl sign",)))

        got = answer.extension(x509.NameConstraints)
        assert (got.value, got.critical) == (constraints, critical)
        assert answer.extension(x509.BasicConstraints).value.path_length == 1
