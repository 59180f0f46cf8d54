"""Whether a Redis that is there already can be connected to as its URL says; if not, why."""

from __future__ import annotations

import socket
import ssl

from harness.errors import BadInput
from harness.given_server import SOCKET_FILE
from harness.process.certificate import agreement
from harness.wire.redis_place import RedisPlace
from harness.wire.trust import distrust

_PING = b"PING\r\n"
_ANSWERS = (b"+", b"-")
"""How an answer to it begins, be it PONG or that a password is wanted."""
_PROBE_S = 1.0
_NOBODY = "no Redis answers there; start it or leave --redis out for the bundled one"


def connect(place: RedisPlace, timeout_s: float) -> socket.socket:
    """Connect as clients do, within ``timeout_s``, which is also how long a read may take.

    Raises:
        OSError: nobody accepts connections there, or nobody that is believed.
    """
    tls = place.tls
    if isinstance(place.address, str):
        through = socket.socket(socket.AF_UNIX)
        try:
            through.settimeout(timeout_s)
            through.connect(place.address)
        except OSError:
            through.close()
            raise
        return through
    plain = socket.create_connection(place.address, timeout_s)
    if tls is None:
        return plain
    try:
        return tls.wrap_socket(plain, server_hostname=place.address[0])
    except OSError:
        plain.close()
        raise


def knock(place: RedisPlace, shown: str, timeout_s: float) -> str:
    """Connect, and give what TLS agreed on: ``TLSv1.3, TLS_AES_…``; empty without TLS.

    Raises:
        BadInput: it cannot be connected to; ``shown`` is the URL as it may be printed.
    """
    try:
        with connect(place, timeout_s) as connection:
            if not isinstance(connection, ssl.SSLSocket):
                return ""
            if not _answers(connection):
                raise BadInput(
                    "--redis",
                    shown,
                    "ends the connection after the handshake; if it wants certificates of its "
                    "clients, set tls-auth-clients no there",
                )
            return agreement(connection)
    except ssl.SSLCertVerificationError as error:
        raise BadInput("--redis", shown, distrust(error)) from error
    except OSError as error:
        raise BadInput("--redis", shown, _problem(place, error)) from error


def unanswered(place: RedisPlace) -> str:
    """Say why nobody answers commands there, although connections are accepted."""
    if place.scheme != SOCKET_FILE and _speaks_tls(place):
        return f"speaks TLS; give {place.named(scheme='rediss')}"
    return _NOBODY


def _problem(place: RedisPlace, error: OSError) -> str:
    if place.scheme == SOCKET_FILE:
        return _problem_of_file(error)
    if place.tls is None or isinstance(error, ConnectionRefusedError | socket.gaierror):
        return _NOBODY
    if _speaks_plainly(place):
        return f"speaks no TLS; give {place.named(scheme='redis')}"
    reason = (getattr(error, "reason", None) or error.strerror or str(error)).replace("_", " ")
    return f"no Redis answers there by TLS ({reason}); start it, or correct host and port"


def _problem_of_file(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file; start that Redis with --unixsocket, or correct the path"
    if isinstance(error, PermissionError):
        return "you may not write to that file; see unixsocketperm of that Redis"
    if error.errno is None:
        return "is longer than the path of a socket may be; use a shorter one"
    return "nobody listens at that file; start that Redis with --unixsocket, or correct the path"


def _speaks_plainly(place: RedisPlace) -> bool:
    if isinstance(place.address, str):
        return False
    try:
        with socket.create_connection(place.address, _PROBE_S) as connection:
            return _answers(connection)
    except OSError:
        return False


def _answers(connection: socket.socket) -> bool:
    """Whether there is an answer to PING, be it that a password is wanted.

    Who wants a certificate of ours ends the connection only now, well after the handshake.
    """
    try:
        connection.sendall(_PING)
        return connection.recv(1) in _ANSWERS
    except OSError:
        return False


def _speaks_tls(place: RedisPlace) -> bool:
    """Whether a handshake succeeds; whoever it may be, nothing is said to it."""
    if isinstance(place.address, str):
        return False
    anybody = ssl.create_default_context()
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection(place.address, _PROBE_S) as plain,
            anybody.wrap_socket(plain, server_hostname=place.address[0]),
        ):
            return True
    except OSError:
        return False
