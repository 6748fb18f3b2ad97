"""Says why no answer came from the API server, in words that repeat nothing of a server, proxy or credential."""

from __future__ import annotations

import os
import socket
import ssl

import aiohttp

_OTHER_NAME = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH of openssl/x509_vfy.h
_NO_ISSUER = (2, 7, 18, 19, 20, 21)  # …_UNABLE_TO_GET_ISSUER_CERT, _CERT_SIGNATURE_FAILURE, _SELF_SIGNED_CERT and kin
_NOT_YET_VALID, _EXPIRED = 9, 10


REFUSED_FOR = "refused-for"
"""The extension of a 401 response that says what is wrong with the credential; empty where nobody knows."""


class Unreachable(Exception):
    """The cause of an httpx2.TransportError; the message names the server and the reason."""


def unreachable(error: Exception, server: str, trusted: str) -> Unreachable:
    """`server` is host:port; `trusted` says where the CA certificates are from."""
    if isinstance(error, TimeoutError):
        made = Unreachable(f"the API server {server} did not answer in time ({type(error).__name__})")
    else:
        made = Unreachable(f"the API server {server} cannot be reached: {_reason(error, trusted)}")
    made.__cause__ = error
    return made


def _reason(error: Exception, trusted: str) -> str:
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status}"
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"the proxy {error.host}:{error.port} cannot be reached: {_system(error.os_error)}"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _distrust(error.certificate_error, trusted)
    if isinstance(error, aiohttp.ClientConnectorError):
        return _system(error.os_error)
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "it closed the connection"
    if isinstance(error, OSError):
        return _system(error)
    return f"its answer is no HTTP ({type(error).__name__})"


def _system(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS fails ({(error.reason or type(error).__name__).replace('_', ' ').lower()})"
    if isinstance(error, socket.gaierror):
        return f"its name cannot be resolved ({error.strerror})"
    return os.strerror(error.errno).lower() if error.errno else type(error).__name__


def _distrust(error: Exception, trusted: str) -> str:
    if not isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate cannot be read"
    said, code = error.verify_message.rstrip("."), error.verify_code
    if code in _OTHER_NAME:
        return (
            f"its certificate is for another name ({said}); set tls-server-name in the kubeconfig to one of its names"
        )
    if code in _NO_ISSUER:
        return f"its certificate is issued by no CA of {trusted} ({said}); put the CA's certificate there"
    if code == _EXPIRED:
        return f"its certificate, or one above it, has expired ({said}); renew it there"
    if code == _NOT_YET_VALID:
        return f"its certificate, or one above it, is not valid yet ({said}); compare the clocks there and here"
    return f"its certificate, or one above it, does not pass ({said}); have it issued anew"
