"""What is watched of a cell while its library is varied: what that library can move."""

from __future__ import annotations

from harness.measure.configuration import BYTES_PER_DELIVERY, SWITCHES_PER_DELIVERY
from harness.measure.history import Acts
from harness.regress.gate import GateCell
from harness.regress.watched import Watched


def acts(cell: GateCell) -> Acts:
    """Say where the library is varied in this cell of a library's gate.

    Raises:
        ValueError: it is a cell for commits.
    """
    if cell.acts is None:
        raise ValueError(f"no library is varied in {cell.name}")
    return cell.acts


def watched(cell: GateCell) -> tuple[Watched, ...]:
    """Give what is watched, with the thresholds of the gate: times, CPU, memory, losses.

    Bytes and switches, which a gate watches too, would make the error rate of many releases
    thinner.
    """
    left_out = (BYTES_PER_DELIVERY, SWITCHES_PER_DELIVERY)
    return tuple(one for one in cell.watched if one.metric not in left_out)
