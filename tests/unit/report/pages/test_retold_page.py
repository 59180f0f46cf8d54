"""The page of a made-up run with one stop: every number on it is known."""

from __future__ import annotations

import numpy as np
import pytest

from harness.measure.retold import Course
from harness.report.pages.page import Curves, Figure, MachineFacts, Retold
from harness.report.pages.render import Frame, retold_html
from harness.report.pages.retold_page import retold_page

MS = 1_000_000
MACHINE = MachineFacts(id="m", name="Example CPU, 2 cores", facts=(), commands=())


def stopped() -> Course:
    """A message every 2 ms for a second, answered in 0.5 ms; a stop from 400 to 500 ms."""
    due_ms = np.arange(0.0, 1000.0, 2.0)
    came_ms = np.where((due_ms >= 400) & (due_ms < 500), 500.5, due_ms + 0.5)
    due_ns = np.rint(due_ms * MS).astype(np.int64)
    return Course(
        start_ns=0,
        end_ns=1000 * MS,
        due_ns=due_ns,
        sent_ns=due_ns,
        received_ns=np.rint(came_ms * MS).astype(np.int64),
    )


@pytest.fixture
def page() -> Retold:
    return retold_page(stopped(), [(400 * MS, 500 * MS)], ("sse",), MACHINE)


def drawn(figure: Figure) -> Curves:
    assert isinstance(figure.drawing, Curves)
    return figure.drawing


def test_the_table_has_every_teller(page: Retold) -> None:
    told = {row.cells[0].text: [cell.text for cell in row.cells[1:]] for row in page.summary.rows}
    assert list(told) == [teller.name for teller in page.tellers]
    # p50, p90, p99, p99.9, max, values
    assert told["the truth"] == ["500 µs", "500 µs", "90.5 ms", "100 ms", "100 ms", "500"]
    assert told["a closed loop"] == ["500 µs"] * 3 + ["100 ms", "100 ms", "450"]
    assert told["best of five"] == ["500 µs"] * 5 + ["100"]
    assert told["a merged histogram"] == told["the truth"]
    assert told["a millisecond clock"][-1] == "50"
    assert told["wrk2"][3:5] == ["100 ms", "100 ms"]


def test_what_the_stop_implies_is_told_first(page: Retold) -> None:
    assert "stopped 1 time (SIGSTOP), for 100 ms" in page.told
    assert "Of 500 messages 50 were due meanwhile (10 %)" in page.told
    assert "a p99 of 90.0 ms and a maximum of 100 ms at least" in page.told


def test_each_sentence_has_this_runs_figures(page: Retold) -> None:
    why = {teller.name: teller.why for teller in page.tellers}
    assert "Of 50 messages due in a stop it has 1 " in why["a closed loop"]
    assert "450 of 500 values are gone" in why["a millisecond clock"]
    assert "500 µs, 500 µs, 98.5 ms, 500 µs, 500 µs" in why["best of five"]
    assert "As 500 independent" not in why["a merged histogram"]
    assert "as 500 independent values its p99 would lie between " in why["a merged histogram"]
    assert "Above 5.00 ms are 13 % of its values, in truth 10 %." in why["wrk2"]


def test_over_time_only_the_truth_has_the_whole_stop(page: Retold) -> None:
    _, over_time, _ = page.figures
    lines = {line.name: line for line in drawn(over_time).lines}
    assert list(lines) == ["the truth", "a closed loop", "wrk2"]
    truth, closed = lines["the truth"].y, lines["a closed loop"].y
    assert truth[40:42] == pytest.approx((0.1005, 0.0905))
    assert truth[50] == pytest.approx(0.0005)
    assert closed[40] == pytest.approx(0.1005)
    assert closed[41:50] == (None,) * 9
    assert closed[51] == pytest.approx(0.0005)
    assert [cell.text for cell in over_time.table.rows[41].cells] == [
        "410 ms",
        "90.5 ms",
        "–",
        over_time.table.rows[41].cells[3].text,
    ]


def test_the_parts_and_what_is_claimed_of_them(page: Retold) -> None:
    own, best, merged = drawn(page.figures[2]).lines
    assert own.y == pytest.approx((0.0005, 0.0005, 0.0985, 0.0005, 0.0005))
    assert set(best.y) == {own.y[0]}
    assert merged.low[0] is not None
    assert merged.low[0] < 0.0905 < (merged.high[0] or 0)
    assert drawn(page.figures[2]).x.ticks[1] == "200 ms to 400 ms"


def test_it_is_written_as_a_page(page: Retold) -> None:
    html = retold_html(page, Frame(built="2026-07-14 10:00"))
    assert "How others would have told it" in html
    for figure in page.figures:
        assert f'<figure id="{figure.id}"' in html
    assert "Example CPU" not in html  # facts are the machine's, and there are none here
