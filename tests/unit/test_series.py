"""What the cells of a series are called where one of them could not be measured."""

from __future__ import annotations

from harness.cli.scale import at_rate
from harness.series import Cell, cell_name
from harness.workload import Workload


def test_a_pattern_that_is_asked_once_is_its_own_name() -> None:
    cells = [Cell(pattern=name, workload=Workload()) for name in ("floor", "sse")]
    assert [cell_name(cell, cells) for cell in cells] == ["floor", "sse"]


def test_cells_of_one_pattern_are_told_apart_by_what_differs() -> None:
    plain, by_tls = (Cell(pattern="sse", workload=Workload(tls=tls)) for tls in (False, True))
    other = Cell(pattern="floor", workload=Workload(rate=50.0))
    among = [plain, by_tls, other]
    assert [cell_name(cell, among) for cell in among] == [
        "sse (tls False)",
        "sse (tls True)",
        "floor",
    ]


def test_no_two_set_ups_of_a_scale_share_a_name() -> None:
    cells = list(at_rate(Workload(gateways=4)))
    names = [cell_name(cell, cells) for cell in cells]
    assert len(set(names)) == len(names) == 11
    assert names[-1] == "websocket_scaled (gateways 4, backplane pubsub, balancer caddy)"
