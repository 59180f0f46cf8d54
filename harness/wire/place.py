"""Where a URL leads: whom to connect to, whether by TLS, and what to ask for there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One resource at one server."""

    address: tuple[str, int]
    """Host and port."""
    host: bytes
    """What the header ``Host`` holds."""
    target: bytes
    """Path and query, as the request line holds them."""
    url: str

    @classmethod
    def of(cls, url: str) -> Self:
        """Read a URL of the schemes http, https, ws and wss."""
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        return cls(
            address=(parts.hostname or "127.0.0.1", parts.port or _PORTS[parts.scheme]),
            host=parts.netloc.encode(),
            target=f"{parts.path or '/'}{query}".encode(),
            url=url,
        )

    def asking(self, query: bytes) -> bytes:
        """Give the target with ``query`` behind what it asks already."""
        return self.target + (b"&" if b"?" in self.target else b"?") + query
