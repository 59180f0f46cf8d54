"""What is watched where a library is server, and where it is client."""

from __future__ import annotations

import pytest

from harness.measure.history import Acts
from harness.regress.gate import BUILT_IN
from harness.regress.library import GATES
from harness.versions.watching import acts, watched


def names(library: str) -> dict[str, list[str]]:
    return {c.name: [one.metric.name for one in watched(c)] for c in GATES[library].cells}


def test_a_server_is_watched_for_its_cpu_and_memory_a_client_for_the_generators() -> None:
    assert names("websockets") == {
        "server": ["p50", "p99", "server CPU per delivery", "lost"],
        "connections": ["p50", "server CPU per delivery", "memory per connection", "lost"],
        "client": ["p50", "p99", "client CPU per delivery", "lost"],
    }


def test_a_cell_for_commits_varies_no_library() -> None:
    assert {acts(cell) for cell in GATES["websockets"].cells} == {Acts.SERVER, Acts.CLIENT}
    with pytest.raises(ValueError, match="no library is varied in sse"):
        acts(BUILT_IN.cells[0])
