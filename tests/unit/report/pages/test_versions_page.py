"""The *Versions* page: what is drawn of each release, and told without private names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from harness.measure.history import History
from harness.report.pages.page import Curves
from harness.report.pages.render import Frame, versions_html
from harness.report.pages.versions_page import releases
from tests.unit.versions.conftest import runs, tell  # noqa: F401 (fixtures)

Tell = Callable[..., History]


@pytest.fixture
def history(tell: Tell) -> History:  # noqa: F811
    return tell(
        *("1.0", "2.0", "3.0"),
        changes={("server", "3.0"): {"p50": 1.5}},
        refused={("server", "2.0"): "/home/me/too-old"},
    )


def test_a_release_without_a_figure_is_a_gap_with_its_reason(history: History) -> None:
    page = releases(history, lambda text: text.replace("/home/me/", "…/"))
    p50 = page.figures[0]
    assert p50.title == "websockets, server: p50"
    assert p50.caption == "Differs from the release before: 3.0 (+50 %)."
    assert isinstance(p50.drawing, Curves)
    assert p50.drawing.x.ticks == ("1.0", "2.0", "3.0")
    (line,) = p50.drawing.lines
    assert line.y[1] is None
    assert line.y[2] == pytest.approx(6e-4, rel=0.02)
    rows = [[cell.text for cell in row.cells] for row in p50.table.rows]
    assert rows[1] == ["2.0", "–", "–", "–", "–", "…/too-old"]
    assert (rows[2][1], rows[2][4], rows[2][5]) == ("607 µs", "+50 %", "differs")
    assert "home" not in repr(page)


def test_the_heading_says_when_at_which_commit_on_what_and_beside_what(history: History) -> None:
    (heading, *_) = releases(history, str).asked
    assert heading.startswith("1.0, 2.0, 3.0 · ")
    assert "Example CPU, 2 cores · CPython 3.11.7 · beside aiohttp 3.14.0, uvicorn" in heading
    assert f"measured 2026-07-14 · suite {history.commit[:10]}" in heading


def test_a_percentile_says_of_what_it_is(history: History) -> None:
    drawings = [figure.drawing for figure in releases(history, str).figures]
    labels = [drawing.y.label for drawing in drawings if isinstance(drawing, Curves)]
    assert "delivery latency p50" in labels
    assert "p50" not in labels


def test_what_would_have_been_found_stands_under_a_figure(history: History) -> None:
    memory = next(f for f in releases(history, str).figures if "memory" in f.title)
    assert memory.caption == (
        "No difference between neighbours is established; one of 25 % would have been found."
    )


def test_a_quantity_that_nobody_has_is_not_drawn(tell: Tell) -> None:  # noqa: F811
    refused = {("client", name): "too old" for name in ("1.0", "2.0")}
    figures = releases(tell("1.0", "2.0", refused=refused), str).figures
    assert not any("client" in figure.title for figure in figures)


def test_the_page_holds_every_figure_and_loads_nothing(history: History) -> None:
    html = versions_html([releases(history, str)], Frame(built="2026-07-14 10:00"))
    found = re.search(r'<script type="application/json" id="drawings">(.*?)</script>', html)
    assert found is not None
    assert list(json.loads(found[1])) == re.findall(r'<figure id="([^"]+)"', html)
    assert re.findall(r'<(?:script|link|img)\b[^>]*\b(?:src|href)="([^"]+)"', html) == ["data:,"]
    assert "server: p50 1.0 → 3.0 +50\u00a0%" in html
