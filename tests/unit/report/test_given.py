"""What is said of a server that was there before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.measure.configuration import configurations
from harness.report.given import given_lines
from harness.result import GivenServer, Series

Make = Callable[..., Series]
KNOWN = GivenServer(processes=("node",), began=(), ended=(), forwarders={})


def lines(make_series: Make, *given: GivenServer | None) -> list[str]:
    series = make_series({"sse": {}}, runs=len(given))
    runs = tuple(replace(run, given=one) for run, one in zip(series.results, given, strict=True))
    (row,) = configurations(replace(series, results=runs))
    return given_lines("sse", row)


@pytest.mark.parametrize("given", [None, KNOWN, replace(KNOWN, processes=())])
def test_nothing_where_all_is_known_or_nothing_can_be(
    make_series: Make, given: GivenServer | None
) -> None:
    assert lines(make_series, given) == []


def test_a_forwarder_is_not_the_server(make_series: Make) -> None:
    proxy = replace(KNOWN, processes=(), forwarders={"docker-proxy": 0.2})
    assert lines(make_series, proxy) == [
        "sse: docker-proxy listens at the URL, and only forwards: the server behind was not found, "
        "so its CPU and memory are not known; give --pid."
    ]
    assert lines(make_series, replace(proxy, processes=("node",))) == [
        "sse: docker-proxy stands before the server; what that adds is in the latency, and its CPU "
        "(0.20 cores) not in the server's."
    ]
    several = replace(proxy, forwarders={"docker-proxy": 0.2, "ssh": 0.1})
    assert lines(make_series, several)[0].startswith(
        "sse: docker-proxy and ssh listen at the URL, and only forward: "
    )


def test_processes_that_came_and_went(make_series: Make) -> None:
    came = replace(KNOWN, processes=("gunicorn",) * 3, began=("gunicorn", "gunicorn"))
    gone = replace(KNOWN, ended=("gunicorn",))
    assert lines(make_series, came) == [
        "sse: 2 processes of the server (gunicorn) began in the run: the CPU counts, what a "
        "connection takes is not known."
    ]
    assert lines(make_series, KNOWN, gone, came) == [
        "sse: of the server gunicorn ended within the window in 1 of 3 runs: its CPU and memory "
        "are not known then.",
        "sse: 2 processes of the server (gunicorn) began in the run in 1 of 3 runs: the CPU "
        "counts, what a connection takes is not known.",
    ]
