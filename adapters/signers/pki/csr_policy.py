"""Compares what a CSR asks for with the request's spec, as cert-manager's own issuers do.

A CSR may leave an extension out; one that it has must agree with spec.
"""

from adapters.signers.pki import usages
from adapters.signers.pki.csr import CSR
from domain.errors import RequestRejected
from domain.model import SignRequest


def require(csr: CSR, order: SignRequest) -> None:
    """RequestRejected, naming both sides and the remedy, where CSR and spec contradict each other."""
    _require_same_kind(csr, order)
    wanted = usages.requested(order.usages, order.is_ca)
    _require_same_usages(csr, wanted, order)


def _require_same_kind(csr: CSR, order: SignRequest) -> None:
    if csr.constraints is None or csr.constraints.ca == order.is_ca:
        return
    asked = "a CA certificate" if csr.constraints.ca else "no CA certificate"
    raise RequestRejected(
        f"spec.request asks for {asked} (basicConstraints), but spec.isCA is {str(order.is_ca).lower()}; "
        "make them agree, or leave basicConstraints out of the request"
    )


def _require_same_usages(csr: CSR, wanted: usages.Usages, order: SignRequest) -> None:
    # isCA implies 'cert sign', which cert-manager writes into a CA's CSR and others leave out.
    implied = {usages.CERT_SIGN} if order.is_ca else set()
    same_bits = csr.bits is None or csr.bits - implied == wanted.bits - implied
    same_purposes = csr.purposes is None or csr.purposes == wanted.purposes
    if same_bits and same_purposes:
        return
    asked = usages.Usages(csr.bits or frozenset(), csr.purposes or frozenset())
    raise RequestRejected(
        f"spec.request asks for the usages {asked}, but spec.usages for {wanted}"
        f"{'' if order.usages else ' (which is what no spec.usages means)'}; "
        "make them agree, or leave keyUsage and extendedKeyUsage out of the request"
    )
