"""What is fuzzed: each target takes any bytes, and raises where the code breaks a promise.

A target says whether what it was given was good, so that a test can see that it reaches both ends of its code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import tests.tools.fuzz.targets.est as est
import tests.tools.fuzz.targets.step_ca as step_ca
from adapters.signers.pki import pem
from tests.tools.fuzz.targets import cluster, reading, remote, secrets, words, x509

_LARGEST_ANSWER = 65_536  # of a CA: its limit is 512 KiB, but what is that long says nothing new
_LONGEST_BODY = 4_096  # of a certificate or a CSR


@dataclass(frozen=True, slots=True)
class Target:
    """`longest` is how many bytes the fuzzer tries at most; `is_der` has it know lengths inside of them."""

    run: Callable[[bytes], bool]
    longest: int
    is_der: bool = False


TARGETS = {
    "pem": Target(x509.certificates, pem.CHAIN_LIMIT + 1_000, is_der=True),
    "csr": Target(x509.csr, pem.CSR_LIMIT + 100, is_der=True),
    "request": Target(x509.request, _LONGEST_BODY, is_der=True),
    "go-request": Target(reading.request, _LONGEST_BODY, is_der=True),
    "go-certificate": Target(reading.certificate, _LONGEST_BODY, is_der=True),
    "leaf": Target(x509.leaf, _LONGEST_BODY, is_der=True),
    "chain": Target(x509.chain, pem.CHAIN_LIMIT + 1_000),
    "pkcs7": Target(remote.pkcs7, _LARGEST_ANSWER, is_der=True),
    "retry-after": Target(remote.retry_after, 300),
    "url": Target(remote.url, 300),
    "ca": Target(secrets.ca, _LONGEST_BODY, is_der=True),
    "key": Target(secrets.key, _LONGEST_BODY, is_der=True),
    "watch": Target(cluster.watch, 16_384),
    "object": Target(cluster.an_object, 8_192),
    "duration": Target(words.duration, 300),
    "est-url": Target(est.url, 300),
    "step": Target(step_ca.step, _LARGEST_ANSWER),
    "step-jwe": Target(step_ca.jwe, 2_000),
    "step-jwk": Target(step_ca.jwk, 4_000),
    "step-token": Target(step_ca.token, _LONGEST_BODY, is_der=True),
}
