"""Pages as text: all inside, nothing that ends a script early, filters that leave something out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from harness.measure.validity import FIGURE_RULES, RULES
from harness.report.pages.page import Page
from harness.report.pages.parts import Source
from harness.report.pages.patterns_page import patterns_page
from harness.report.pages.render import (
    Frame,
    Link,
    choices,
    method_html,
    patterns_html,
    script_safe,
)
from harness.result import Series
from harness.workload import ClientKind, Workload

Make = Callable[..., Any]
ALONE = Frame(built="2026-07-14 10:00")
SITE = Frame(built="2026-07-14 10:00", links=(Link(name="Method", address="method.html"),))


def page(*all_series: Series) -> Page:
    return patterns_page(
        [Source(name="x.json", series=series) for series in all_series], lambda text: text
    )


def drawings(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="drawings">(.*?)</script>', html)
    assert found is not None
    drawn: dict[str, Any] = json.loads(found[1])
    return drawn


def test_nothing_is_loaded_from_elsewhere(make_series: Make) -> None:
    html = patterns_html(page(make_series({"sse": {}})), ALONE)
    assert re.findall(r'<(?:script|link|img)\b[^>]*\b(?:src|href)="([^"]+)"', html) == ["data:,"]
    assert "@import" not in html
    assert len(html) < 2_000_000


def test_every_figure_has_its_drawing(make_series: Make) -> None:
    html = patterns_html(page(make_series({"sse": {}, "redis_pubsub": {}})), ALONE)
    assert list(drawings(html)) == re.findall(r'<figure id="([^"]+)"', html)


def test_numbers_are_as_long_as_they_can_be_seen(make_series: Make) -> None:
    (latency, *_) = drawings(patterns_html(page(make_series({"sse": {}})), ALONE)).values()
    value = latency["rows"][0]["points"][0]["value"]
    assert float(f"{value:.5e}") == value


@pytest.mark.parametrize("name", ["</script><b>x", "</SCRIPT ><b>x", "<!--<script><b>x"])
def test_names_cannot_end_a_script_or_become_markup(name: str, make_series: Make) -> None:
    html = patterns_html(page(make_series({name: {}, "sse": {}})), ALONE)
    assert "<b>x" not in html
    assert len(re.findall("</script", html, re.IGNORECASE)) == 4
    (latency, *_) = drawings(html).values()
    assert name in [row["name"] for row in latency["rows"]]


@pytest.mark.parametrize(
    ("script", "safe"),
    [
        ('say("</script>")', r'say("<\/script>")'),
        ('say("</SCRIPT >")', r'say("<\/SCRIPT >")'),
        ('say("<!--")', r'say("<\!--")'),
        ("if (1 </regex/.length)", "if (1 </regex/.length)"),
    ],
)
def test_a_script_cannot_end_its_element(script: str, safe: str) -> None:
    assert script_safe(script) == safe


def test_a_page_alone_brings_its_method(make_series: Make) -> None:
    made = page(make_series({"sse": {}}))
    assert "a run is invalid when" in patterns_html(made, ALONE)
    assert "a run is invalid when" not in patterns_html(made, SITE)
    assert '<a href="method.html">Method</a>' in patterns_html(made, SITE)


def test_the_method_has_every_rule_and_command(make_series: Make) -> None:
    series = replace(make_series({"sse": {}}), command="abec run sse --rate '5 '")
    html = unescape(method_html(page(series), SITE))
    for rule in (*RULES, *FIGURE_RULES):
        assert f'<th scope="row" class="words">{rule.name}</th>' in html
        assert rule.limit in html
    assert "abec run sse --rate '5 '" in html
    assert "Example CPU, 2 cores" in html


@pytest.mark.parametrize(("rows", "told"), [({"sse": {}, "floor": {}}, [])])
def test_filters_that_leave_nothing_out_are_not_there(
    rows: Any, told: list[str], make_series: Make
) -> None:
    assert [choice.name for choice in choices(page(make_series(rows)))] == told


def test_filters_open_on_the_default_stack_and_one_machine(
    make_series: Make, make_result: Make
) -> None:
    rows = {"sse": {}, "websocket": {}, "sse@aiohttp": {}, "websocket@aiohttp": {}}
    library = make_series(rows, workload=Workload(client=ClientKind.LIBRARY))
    machine = replace(make_result().context.machine, cpu="Other CPU")
    other = replace(
        library,
        results=tuple(
            replace(run, context=replace(run.context, machine=machine)) for run in library.results
        ),
    )

    found = {choice.name: choice for choice in choices(page(make_series(rows), library, other))}

    assert list(found) == ["machine", "client", "stack"]
    assert [option.name for option in found["machine"].options] == [
        "Example CPU, 2 cores",
        "Other CPU, 2 cores",
    ]
    assert found["machine"].first == found["machine"].options[0].value
    assert [option.value for option in found["client"].options] == ["", "wire", "library"]
    assert found["stack"].first == "default stack"
