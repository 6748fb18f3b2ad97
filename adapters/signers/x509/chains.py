"""The way from a certificate up to its root.

Law: order is found by signatures, never taken on trust; a self-signed root belongs into status.ca, not into the
chain (RFC 5246 section 7.4.2, as cert-manager does). Whoever may hand in certificates may not have us check signatures
without end.
"""

from collections.abc import Iterable

from cryptography import x509

_MOST_CHECKS = 100
"""Of signatures, on one way up: as Go's crypto/x509 has it."""


def issued(parent: x509.Certificate, child: x509.Certificate) -> bool:
    """Whether the parent's name and key are those that signed the child."""
    try:
        child.verify_directly_issued_by(parent)
    except Exception:  # another name, a bad signature, a key of an unknown type: it all means no
        return False
    return True


def is_self_signed(certificate: x509.Certificate) -> bool:
    return issued(certificate, certificate)


def lead_to(roots: Iterable[x509.Certificate], top: x509.Certificate) -> bool:
    """Whether `top`, the last certificate of a chain, is one of the roots or was issued by one."""
    return any(root == top or issued(root, top) for root in roots)


def climb(
    leaf: x509.Certificate, others: Iterable[x509.Certificate]
) -> tuple[list[x509.Certificate], list[x509.Certificate]]:
    """The leaf, then each one's issuer as far as `others` go, and their rest; ValueError where it takes too long."""
    path, rest = [leaf], [other for other in dict.fromkeys(others) if other != leaf]
    checks = 0
    while True:
        for parent in [other for other in rest if other.subject == path[-1].issuer]:
            checks += 1
            if checks > _MOST_CHECKS:
                raise ValueError("holds too many certificates of the same name to find out which issued which")
            if issued(parent, path[-1]):
                break
        else:
            return path, rest
        path.append(parent)
        rest.remove(parent)


def upward(leaf: x509.Certificate, others: Iterable[x509.Certificate]) -> list[x509.Certificate]:
    """The leaf, then each certificate's issuer, in whatever order `others` come; ValueError where one has no place."""
    path, rest = climb(leaf, others)
    if rest:
        raise ValueError(
            f"is no chain: {path[-1].subject.rfc4514_string()!r} was issued by none of the others, "
            f"so that {rest[0].subject.rfc4514_string()!r} has no place in it"
        )
    return path
