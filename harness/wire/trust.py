"""Whom a client believes: the context that checks the certificate of who answers."""

from __future__ import annotations

import ssl
from functools import cache

from harness.given_server import is_tls
from harness.pattern import Seat


def trusted(seat: Seat, *urls: str) -> ssl.SSLContext | None:
    """Give the context of connections to ``urls``; None where none of them is by TLS.

    A server that was started here is signed by the run's own authority, one of the user's by whom
    ``--ca`` names, or else by whom this system believes.
    """
    if not any(map(is_tls, urls)):
        return None
    return trusting(authority=seat.endpoints.authority, file=seat.workload.ca)


def distrust(error: ssl.SSLCertVerificationError) -> str:
    """Say why the certificate of who answered is not believed, and what would help."""
    reason = error.verify_message.rstrip(".")
    if "expired" in reason:
        return f"its certificate is not valid: {reason}; renew it"
    if "mismatch" in reason:
        return f"its certificate names somebody else: {reason}; give the host that it names"
    return f"its certificate is not trusted: {reason}; give --ca FILE with who signed it"


@cache
def trusting(*, authority: str = "", file: str = "") -> ssl.SSLContext:
    """Make the context that believes ``authority`` (PEM) or ``file``; without any, the system's.

    One serves a whole process, as in an application. Nothing is resumed: Python does so only
    where a client hands an old session over, and none does.
    """
    return ssl.create_default_context(cafile=file or None, cadata=authority or None)
