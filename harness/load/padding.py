"""What fills a message up to its size: seeded text that compresses about as JSON does."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

from harness.envelope import HEADER_BYTES

_VARIETY_BYTES = 96 * 1024
"""Three windows of deflate (32 KiB): a padding is never found again by the compressor."""
_MAX_VARIANTS = 4096
_FIELDS = (
    "user_id", "session", "amount", "currency", "status", "created_at", "updated_at", "items",
    "country", "version", "latitude", "longitude", "symbol", "price", "volume", "channel",
)  # fmt: skip
_WORDS = (
    "active", "pending", "closed", "EUR", "USD", "GBP", "Berlin", "Paris", "Lagos", "Osaka",
    "true", "false", "null", "bid", "ask", "order", "shipped", "mobile", "desktop", "message",
)  # fmt: skip
_ESCAPED = str.maketrans({'"': "'", "\\": "/"})


@dataclass(frozen=True, slots=True)
class Padding:
    """Prepared paddings, each with its CRC-32; messages take them in turn."""

    variants: tuple[tuple[bytes, int], ...]

    def __getitem__(self, number: int) -> tuple[bytes, int]:
        """Give padding and CRC-32 of the message with this number."""
        return self.variants[number % len(self.variants)]


def make_padding(payload: int, seed: int, lines: Sequence[str] = ()) -> Padding:
    """Fill messages of ``payload`` bytes, from ``lines`` where there are any.

    The text needs no escaping in JSON, SSE, RESP or a line: printable ASCII without ``"`` and
    ``\\``. Letters of ``lines`` that would are replaced one for one, so that sizes hold; a short
    line is repeated, a long one cut.
    """
    size = payload - HEADER_BYTES
    if lines:
        texts = [_stretched(_plain(line), size) for line in lines]
    else:
        rng = random.Random(f"padding:{seed}")
        count = min(_MAX_VARIANTS, max(2, -(-_VARIETY_BYTES // size)))
        texts = [_record_text(rng, size) for _ in range(count)]
    return Padding(tuple((text, crc32(text)) for text in texts))


def _record_text(rng: random.Random, size: int) -> bytes:
    """Write fields like those of a JSON document until ``size`` bytes are full."""
    parts: list[str] = []
    length = 0
    while length < size:
        value = rng.choice(_WORDS) if rng.random() < 0.3 else str(rng.randrange(10**10))
        part = f"{rng.choice(_FIELDS)}: {value}, "
        parts.append(part)
        length += len(part)
    return "".join(parts)[:size].encode()


def _plain(line: str) -> str:
    swapped = line.translate(_ESCAPED)
    return "".join(letter if " " <= letter <= "~" else "?" for letter in swapped) or "-"


def _stretched(text: str, size: int) -> bytes:
    return (text * (size // len(text) + 1))[:size].encode()
