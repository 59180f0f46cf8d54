"""When ``abec tls`` ends with 3: whatever of its table is missing or invalid."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.cli.tls import exit_of
from harness.errors import Exit
from harness.measure.set_up import Connecting
from harness.report.tls import Priced
from harness.result import Series
from tests.unit.measure.test_set_up import OURS, SOUND

Make = Callable[..., Series]


@pytest.mark.parametrize(
    ("connecting", "code"),
    [
        (Connecting(runs=(SOUND,)), Exit.MEASURED),
        (Connecting(runs=(OURS,)), Exit.NOT_MEASURED),
        (Connecting(runs=(), refused="server sse died"), Exit.NOT_MEASURED),
    ],
)
def test_connections_that_say_nothing_end_with_three(
    connecting: Connecting, code: Exit, make_series: Make
) -> None:
    made = make_series({"sse": {}})
    assert exit_of(_priced(connecting), made, made) is code


def test_so_does_memory_or_latency_that_was_refused(make_series: Make) -> None:
    made = make_series({"sse": {}})
    refused = replace(made, refused={"sse": "server sse died"})
    priced = _priced(Connecting(runs=(SOUND,)))
    assert exit_of(priced, refused, made) is Exit.NOT_MEASURED
    assert exit_of(priced, made, refused) is Exit.NOT_MEASURED


def _priced(connecting: Connecting) -> Priced:
    return Priced(connections=500, connecting={("sse", True): connecting}, latency=(), memory={})
