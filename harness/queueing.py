"""How jobs are taken from a queue, kept by its server, and put at risk on purpose."""

from __future__ import annotations

from enum import StrEnum


class Pop(StrEnum):
    """How a consumer takes a message out of a Redis list."""

    BRPOP = "brpop"
    """``BRPOP key 0``: the server holds the request until there is a message."""
    RPOP = "rpop"
    """``RPOP key`` until the list is empty, then again at the next poll."""
    LMOVE = "lmove"
    """``BLMOVE`` into a list of the consumer's own, and ``LREM`` from it once the work is done."""


class Persistence(StrEnum):
    """What a Redis that stores writes to its disk, and when."""

    NONE = "none"
    RDB = "rdb"
    """A snapshot of everything, 1 to 2 seconds after the last: Redis counts whole seconds."""
    AOF_EVERYSEC = "aof-everysec"
    """Each command to a log, which reaches the disk once a second."""
    AOF_ALWAYS = "aof-always"
    """Each command to a log, which reaches the disk before the command is answered."""


class Victim(StrEnum):
    """Who is killed (SIGKILL) in mid-run, to see what becomes of the messages."""

    NONE = "none"
    CONSUMER = "consumer"
    """The first consumer, in mid-work; another takes its place at once."""
    REDIS = "redis"
    """Redis itself, under load; it is started again on the same files."""
    GATEWAY = "gateway"
    """The last of several gateways; it is not started again, and its clients go to the others."""
