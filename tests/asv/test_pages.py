"""asv's pages, published and opened in a browser that finds no network."""

from __future__ import annotations

import functools
import http.server
import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn

import pytest
from asv.util import UserError
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait

from benchmarks.patterns import PATTERNS
from benchmarks.settings import Profile
from harness.report.asv_pages import VENDORED, localise
from harness.workload import Exchange
from tests.asv.conftest import MEASURED, Checkout

_INK = """
return Array.from(document.querySelectorAll(arguments[0])).filter(function (canvas) {
  var pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  return canvas.offsetParent && pixels.some(function (value) { return value; });
}).length;
"""
_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --window-size=1400,900 "
    "--disable-background-networking --disable-component-update --disable-sync"
)


def test_all_that_asvs_page_loads_is_vendored() -> None:
    page = localise(files("asv").joinpath("www/index.html").read_text(encoding="utf-8"))
    loaded = re.findall(r'<(?:script|link)\b[^>]*?\b(?:src|href)="([^"]+)"', page)
    assert not [address for address in loaded if "//" in address]
    local = [Path(address).name for address in loaded if address.startswith("vendor/")]
    assert sorted(local) == sorted(path.name for path in VENDORED.glob("*.[jc]s*"))
    assert "integrity=" not in page


def test_a_script_that_is_not_vendored_is_named() -> None:
    page = '<script src="https://cdn.example.org/plot-9.min.js" integrity="x"></script>'
    with pytest.raises(UserError, match=r"cdn\.example\.org/plot-9\.min\.js is not among"):
        localise(page)


def test_licences_stand_beside_what_they_cover() -> None:
    readme = (VENDORED / "README.md").read_text()
    for path in VENDORED.glob("*.[jc]s*"):
        assert f"`{path.name}`" in readme
    for licence in re.findall(r"`(licenses/[^`]+)`", readme):
        assert "MIT" in (VENDORED / licence).read_text() or licence.endswith("bootstrap.txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A browser, and where the pages are."""

    driver: webdriver.Chrome
    address: str

    def open(self, fragment: str = "") -> None:
        """Open the page at ``fragment``."""
        self.driver.get("about:blank")
        self.driver.get(f"{self.address}index.html{fragment}")

    def drawn(self, selector: str, fewest: int = 1) -> int:
        """Wait until so many canvases have something drawn on them; give how many have.

        asv draws a grid one plot after the other, as their data arrive.
        """

        def inked(driver: webdriver.Chrome) -> int:
            found = int(driver.execute_script(_INK, selector))
            return found if found >= fewest else 0

        return WebDriverWait(self.driver, 15).until(inked)

    def log(self, kind: str) -> list[str]:
        """Give what the browser logged since the last call."""
        logs: Any = self.driver
        return [entry["message"] for entry in logs.get_log(kind)]

    def requests(self) -> set[str]:
        """Give the addresses that the page asked for since the last call."""
        messages = (json.loads(entry)["message"] for entry in self.log("performance"))
        sent = [m["params"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        return {one["request"]["url"] for one in sent if one["documentURL"].startswith("http")}


@pytest.fixture(scope="module")
def published(fed: Checkout) -> Path:
    """Give the pages of what was saved."""
    fed.asv("publish", "--no-pull")
    assert fed.git("status", "--porcelain") == ""
    return fed.path / "results/html"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def browser(
    published: Path,
    tmp_path_factory: pytest.TempPathFactory,
    missing: Callable[[str], NoReturn],
) -> Iterator[Opened]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        missing("chromium and chromedriver are not installed (Debian: chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('profile')}")
    for flag in _FLAGS.split():
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    handler = functools.partial(_Quiet, directory=str(published))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with webdriver.Chrome(options=options, service=Service(driver)) as opened:
            address = f"http://127.0.0.1:{server.server_address[1]}/"
            yield Opened(driver=opened, address=address)
        server.shutdown()
        thread.join()


@pytest.mark.slow
def test_the_grid_is_drawn(browser: Opened) -> None:
    browser.open()
    assert browser.drawn(".benchmark-plot canvas.flot-base", len(MEASURED)) >= len(MEASURED)
    assert "abec-bench" in browser.driver.title
    _assert_sound(browser)


@pytest.mark.slow
def test_a_first_result_shows_patterns_side_by_side(browser: Opened) -> None:
    browser.open("#delivery.Delivery.track_p50")
    assert browser.drawn("#main-graph canvas.flot-base") == 1
    assert browser.driver.current_url.endswith("#delivery.Delivery.track_p50?x-axis=pattern")
    names = browser.driver.execute_script(
        "return Array.from(document.querySelectorAll('.flot-x-axis .flot-tick-label'))"
        ".map(function (label) { return label.textContent; });"
    )
    assert sorted(names) == sorted(MEASURED["ticker"])
    legend = browser.driver.execute_script(
        "return Array.from(document.querySelectorAll('.legendLabel')).map((one) => one.textContent)"
    )
    assert len(legend) <= 1
    _assert_sound(browser)


@pytest.mark.slow
def test_what_is_not_available_is_explained_under_the_graph(browser: Opened) -> None:
    browser.open("#delivery.Delivery.track_p50")
    assert browser.drawn("#main-graph canvas.flot-base") == 1
    section = browser.driver.find_element("id", "why-na")
    assert section.is_displayed()
    (told,) = (item.text for item in section.find_elements("tag name", "li"))
    missing = PATTERNS[Profile.FULL][Exchange.BROADCAST]
    names = ", ".join(f"ticker / {name}" for name in missing if name not in MEASURED["ticker"])
    assert re.fullmatch(rf"not among the saved runs \([0-9a-f]{{8}}\): {names}", told)
    graph = browser.driver.find_element("id", "overview").rect
    assert graph["y"] + graph["height"] <= section.rect["y"]
    _assert_sound(browser)
    browser.driver.execute_script("window.location.hash = '#/regressions'")
    WebDriverWait(browser.driver, 15).until(lambda driver: not driver.find_elements("id", "why-na"))


@pytest.mark.slow
def test_a_history_is_drawn(browser: Opened) -> None:
    browser.open("#delivery.Delivery.track_p99?x-axis=commit")
    assert browser.drawn("#main-graph canvas.flot-base") == 1
    _assert_sound(browser)


@pytest.mark.slow
@pytest.mark.parametrize("page", ["summarylist", "regressions"])
def test_other_pages_open(browser: Opened, page: str) -> None:
    browser.open(f"#/{page}")
    WebDriverWait(browser.driver, 15).until(
        lambda driver: driver.execute_script(
            f"return $('#{page}-display').is(':visible') && $('#{page}-body').text().length"
        )
    )
    _assert_sound(browser)


@pytest.mark.slow
def test_from_a_file_the_page_says_how_to_serve_it(browser: Opened, published: Path) -> None:
    browser.driver.get((published / "index.html").as_uri())
    told = WebDriverWait(browser.driver, 15).until(
        lambda driver: driver.find_element("id", "error-message").text
    )
    assert "Serve them: asv preview." in told
    browser.log("browser")


def _assert_sound(browser: Opened) -> None:
    asked = browser.requests()
    assert asked
    assert not [address for address in asked if not address.startswith((browser.address, "data:"))]
    # The grid asks for every benchmark, and finds nothing for those that have no result yet.
    faults = [message for message in browser.log("browser") if "graphs/summary/" not in message]
    assert faults == []
