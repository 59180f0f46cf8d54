"""Where the URL of a Redis leads: a host and port, perhaps by TLS, or the file of a socket."""

from __future__ import annotations

import ssl
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

PORT = 6379
_AUTHORITY, _DATABASE = "ssl_ca_certs", "db"
"""In the query, by redis-py's names: who is believed (a PEM file); the database at a file."""


class RedisPlace(NamedTuple):
    """What a connection needs to know."""

    address: tuple[str, int] | str
    """Host and port, or the file of a socket."""
    tls: ssl.SSLContext | None
    account: tuple[str, ...]
    """User, if one is named, and password; empty without a password."""
    database: str
    run: str
    """What tells this run's keys from those of others."""


def redis_place(url: str) -> RedisPlace:
    """Read a URL of the schemes redis, rediss and unix.

    Raises:
        OSError: the file of who is believed cannot be read.
    """
    parts = urlsplit(url)
    asked = {word: values[-1] for word, values in parse_qs(parts.query).items()}
    by_file = parts.scheme == "unix"
    login = (parts.username, parts.password) if parts.username else (parts.password,)
    return RedisPlace(
        address=unquote(parts.path)
        if by_file
        else (parts.hostname or "127.0.0.1", parts.port or PORT),
        tls=ssl.create_default_context(cafile=asked.get(_AUTHORITY))
        if parts.scheme == "rediss"
        else None,
        account=tuple(unquote(word or "") for word in login) if parts.password else (),
        database=asked.get(_DATABASE, "") if by_file else parts.path.strip("/"),
        run=asked.get("run", "0"),
    )


def for_redis_py(url: str) -> str:
    """Give the URL with those words of its query alone that redis-py is to take for arguments."""
    bare, _, query = url.partition("?")
    understood = {"rediss": _AUTHORITY, "unix": _DATABASE}.get(bare.partition(":")[0])
    kept = {word: values[-1] for word, values in parse_qs(query).items() if word == understood}
    return f"{bare}?{urlencode(kept)}" if kept else bare
