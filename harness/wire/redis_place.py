"""Where the URL of a Redis leads: over TCP, by TLS or through a socket file, and as whom.

``redis://`` and ``rediss://`` name a host, a port and in their path a database; ``unix://`` names
in its path the file of a socket, and a database by ``?db=N``. The words in the query are those of
redis-py.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from harness.given_server import SOCKET_FILE, is_tls, scheme
from harness.wire.trust import trusting

PORT = 6379
AUTHORITY = "ssl_ca_certs"
"""In the query: the file (PEM) of who signs the server's certificate."""
_DATABASE = "db"


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisPlace:
    """One Redis, and who asks for what there."""

    scheme: str
    address: tuple[str, int] | str
    """Host and port, or the file of a socket."""
    username: str
    password: str
    database: str
    """As it stands in the URL; empty for the first."""
    authority: str
    """The file that ``AUTHORITY`` names; empty: whom this system believes, or not by TLS."""

    @classmethod
    def of(cls, url: str) -> Self:
        """Read a URL of the schemes redis, rediss and unix."""
        parts = urlsplit(url)
        asked = parse_qs(parts.query)
        by_file = parts.scheme == SOCKET_FILE
        return cls(
            scheme=parts.scheme,
            address=unquote(parts.path)
            if by_file
            else (parts.hostname or "127.0.0.1", parts.port or PORT),
            username=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            database=asked.get(_DATABASE, [""])[-1] if by_file else parts.path.strip("/"),
            authority=asked.get(AUTHORITY, [""])[-1] if is_tls(url) else "",
        )

    @property
    def tls(self) -> ssl.SSLContext | None:
        """Whom a connection believes; None where it is not by TLS."""
        return trusting(file=self.authority) if is_tls(f"{self.scheme}://") else None

    def named(self, *, scheme: str = "", login: str = "") -> str:
        """Write it without password and database, perhaps with another scheme or a ``login``."""
        at = self.address
        if not isinstance(at, str):
            host = f"[{at[0]}]" if ":" in at[0] else at[0]
            at = f"{host}:{at[1]}"
        return f"{scheme or self.scheme}://{login}{at}"


def without_query(url: str) -> str:
    """Give the URL as programs other than redis-py understand it."""
    name = scheme(url)
    rest = url.partition("#")[0].partition("?")[0].partition("://")[2]
    return f"{name}://{rest}"


def without_login(url: str) -> str:
    """Give the URL as it may be printed: without query, user and password.

    A password that ought to be escaped may hold ``@`` itself, so all before the last one goes.
    """
    name, mark, rest = without_query(url).partition("://")
    return f"{name}{mark}{rest.rpartition('@')[2]}"


def with_query(url: str, **words: str) -> str:
    """Add to the query of a URL."""
    bare, _, query = url.partition("#")[0].partition("?")
    return f"{bare}?{'&'.join(filter(None, (query, urlencode(words))))}"


def for_redis_py(url: str) -> str:
    """Give the URL with those words of its query that redis-py is to take for arguments."""
    place = RedisPlace.of(url)
    words = {}
    if isinstance(place.address, str) and place.database:
        words[_DATABASE] = place.database
    if place.authority:
        words[AUTHORITY] = place.authority
    bare = without_query(url)
    return with_query(bare, **words) if words else bare


def redis_cli(url: str) -> str:
    """Give the beginning of a command line with which a person can try the server."""
    place = RedisPlace.of(url)
    if not isinstance(place.address, str):
        authority = f" --cacert {place.authority}" if place.authority else ""
        return f"redis-cli -u {without_query(url)}{authority}"
    options = {"--user": place.username, "-a": place.password, "-n": place.database}
    given = "".join(f" {option} {value}" for option, value in options.items() if value)
    return f"redis-cli -s {place.address}{given}"
