"""The fields that a tenant fills at will, held to a size: what is kept of an object in memory must be small.

What is larger than anything that can be of use is not kept; beside an empty value stands then what is wrong: field,
size, limit and remedy. An object in etcd may have 1.5 MiB.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec

from domain import durations
from domain.annotations import READ

_MOST_CSR = 65_536  # bytes; signers read at most 36,500 of a CSR
_MOST_USAGES = 4_096  # characters of all; Kubernetes and cert-manager know 23, of 20 at most
_LONGEST = 256  # characters of a duration or of an annotation that is read


def csr(request: bytes | None, field: str = "request") -> tuple[bytes, str]:
    if request is None or len(request) <= _MOST_CSR:
        return request or b"", ""
    limit = f"no more than {_MOST_CSR:,} are read; create a CSR with fewer names"
    return b"", f"spec.{field}: {len(request):,} bytes, and {limit}"


def usages(found: Sequence[str] | None) -> tuple[tuple[str, ...], str]:
    size = sum(len(usage) + 1 for usage in found or ())
    if size <= _MOST_USAGES:
        return tuple(found or ()), ""
    return (), f"spec.usages: {size:,} characters, and no more than {_MOST_USAGES:,} are read; name each usage once"


def duration(text: str | None) -> tuple[timedelta | None, str]:
    if not text:
        return None, ""
    if len(text) > _LONGEST:
        return None, f"spec.duration: {len(text):,} characters, and no more than {_LONGEST} are read; write it as 2160h"
    try:
        return durations.parse(text), ""
    except ValueError as error:
        return None, f"spec.duration: {error}"


def kept_annotations(annotations: Mapping[str, str] | None) -> dict[str, str]:
    """Those that are read, and for the others a digest of all, by which a change is noticed.

    One that is too long is cut so that it cannot be read: it has no valid value.
    """
    if not annotations:
        return {}
    read = {name: annotations[name] for name in READ if name in annotations}
    digest = hashlib.sha256(msgspec.json.encode(annotations, order="deterministic")).hexdigest()
    return {name: text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…" for name, text in read.items()} | {
        "": digest
    }
