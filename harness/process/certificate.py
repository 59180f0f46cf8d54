"""A certificate for one run's servers, made on the spot and signed by nobody else's authority."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from harness.wire.trust import trusting

_HOSTS = ("127.0.0.1", "localhost")
_HANDSHAKE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Files in the run's private directory, and what makes a client believe them."""

    path: Path
    key_path: Path
    authority_path: Path
    authority: str
    """The signer's own certificate (PEM); its key was never written, and signs nothing else."""

    @property
    def options(self) -> Sequence[str]:
        """Give what a server is told on its command line."""
        return ("--certfile", str(self.path), "--keyfile", str(self.key_path))


def certify(directory: Path) -> Certificate:
    """Make a certificate (ECDSA on P-256) for this host's loopback, whatever the port.

    Takes 5 ms, and 40 ms to import what makes it, before any server is started.
    """
    import trustme  # only runs with TLS need it

    authority = trustme.CA()
    issued = authority.issue_cert(*_HOSTS)
    made = Certificate(
        path=directory / "server.crt",
        key_path=directory / "server.key",
        authority_path=directory / "authority.crt",
        authority=authority.cert_pem.bytes().decode(),
    )
    made.path.write_bytes(b"".join(one.bytes() for one in issued.cert_chain_pems))
    made.key_path.touch(mode=0o600)
    made.key_path.write_bytes(issued.private_key_pem.bytes())
    made.authority_path.write_text(made.authority)
    return made


def agreed(url: str, authority: str) -> str:
    """Shake hands at ``url`` as clients will; give version and cipher: ``TLSv1.3, TLS_AES_…``.

    Raises:
        OSError: nobody answers, or not with a certificate that is believed.
    """
    parts = urlsplit(url)
    context = trusting(authority=authority)
    with (
        socket.create_connection((parts.hostname, parts.port), _HANDSHAKE_S) as plain,
        context.wrap_socket(plain, server_hostname=parts.hostname) as connection,
    ):
        return agreement(connection)


def agreement(connection: ssl.SSLSocket) -> str:
    """Name what a connection agreed on."""
    cipher = connection.cipher()
    return f"{connection.version()}, {cipher[0] if cipher else 'no cipher'}"
