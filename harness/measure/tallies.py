"""What gateways tell of themselves while they run (``servers/gateway_tally.py``): the I/O of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from struct import Struct

_NUMBERS = Struct("<QQ")


@dataclass(frozen=True, slots=True)
class GatewayTally:
    """One gateway at one moment."""

    place: int
    """Which of them it is, from 0."""
    subscribers: int
    deliveries: int
    """Since it was started: for each message, as many as it had subscribers."""


def read_tallies(directory: Path) -> tuple[GatewayTally, ...]:
    """Read the numbers of all gateways, in their order; nothing where there are none."""
    paths = sorted(directory.glob("*.tally"), key=lambda path: int(path.stem))
    return tuple(
        GatewayTally(int(path.stem), *_NUMBERS.unpack(path.read_bytes())) for path in paths
    )
