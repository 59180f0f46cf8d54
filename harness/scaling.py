"""How WebSockets are spread over gateways: what joins these, and what stands before them."""

from __future__ import annotations

from enum import StrEnum


class Backplane(StrEnum):
    """What carries a message from the gateway that it entered to all the others."""

    NONE = "none"
    """Nothing: only for one gateway, to see what a backplane adds."""
    PUBSUB = "pubsub"
    """``PUBLISH`` to a channel of Redis: who is away misses messages."""
    STREAMS = "streams"
    """``XADD`` to a stream of Redis: who was away goes on from the last id it has."""
    SHARDED = "sharded"
    """``SPUBLISH`` to a channel of a Redis cluster, which one of its nodes has: who is away misses
    messages."""

    @property
    def resumes(self) -> bool:
        """Whether who was away goes on from where it was."""
        return self is Backplane.STREAMS


class Balancer(StrEnum):
    """What spreads connections over the gateways."""

    NONE = "none"
    """Nothing: clients connect to the gateways in turn, to see what a balancer adds."""
    CADDY = "caddy"
    HAPROXY = "haproxy"
    NGINX = "nginx"
