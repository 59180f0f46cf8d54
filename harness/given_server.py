"""What may be said of a server that the user runs: its URL, and what goes with it.

``subscribe``, ``publish`` and ``call`` are the roles that such a server plays. A Redis plays none
of them: its URL is that of ``--redis``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from harness.errors import BadInput

SOCKET_FILE = "unix"
"""The scheme of a Redis that is spoken to through a socket file."""
REDIS = frozenset({"redis", "rediss", SOCKET_FILE})
HTTP = frozenset({"http", "https"})
WEBSOCKET = frozenset({"ws", "wss"})
_BY_TLS = frozenset({"https", "wss", "rediss"})
_SUCCESS = 200


def scheme(url: str) -> str:
    """Give the scheme of a URL, in lower case; empty if there is none."""
    return url.partition("://")[0].lower() if "://" in url else ""


def is_redis(url: str) -> bool:
    """Whether a URL is that of a Redis."""
    return scheme(url) in REDIS


def is_tls(url: str) -> bool:
    """Whether what is at a URL is spoken to by TLS."""
    return scheme(url) in _BY_TLS


def redis_transport(redis: str) -> str:
    """Name how a Redis is spoken to where that is not plain TCP; empty where it is, or may be."""
    return f"{scheme(redis)}://" if scheme(redis) in REDIS - {"redis"} else ""


def roles(url: str, publish_url: str) -> Mapping[str, str]:
    """Give the URL of each role; what is published goes where the rest is, if nothing is said."""
    return {"subscribe": url, "publish": publish_url or url, "call": url}


def require_url(field: str, url: str, schemes: frozenset[str] = HTTP | WEBSOCKET | REDIS) -> None:
    """Refuse what is no URL of such a scheme.

    Raises:
        BadInput: says what would be right.
    """
    shown = " or ".join(sorted(f"{name}://" for name in schemes))
    if scheme(url) not in schemes:
        raise BadInput(field, url, f"is no URL; it begins with {shown}, as ws://localhost:8080/")
    if is_redis(url):
        return  # read, and refused, where that of --redis is
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:  # an unfinished [address], a port that is no number
        parts, named = urlsplit(""), False
    if not named:
        raise BadInput(field, url, "names no host and port; for example ws://localhost:8080/")
    _, at, place = parts.netloc.rpartition("@")
    if at:
        bare = parts._replace(netloc=place).geturl()
        raise BadInput(field, bare, "user and password in it would not be sent; leave them out")
    if parts.fragment or not url.isascii() or any(char.isspace() for char in url):
        raise BadInput(field, url, "is no URL to ask for; escape blanks, leave out # and the rest")


def require_sense(
    *,
    url: str,
    publish_url: str,
    redis: str,
    pid: tuple[int, ...],
    ca: str,
    body: str,
    expect_status: int,
    replies: bool,
    network: tuple[str, str] | None,
) -> None:
    """Refuse what does not go together; ``network`` is the option of a relay, and its value.

    Raises:
        BadInput: names the field that is too much, or what is missing beside it.
    """
    if url:
        require_url("--url", url)
        if redis:
            raise BadInput("--redis", redis, "means the same as --url redis://…; give one of them")
    if publish_url:
        require_url("--publish-url", publish_url, HTTP | WEBSOCKET)
        if not url or is_redis(url):
            raise BadInput("--publish-url", publish_url, "is where messages go in; give --url, too")
    if pid and not url:
        raise BadInput("--pid", pid[0], "is a process of the server at --url; give that, too")
    if any(one < 1 for one in pid):
        raise BadInput("--pid", min(pid), "must be the id of a process; for example 4711")
    if ca and not any(map(is_tls, (url, publish_url, redis))):
        raise BadInput(
            "--ca", ca, "checks who answers at wss://, https:// or rediss://; give such a --url"
        )
    if network and (transport := redis_transport(url or redis)):
        raise BadInput(
            *network,
            f"the relay passes on plain TCP, and not {transport}…; leave one of them out",
        )
    if expect_status and not 100 <= expect_status <= 599:
        raise BadInput("--expect-status", expect_status, "must be 100 to 599; for example 200")
    for field, value in (("--body", body[:20]), ("--expect-status", expect_status)):
        if value and not (replies and scheme(url) in HTTP):
            raise BadInput(
                field,
                value,
                "is asked of any HTTP server: abec run rest --url http://localhost:8080/path",
            )


def expected(expect_status: int) -> int:
    """Give the status that a good answer has."""
    return expect_status or _SUCCESS


def media_type(body: str) -> str:
    """Say what a ``body`` is: JSON where it reads as such, else text."""
    try:
        json.loads(body)
    except ValueError:
        return "text/plain; charset=utf-8"
    return "application/json"
