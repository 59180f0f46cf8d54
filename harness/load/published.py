"""What the publishers of one load process sent, made of their drive's table and their stamps."""

from __future__ import annotations

import numpy as np

from harness.load.drive import Drive
from harness.load.stamps import Handovers
from harness.recording import NEVER, Ints, Published


def published(drive: Drive, handovers: Handovers, accepted: Handovers) -> Published:
    """Join what was released with when it was handed over and accepted, each in its own order."""
    publisher, sequence, due_ns, released_ns = drive.table()
    names = publisher << 40 | sequence
    order = np.argsort(names, kind="stable")

    def joined(stamps: Handovers) -> Ints:
        of_publisher, of_sequence, at_ns = stamps.table()
        rows = order[np.searchsorted(names[order], of_publisher << 40 | of_sequence)]
        joined_ns = np.full(len(names), NEVER, dtype=np.int64)
        joined_ns[rows] = at_ns
        return joined_ns

    return Published(
        publisher=publisher,
        sequence=sequence,
        due_ns=due_ns,
        released_ns=released_ns,
        sent_ns=joined(handovers),
        accepted_ns=joined(accepted),
    )
