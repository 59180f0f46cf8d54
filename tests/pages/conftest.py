"""A browser that finds no network, and pages of made-up results to open in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from click.testing import CliRunner
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from harness.cli.report import command
from harness.measure.history import History
from harness.measure.history import save as save_history
from harness.queueing import Victim
from harness.result import Doubt, Gateways, Kill, QueueDepth, Result, Series
from harness.scenario import BUILT_IN
from harness.schema import save
from harness.workload import ClientKind, Exchange, Workload
from tests.cli.test_retell import keep
from tests.pages.made import whole
from tests.unit.conftest import NATURE
from tests.unit.conftest import series as made_series
from tests.unit.report.pages.recorded import write_records
from tests.unit.seen import observation
from tests.unit.versions.conftest import made_history

DESKTOP, PHONE = (1280, 900), (390, 844)
_POLL_S = 0.03
SITE = ("patterns.html", "method.html", "regressions.html", "versions.html", "retold.html")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # What a page asked of another server would be an error in its log.
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
_DRAWN = """
return Array.from(document.querySelectorAll("figure")).every(function (figure) {
  return !figure.offsetParent || figure.closest("details:not([open])") ||
    figure.querySelector(".drawing svg.main-svg");
});
"""
_TOLD = """
return Array.from(document.querySelectorAll(".hoverlayer > *")).map(function (one) {
  return one.textContent;
}).join(" ").trim();
"""
_GREW = QueueDepth(at=(0.0, 0.5, 1.0), waiting=(0, 700, 20), writing=(False, True, False), left=0)
_KILL = Kill(
    victim=Victim.REDIS,
    at=0.5,
    back=0.02,
    held=0,
    accepted=900,
    waiting=700,
    lost=680,
    repeated=4,
    latest=0.9,
)
DOUBT = Doubt(rule="machine", reason="the hypervisor took 3 % of the cores' time", remedy="wait")


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """A browser with a page of ours open."""

    driver: webdriver.Chrome

    def open(
        self,
        page: Path,
        size: tuple[int, int] = DESKTOP,
        *,
        dark: bool = False,
        fragment: str = "",
    ) -> None:
        """Open ``page`` from the file system, and wait until it is drawn."""
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.log()
        self.driver.get("about:blank")
        self.driver.get(f"{page.as_uri()}{f'#{fragment}' if fragment else ''}")
        self.wait_until_drawn()

    def wait_until_drawn(self) -> None:
        """Wait until every figure that is not hidden has its drawing."""
        WebDriverWait(self.driver, 15, _POLL_S).until(lambda driver: driver.execute_script(_DRAWN))

    def wait_until(self, true: Callable[[], bool]) -> None:
        """Wait until something is so."""
        WebDriverWait(self.driver, 5, _POLL_S).until(lambda _driver: true())

    def log(self) -> list[str]:
        """Give what the page logged since the last call."""
        driver: Any = self.driver
        return [entry["message"] for entry in driver.get_log("browser")]

    def script(self, text: str, *arguments: Any) -> Any:
        """Run ``text`` in the page."""
        return self.driver.execute_script(text, *arguments)

    def find(self, selector: str) -> WebElement:
        """Give the first element."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def visible(self, selector: str) -> list[str]:
        """Give the text of all elements that are not hidden."""
        found = self.driver.find_elements(By.CSS_SELECTOR, selector)
        return [element.text for element in found if element.is_displayed()]

    def hover(self, selector: str) -> str:
        """Point at the middle of an element; give what then appears."""
        element = self.find(selector)
        self.script("arguments[0].scrollIntoView({block: 'center'})", element)
        ActionChains(self.driver, duration=50).move_to_element(element).perform()
        wait = WebDriverWait(self.driver, 5, _POLL_S)
        return str(wait.until(lambda driver: driver.execute_script(_TOLD)))

    def press(self, key: str) -> None:
        """Press a key where the focus is."""
        ActionChains(self.driver).send_keys(key).perform()

    def choose(self, name: str, value: str) -> None:
        """Set a filter, as a reader does."""
        self.script(
            "arguments[0].value = arguments[1];"
            "arguments[0].dispatchEvent(new Event('change', {bubbles: true}))",
            self.find(f"select#{name}"),
            value,
        )
        self.wait_until_drawn()


@pytest.fixture(scope="module")
def browser(
    tmp_path_factory: pytest.TempPathFactory, missing: Callable[[str], NoReturn]
) -> Iterator[Browser]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        missing("chromium and chromedriver are not installed (Debian: chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('profile')}")
    for flag in _FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options=options, service=Service(driver)) as opened:
        yield Browser(driver=opened)


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Save series as a comparison, a library client and another machine would leave them."""
    folder = tmp_path_factory.mktemp("results")
    stacks = {
        **NATURE,
        "sse@aiohttp": {"p50": 430e-6},
        "websocket@aiohttp": {"p50": 399e-6},
        "floor@no-loop": {"p50": 50e-6},
        "redis_pubsub": {"p50": 120e-6},
    }
    rows = {**NATURE, "long_polling": {**NATURE["long_polling"], "doubts": (DOUBT,)}}
    requests = Workload(exchange=Exchange.REQUEST_REPLY, publishers=64)
    calls = {"floor": {}, "rest": {"p50": 3e-4}, "websocket": {}}
    made = {
        "latency": whole(stacks),
        "library": whole(rows, workload=Workload(client=ClientKind.LIBRARY)),
        "rpc": whole(calls, workload=requests),
        "saturation": whole(NATURE, workload=Workload(rate=None, concurrency=64)),
        "polling": _curve(),
        "elsewhere": _elsewhere(whole(NATURE, runs=2)),
    }
    for name, series in made.items():
        save(series, folder / f"{name}.json")
    return [str(folder / f"{name}.json") for name in made]


def _curve() -> Series:
    every = [
        whole(
            {"rest_polling": {"p50": interval / 2, "p99": interval, "analytic_mean": interval / 2}},
            workload=Workload(poll_interval=interval),
        )
        for interval in (0.005, 0.02, 0.08)
    ]
    return replace(every[0], results=tuple(run for series in every for run in series.results))


def _elsewhere(series: Series) -> Series:
    def moved(run: Result) -> Result:
        machine = replace(run.context.machine, cpu="Other CPU", cores=(0, 1, 2, 3))
        return replace(run, context=replace(run.context, machine=machine))

    return replace(series, results=tuple(map(moved, series.results)))


@pytest.fixture(scope="session")
def page(results: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the page of all of them."""
    path = tmp_path_factory.mktemp("page") / "page.html"
    _report(*results, "-o", str(path))
    return path


@pytest.fixture(scope="session")
def long_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a page of more scenarios than are shown open."""
    folder = tmp_path_factory.mktemp("long")
    ticker, news = BUILT_IN["ticker"].workload, BUILT_IN["newsfeed"].workload
    asked = [ticker, *(replace(ticker, payload=size) for size in (512, 1024, 2048, 4096))]
    asked += [replace(ticker, rtt=0.02), replace(ticker, tls=True)]
    made = [whole({"sse": {}, "websocket": {}}, 1, 1000, workload=one) for one in asked]
    implementations = {f"websocket@{name}": {} for name in ("websockets", "broadcast", "wsproto")}
    made.append(whole({"sse": {}, **implementations}, 1, 1000, workload=news))
    return _page_of(made, folder)


@pytest.fixture(scope="session")
def sparse_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a page of rows that stand alone: short axes, a queue that grew, more gateways."""
    folder = tmp_path_factory.mktemp("sparse")
    jobs = Workload(exchange=Exchange.WORK_QUEUE)
    chat = BUILT_IN["chat"].workload
    used = Gateways(subscribers=(64,), deliveries=(64,), cores={})
    made = [
        # Labels of a phone's axis: none in between, and one that stands at its very end.
        *(
            made_series({"sse": {"p50": 1.3e-3, "p99": longest}}, 1, 0.0, workload=asked)
            for longest, asked in ((1.5e-3, Workload()), (1.601e-3, Workload(payload=512)))
        ),
        whole({"redis_queue": {"depth": _GREW, "kill": _KILL}}, 5, 1000, workload=jobs),
        *(
            whole({"websocket_scaled": {"gateways": used}}, 5, 1000, workload=asked)
            for asked in (replace(chat, gateways=1), replace(chat, gateways=2))
        ),
    ]
    return _page_of(made, folder)


def _releases() -> History:
    """Make up a history with all that its page can show: a change, a gap, a reason."""
    return made_history(
        *("13.1", "14.2", "15.0.1", "16.0"),
        changes={("server", "15.0.1"): {"cpu": 0.7}, ("client", "16.0"): {"late": 8}},
        refused={("client", "13.1"): "client failed:\nTypeError: no such parameter"},
    )


@pytest.fixture(scope="session")
def site(results: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a site."""
    folder = tmp_path_factory.mktemp("site")
    records = write_records(tmp_path_factory.mktemp("records"))
    releases = tmp_path_factory.mktemp("releases") / "websockets.json"
    save_history(_releases(), releases)
    retold = tmp_path_factory.mktemp("retold") / "run.json"
    keep(observation(), retold)
    _report(
        *results,
        *("--site", str(folder)),
        *("--history", str(records)),
        *("--versions", str(releases)),
        *("--retold", str(retold)),
    )
    return folder


def _page_of(made: Sequence[Series], folder: Path) -> Path:
    paths = [folder / f"{number}.json" for number in range(len(made))]
    for series, path in zip(made, paths, strict=True):
        save(series, path)
    _report(*map(str, paths), "-o", str(folder / "page.html"))
    return folder / "page.html"


def _report(*arguments: str) -> None:
    done = CliRunner().invoke(command, arguments, standalone_mode=False)
    assert done.exception is None, done.exception
    assert done.return_value == 0
