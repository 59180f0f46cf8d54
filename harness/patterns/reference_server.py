"""The reference server that each edge pattern runs on, and what the log it keeps promises."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harness.pattern import Publish, Seat, Send, Sent, ServerSpec
from harness.wire.frames import publish_to_feed

LOG_KEEPS = (
    "nothing is lost while the server's log (65,536 messages, 256 MiB a channel) reaches back to "
    "the reader's cursor, also over reconnections; a reader further behind gets 410 and the cursor "
    "to go on from"
)
"""The guarantee of every pattern whose subscribers read the log at their own pace."""


def reference_server(module: str, *options: str) -> ServerSpec:
    """Describe ``servers.MODULE``: clients talk to it in one role, the feed fills it in another."""
    argv = ("{python}", "-m", f"servers.{module}", "--port", "0", "--feed-port", "0", *options)
    return ServerSpec(name=module, argv=argv, roles=("http", "feed"))


def fed(as_client: Publish) -> Publish:
    """Publish to our own server's feed; to the user's server, which has none, ``as_client``."""

    @asynccontextmanager
    async def publish(seat: Seat, sent: Sent) -> AsyncIterator[Send]:
        way = publish_to_feed if "feed" in seat.endpoints.urls else as_client
        async with way(seat, sent) as send:
            yield send

    return publish
