"""What the server drops, duplicates, swaps and corrupts is counted exactly."""

from __future__ import annotations

import pytest

from harness.machine import read_machine
from tests.truth.audit import WAYS, Way, balanced, counts, hold_audit


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_known_faults_are_counted_exactly(way: Way) -> None:
    held = hold_audit(way, rate=400.0, duration_s=0.8, machine=read_machine())
    found = counts(held)
    assert {count.fault: count.seen for count in found} == {
        count.fault: count.done for count in found
    }
    assert all(count.done > 0 for count in found if count.fault in way.faults)
    assert balanced(held.result.audit)
    assert held.result.audit.published == held.told.totals["received"]
