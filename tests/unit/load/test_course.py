"""Where a load process runs, and who goes first there."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PLACE = """
import os
from harness.load.course import take_place
take_place({core}, gives_way={gives_way})
print(*os.sched_getaffinity(0), os.sched_getscheduler(0))
"""


@pytest.mark.parametrize(("gives_way", "policy"), [(True, os.SCHED_IDLE), (False, os.SCHED_OTHER)])
def test_a_process_keeps_to_its_core_and_gives_way_where_it_must(
    gives_way: bool, policy: int
) -> None:
    core = max(os.sched_getaffinity(0))
    told = subprocess.run(
        (sys.executable, "-c", PLACE.format(core=core, gives_way=gives_way)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == [str(core), str(policy)]
