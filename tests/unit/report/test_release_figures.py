"""The figures' data: each release in order, with interval and where it differs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.measure.history import Acts, History
from harness.report.release_figures import release_figures
from tests.unit.versions.conftest import runs, tell  # noqa: F401 (fixtures)

Tell = Callable[..., History]


def test_every_quantity_but_losses_has_a_figure(tell: Tell) -> None:  # noqa: F811
    figures = release_figures(tell("1.0", "2.0"))
    assert [(one.cell, one.quantity) for one in figures] == [
        ("server", "p50"),
        ("server", "p99"),
        ("server", "server CPU per delivery"),
        ("connections", "p50"),
        ("connections", "server CPU per delivery"),
        ("connections", "memory per connection"),
        ("client", "p50"),
        ("client", "p99"),
        ("client", "client CPU per delivery"),
    ]
    assert {one.library for one in figures} == {"websockets"}
    assert (figures[0].unit, figures[5].unit, figures[6].acts) == ("s", "B", Acts.CLIENT)


def test_points_follow_the_releases(tell: Tell) -> None:  # noqa: F811
    history = tell(
        "1.0",
        "2.0",
        "3.0",
        changes={("server", "3.0"): {"p50": 1.5}},
        refused={("server", "2.0"): "too old"},
    )
    p50 = release_figures(history)[0]
    assert [(point.release, point.place) for point in p50.points] == [
        ("1.0", 0),
        ("2.0", 1),
        ("3.0", 2),
    ]
    first, second, third = p50.points
    assert (first.differs, first.change, first.absent) == (False, None, "")
    assert (second.estimate, second.absent) == (None, "too old")
    assert third.differs
    assert third.change == pytest.approx(1.5, rel=0.02)
    assert third.estimate is not None
    assert third.estimate.low is not None
    assert third.estimate.median is not None
    assert third.estimate.low <= third.estimate.median
    assert p50.coarsest == pytest.approx(1.1, rel=0.005)


def test_no_step_no_resolution(tell: Tell) -> None:  # noqa: F811
    history = tell("1.0", "2.0", refused={("server", "2.0"): "too old"})
    assert release_figures(history)[0].coarsest is None
