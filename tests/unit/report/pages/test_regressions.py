"""The *Regressions* page: what was found, drawn and told without private names."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.report.pages import regressions
from harness.report.pages.page import Curves, Past
from harness.report.pages.render import Frame, regressions_html
from tests.unit.report.pages.recorded import COMMITS, made, stepped, write_records


def test_a_missing_figure_is_a_gap() -> None:
    values = stepped(4e-4, 6e-4)
    values[2] = None

    drawn = regressions.figure("h1", made(values))

    assert isinstance(drawn.drawing, Curves)
    level, measured = drawn.drawing.lines
    assert measured.y[2] is None
    assert level.y[0] == pytest.approx(4e-4, rel=0.03)
    assert level.y[-1] == pytest.approx(6e-4, rel=0.03)
    assert drawn.drawing.x.ticks[:2] == ("01010101", "02020202")
    assert drawn.table.rows[2].cells[1].text == "–"


def test_the_page_says_what_was_found_without_private_names(tmp_path: Path) -> None:
    past = regressions.past(write_records(tmp_path))

    assert past.told == (
        "Histories: 1, of up to 11 commits. Steps: 1 for the worse, 0 for the better, "
        "of 5 % or more. Measured on Example CPU, 2 cores, last on 2026-07-14; newest commit "
        "0c0c0c0c."
    )
    assert len(past.figures) == 1
    cells = [cell.text for cell in past.changes.rows[0].cells]
    assert cells[:4] == ["delivery.Delivery.track_p50", "ticker, sse", "400 µs", "600 µs"]
    assert cells[4].startswith("worse, +")
    assert "build-7" not in repr(past)
    assert "home" not in repr(past)


def test_no_records_no_steps(tmp_path: Path) -> None:
    assert (
        regressions.past(tmp_path).told
        == "A step needs results of two commits; there are results of 0. Each asv run at another "
        "commit adds one."
    )


def test_commits_link_to_where_they_can_be_read(tmp_path: Path) -> None:
    records = tmp_path / "results/asv"
    records.mkdir(parents=True)
    write_records(records)
    assert not [cell for cell in addresses(regressions.past(records)) if cell]

    configured = '{"results_dir": "results/asv", "show_commit_url": "https://example.org/c/"}'
    (tmp_path / "asv.conf.json").write_text(configured)

    past = regressions.past(records)
    links = ["https://example.org/c/" + COMMITS[place] for place in (5, 6)]
    assert [cell.address for cell in past.changes.rows[0].cells if cell.address] == links
    assert past.figures[0].table.rows[0].cells[0].address == f"https://example.org/c/{COMMITS[1]}"
    html = regressions_html(past, Frame(built="2026-07-14 10:00"))
    assert f'<a href="{links[0]}">06060606</a>' in html


def addresses(past: Past) -> list[str]:
    tables = (past.changes, *(figure.table for figure in past.figures))
    return [cell.address for table in tables for row in table.rows for cell in row.cells]
