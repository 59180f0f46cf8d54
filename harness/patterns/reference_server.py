"""The reference server that each edge pattern runs on, and what the log it keeps promises."""

from __future__ import annotations

from harness.pattern import ServerSpec

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
