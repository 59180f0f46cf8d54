"""Every edge pattern runs on a server that exists, and readers of the log promise the same."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from harness.pattern import Pattern, ServerSpec
from harness.patterns.reference_server import LOG_KEEPS, reference_server
from harness.registry import all_patterns, load
from harness.workload import Workload

FAMILIES = ("rest_polling", "long_polling", "sse", "websocket", "rest")
ON_REFERENCE_SERVERS = [pattern for pattern in all_patterns() if pattern.family in FAMILIES]


@pytest.mark.parametrize("pattern", ON_REFERENCE_SERVERS, ids=lambda pattern: pattern.name)
def test_an_edge_pattern_names_one_reference_server(pattern: Pattern) -> None:
    (spec,) = pattern.servers(Workload())

    assert isinstance(spec, ServerSpec)
    assert spec == reference_server(spec.name, *spec.argv[7:])
    assert find_spec(spec.argv[2]) is not None


def test_options_of_a_server_stand_behind_its_ports() -> None:
    assert reference_server("uvicorn_stack", "--deflate").argv == (
        *("{python}", "-m", "servers.uvicorn_stack"),
        *("--port", "0", "--feed-port", "0"),
        "--deflate",
    )


@pytest.mark.parametrize("family", ["rest_polling", "long_polling"])
def test_who_reads_the_log_has_its_guarantee(family: str) -> None:
    assert load(family).guarantees == load(f"{family}@aiohttp").guarantees == LOG_KEEPS
