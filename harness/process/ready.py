"""Readiness: the line of URLs that a server prints, then a real request that succeeds."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from harness.process.child import Child
from harness.process.redis import answer_to_ping
from harness.process.watch import Watch
from harness.wire.trust import trusting

_REQUEST_S = 0.5
"""How long one request may take; short, so that a death meanwhile is seen soon."""


def wait_until_ready(
    child: Child, stdout_path: Path, roles: tuple[str, ...], watch: Watch, authority: str = ""
) -> Mapping[str, str]:
    """Wait for the URLs of ``roles`` on the child's stdout and for an answer at each of them.

    An ``https`` URL answers with a certificate that ``authority`` (PEM) has signed.

    Raises:
        ServerFailed: it died, took too long, or printed something else.
    """
    line = watch.until(child, partial(_first_line, stdout_path))
    urls = line.split()
    if len(urls) != len(roles) or not all("://" in url for url in urls):
        raise watch.failed(child, f"printed {line!r} instead of a URL for {' and '.join(roles)}")
    for url in urls:
        watch.until(child, partial(_answers, url, authority))
    return dict(zip(roles, urls, strict=True))


def probe(url: str, authority: str = "") -> str:
    """Make one real request, by the URL's scheme; give why it failed, or nothing.

    ``http``, ``https``: GET /health is answered with 200. ``redis``: PING is answered. Else,
    ``tcp`` included: a connection is accepted.
    """
    parts = urlsplit(url)
    if parts.scheme in ("http", "https"):
        return _health(parts, authority)
    if parts.scheme == "redis":
        return answer_to_ping(url)
    return _connect(parts)


def _first_line(stdout_path: Path) -> tuple[str | None, str]:
    text = stdout_path.read_text(errors="replace")
    line, end, _ = text.partition("\n")
    return (line.strip() if end else None), "it printed no line with its URLs"


def _answers(url: str, authority: str) -> tuple[bool | None, str]:
    problem = probe(url, authority)
    return (None if problem else True), problem


def _health(parts: SplitResult, authority: str) -> str:
    host = parts.hostname or ""
    connection = (
        HTTPSConnection(host, parts.port, timeout=_REQUEST_S, context=trusting(authority=authority))
        if parts.scheme == "https"
        else HTTPConnection(host, parts.port, timeout=_REQUEST_S)
    )
    try:
        connection.request("GET", "/health")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        return f"GET {parts.geturl()}/health: {error}"
    finally:
        connection.close()
    return "" if status == 200 else f"GET {parts.geturl()}/health was answered with {status}"


def _connect(parts: SplitResult) -> str:
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=_REQUEST_S).close()
    except OSError as error:
        return f"{parts.geturl()}: {error}"
    return ""
