"""What is watched where a library is server, and where it is client."""

from __future__ import annotations

from harness.measure.history import Acts
from harness.regress.library import GATES
from harness.versions.watching import acts, watched
from harness.workload import ClientKind


def names(library: str) -> dict[str, list[str]]:
    return {c.name: [one.metric.name for one in watched(c)] for c in GATES[library].cells}


def test_a_server_is_watched_for_its_cpu_and_memory_a_client_for_the_generators() -> None:
    assert names("websockets") == {
        "server": ["p50", "p99", "server CPU per delivery", "lost"],
        "connections": ["p50", "server CPU per delivery", "memory per connection", "lost"],
        "client": ["p50", "p99", "client CPU per delivery", "lost"],
    }


def test_a_library_is_client_where_libraries_are_clients() -> None:
    for gate in GATES.values():
        for cell in gate.cells:
            by_library = cell.workload.client is ClientKind.LIBRARY
            assert (acts(cell) is Acts.CLIENT) == by_library
