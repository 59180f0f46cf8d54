"""The pages in a browser, from the file system, without a network."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from selenium.webdriver.common.keys import Keys

from tests.pages.conftest import DESKTOP, PHONE, SITE, Browser

pytestmark = pytest.mark.slow

_CONTRAST = """
function channels(text) { return text.match(/[\\d.]+/g).map(Number); }
function luminance(rgb) {
  var linear = rgb.slice(0, 3).map(function (value) {
    value /= 255;
    return value <= 0.03928 ? value / 12.92 : Math.pow((value + 0.055) / 1.055, 2.4);
  });
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}
function behind(element) {
  for (; element; element = element.parentElement) {
    var own = channels(getComputedStyle(element).backgroundColor);
    if (own.length < 4 || own[3] > 0) { return own; }
  }
  return [255, 255, 255];
}
var low = {};
document.querySelectorAll("main *, header *, footer *").forEach(function (element) {
  var words = Array.from(element.childNodes).some(function (node) {
    return node.nodeType === 3 && node.textContent.trim();
  });
  if (!words || !element.offsetParent || element.closest("svg")) { return; }
  var one = luminance(channels(getComputedStyle(element).color));
  var other = luminance(behind(element));
  var ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  if (ratio < 4.5) { low[element.tagName + "." + element.className] = ratio; }
});
return low;
"""
_PALETTE = """
var style = getComputedStyle(document.documentElement);
return ["paper", "c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "invalid"].map(
  function (name) { return style.getPropertyValue("--" + name).trim(); });
"""


def _open_all_soundly(browser: Browser, size: tuple[int, int]) -> None:
    browser.script("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    browser.wait_until_drawn()
    assert browser.log() == []
    assert browser.script("return document.documentElement.scrollWidth") <= size[0]
    assert browser.script(_CONTRAST) == {}
    wider = "return Array.from(document.querySelectorAll('.drawing')).filter(function (one) {"
    wider += "return one.offsetParent && one.scrollWidth > one.clientWidth + 1; }).length"
    assert browser.script(wider) == 0


# Widths do not depend on the theme, nor contrast on the size: each is seen once.
@pytest.mark.parametrize(
    ("size", "dark"), [(DESKTOP, False), (PHONE, True)], ids=["light-desktop", "dark-phone"]
)
@pytest.mark.parametrize("name", SITE)
def test_it_renders_soundly(
    name: str, size: tuple[int, int], dark: bool, browser: Browser, site: Path
) -> None:
    browser.open(site / name, size, dark=dark)
    _open_all_soundly(browser, size)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_what_stands_alone_is_drawn_soundly(
    size: tuple[int, int], browser: Browser, sparse_page: Path
) -> None:
    browser.open(sparse_page, size)
    _open_all_soundly(browser, size)
    titles = browser.visible("h4")
    assert any("Messages in Redis over time" in title for title in titles)
    assert any("lost and repeated by a kill" in title for title in titles)
    assert any("over gateways" in title for title in titles)


@pytest.mark.alone
def test_what_is_in_view_is_drawn_within_two_seconds(browser: Browser, page: Path) -> None:
    browser.open(page)
    # The mark comes a moment after the last drawing.
    browser.wait_until(
        lambda: bool(browser.script("return performance.getEntriesByName('all drawn').length"))
    )
    moments = browser.script(
        "return ['in view', 'all drawn'].map("
        "(name) => performance.getEntriesByName(name)[0].startTime)"
    )
    assert 0 < moments[0] < 2000
    assert moments[0] < moments[1]


@pytest.mark.parametrize("name", SITE)
def test_pages_of_a_site_lead_to_each_other(name: str, browser: Browser, site: Path) -> None:
    browser.open(site / name)
    expected = ["Patterns", "Regressions", "Versions", "Method", "Retold"]
    assert browser.visible("nav a") == expected


@pytest.mark.parametrize("dark", [False, True])
def test_colours_of_figures_stand_out(dark: bool, browser: Browser, page: Path) -> None:
    browser.open(page, dark=dark)
    paper, *inks = (_luminance(colour) for colour in browser.script(_PALETTE))
    for ink in inks:
        assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) >= 3


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_theme_follows_the_system_and_a_switch(browser: Browser, page: Path) -> None:
    browser.open(page, dark=True)
    background = "return getComputedStyle(document.body).backgroundColor"
    ink = "return document.querySelector('.xtick text').style.fill"
    dark = browser.script(background), browser.script(ink)
    button = browser.find("#theme")
    assert button.text == "Light"
    button.click()
    light = browser.script(background), browser.script(ink)
    assert button.text == "Dark"
    assert all(one != other for one, other in zip(dark, light, strict=True))


def test_hovering_a_dot_gives_its_numbers(browser: Browser, page: Path) -> None:
    browser.open(page)
    told = browser.hover("[id$=default-stack-latency] .scatterlayer .trace:nth-child(2) .point")
    assert "websocket: p50 39" in told
    assert "(98.4 %, 7 runs)" in told


def test_hovering_an_invalid_dot_gives_the_reason(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.choose("client", "library")
    figure = "section[data-client=library] [id$=-latency]"
    told = browser.hover(f"{figure} .scatterlayer .trace:nth-child(5) .point")
    assert "long_polling: p50" in told
    assert "invalid in 7 of 7 runs" in told


def test_hovering_a_curve_gives_every_pattern(browser: Browser, page: Path) -> None:
    browser.open(page)
    told = browser.hover("[id$=default-stack-percentiles] .nsewdrag")
    for pattern in ("floor", "sse", "websocket", "long_polling", "rest_polling"):
        assert f"{pattern} " in told
    assert " %" in told


def test_hovering_over_time_gives_median_and_largest(browser: Browser, page: Path) -> None:
    browser.open(page)
    told = browser.hover("[id$=default-stack-over-time] .nsewdrag")
    assert "time since the window's begin 2.5" in told
    for line in ("sse 4", "sse max ", "floor max ", "websocket max "):
        assert line in told
    legend = browser.script(
        "return Array.from(document.querySelectorAll("
        "'[id$=default-stack-over-time] .infolayer .legendtext')).map((text) => text.textContent)"
    )
    assert sorted(legend) == ["floor", "long_polling", "rest_polling", "sse", "websocket"]


@pytest.mark.parametrize(
    ("name", "told"),
    [("versions.html", "as server"), ("regressions.html", "measured "), ("retold.html", "")],
)
def test_hovering_on_other_pages_gives_numbers(
    name: str, told: str, browser: Browser, site: Path
) -> None:
    browser.open(site / name)
    hovered = browser.hover("figure .nsewdrag")
    assert told in hovered
    assert re.search(r"\d (?:ns|µs|ms|s|KiB|%)", hovered), hovered


def test_invalid_rows_are_grey_and_say_why_in_the_table(browser: Browser, page: Path) -> None:
    browser.open(page)
    row = browser.script(
        "return document.querySelector('section[data-client=library] tr.invalid').textContent"
    )
    assert "long_polling" in row
    assert "invalid in 7 of 7 runs, machine: the hypervisor took 3 %" in row
    labels = browser.script(
        "return Array.from(document.querySelectorAll("
        "'section[data-client=library] [id$=-latency] .ytick text'))"
        ".map(function (text) { return text.textContent; })"
    )
    assert "! long_polling" in labels


def test_filters_show_only_what_fits(browser: Browser, page: Path) -> None:
    browser.open(page)
    headings = "section.workload h2"
    everything = browser.visible(headings)

    browser.choose("scenario", "rpc")
    assert [text.partition(":")[0] for text in browser.visible(headings)] == ["rpc"]
    assert len(browser.visible(".glance li")) == 1

    browser.choose("client", "library")
    assert browser.visible(headings) == []
    assert browser.visible(".glance .none") == ["Nothing was measured that fits these filters."]

    browser.choose("scenario", "")
    assert len(browser.visible(headings)) == 1

    browser.choose("client", "")
    assert browser.visible(headings) == everything


def test_the_stack_filter_shows_one_stack_at_a_time(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.choose("client", "wire")
    browser.choose("scenario", "ticker")
    titles = ".panel > h3"
    assert "Edge delivery · default stack" in browser.visible(titles)
    assert "Edge delivery · @aiohttp" not in browser.visible(titles)

    browser.choose("stack", "@aiohttp")
    assert "Edge delivery · default stack" not in browser.visible(titles)
    assert {"Edge delivery · @aiohttp", "Edge delivery · implementations"} <= set(
        browser.visible(titles)
    )


def test_machines_are_shown_one_at_a_time(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert browser.visible("header .facts dd")[0] == "Example CPU, 2 cores"
    first = len(browser.visible("section.workload"))

    other = browser.script("return document.querySelector('#machine').options[1].value")
    browser.choose("machine", other)

    assert browser.visible("header .facts dd")[0] == "Other CPU, 4 cores"
    assert (first, len(browser.visible("section.workload"))) == (5, 1)
    assert "no answer" in browser.visible(".glance .answer")[0]


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_data_can_be_downloaded(kind: str, browser: Browser, page: Path) -> None:
    browser.open(page)
    figure = "[id$=default-stack-latency]"
    browser.script("arguments[0].open = true", browser.find(f"{figure} details"))
    link = browser.find(f"{figure} a[data-format={kind}]")
    link.send_keys(Keys.SHIFT)  # focus fills the link, without a click that would download
    assert str(link.get_attribute("download")).endswith(f"latency.{kind}")
    head, _, data = unquote(str(link.get_attribute("href"))).partition(",")
    if kind == "csv":
        first, *lines = data.strip().split("\r\n")
        rows = [dict(zip(first.split(","), line.split(","), strict=False)) for line in lines]
        assert head.startswith("data:text/csv")
    else:
        rows = [{name: str(value) for name, value in row.items()} for row in json.loads(data)]
    by_name = {row["pattern"]: row for row in rows}
    assert set(by_name) == {"floor", "sse", "websocket", "long_polling", "rest_polling"}
    assert float(by_name["sse"]["p50 [s]"]) == pytest.approx(412e-6, rel=0.05)
    assert by_name["floor"]["state"] == "floor"


@pytest.mark.parametrize("name", [one for one in SITE if one != "method.html"])
def test_every_figure_has_title_axes_table_and_downloads(
    name: str, browser: Browser, site: Path
) -> None:
    browser.open(site / name)
    if name == "patterns.html":
        browser.choose("stack", "")
    assert browser.visible("figure h4")
    poor = browser.script(
        """
        return Array.from(document.querySelectorAll("figure")).filter(function (figure) {
          if (!figure.offsetParent) { return false; }
          var axis = figure.querySelector(".xtitle");
          var up = figure.querySelector(".ytitle");
          var named = figure.querySelector(".drawing").data.every(function (trace) {
            return typeof trace.y[0] === "string";
          });
          return !(figure.querySelector("h4").textContent && axis && axis.textContent &&
            (named || (up && up.textContent)) &&
            figure.querySelectorAll(".xtick text").length > 1 &&
            figure.querySelectorAll("tbody tr").length &&
            figure.querySelectorAll("a[download]").length === 2);
        }).map(function (figure) { return figure.id; });
        """
    )
    assert poor == []


@pytest.mark.parametrize("name", SITE)
def test_keyboard_focus_is_seen(name: str, browser: Browser, site: Path) -> None:
    browser.open(site / name)
    seen = []
    for _ in range(12):
        browser.press(Keys.TAB)
        seen.append(
            browser.script(
                "var style = getComputedStyle(document.activeElement);"
                "return [document.activeElement.tagName, style.outlineStyle, style.outlineWidth]"
            )
        )
    filters = {"SELECT"} if name == "patterns.html" else set()
    assert {tag for tag, *_ in seen} >= {"A", "BUTTON", "SUMMARY"} | filters
    # Behind the last one is the page itself.
    assert all(rest == ["solid", "3px"] for tag, *rest in seen if tag != "BODY")


def test_it_prints_on_white_with_every_figure(browser: Browser, page: Path) -> None:
    browser.open(page, dark=True)
    browser.script("window.dispatchEvent(new Event('beforeprint'))")
    browser.wait_until_drawn()
    assert browser.script("return document.documentElement.dataset.theme") == "light"
    widest = "return Math.max(...Array.from(document.querySelectorAll('figure'), "
    widest += "(one) => one.offsetWidth && one.querySelector('.main-svg').clientWidth))"
    assert 500 < browser.script(widest) < 700  # Letter and A4 within their margins, at 96 dpi
    browser.script("window.dispatchEvent(new Event('afterprint'))")
    assert browser.script(widest) > 700
    assert browser.script("return document.documentElement.dataset.theme || ''") == ""
    printed = browser.driver.execute_cdp_cmd("Page.printToPDF", {})
    assert len(printed["data"]) > 100_000


def test_of_many_sections_only_the_first_is_open_until_one_is_asked_for(
    browser: Browser, long_page: Path
) -> None:
    browser.open(long_page)
    shown = "section.workload .panel > h3"
    sections = len(browser.visible("section.workload h2"))
    assert sections == 8
    assert len(browser.visible(shown)) == 1

    browser.find(".glance li:nth-child(3) a").click()
    browser.wait_until(lambda: len(browser.visible(shown)) == 2)
    browser.wait_until_drawn()

    browser.choose("scenario", "ticker, by TLS")
    assert len(browser.visible("section.workload h2")) == 1
    assert browser.visible(shown) == ["Edge delivery"]
    assert browser.visible(".glance .what a") == ["ticker, by TLS"]
    assert browser.log() == []


def test_an_address_with_a_section_opens_it(browser: Browser, long_page: Path) -> None:
    browser.open(long_page, fragment="s5")
    assert browser.script("return document.querySelector('#s5 > details').open")
    assert browser.script("return document.querySelector('#s5').getBoundingClientRect().top") < 200


def test_implementations_of_one_pattern_are_dashed_apart(browser: Browser, long_page: Path) -> None:
    browser.open(long_page)
    browser.choose("scenario", "newsfeed")
    browser.choose("stack", "")
    dashes = browser.script(
        "return Array.from(document.querySelectorAll("
        "'[id$=other-stacks-percentiles] .legendlines path.js-line'))"
        ".map((line) => [line.style.stroke, line.style.strokeDasharray].join())"
    )
    assert len(dashes) == 3
    assert len(set(dashes)) == 3
