"""Real runs of asv: from a checkout to results, and nothing left behind."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.asv.conftest import Checkout

FILE = """
[scenario.short]
rate = 500
warmup = "100ms"
duration = "600ms"
patterns = ["sse", "redis_pubsub"]
"""
GONE_S = 3.0

pytestmark = [pytest.mark.alone, pytest.mark.slow]


@pytest.fixture
def short(tmp_path: Path) -> Mapping[str, str]:
    path = tmp_path / "short.toml"
    path.write_text(FILE)
    return {"ABEC_SCENARIOS": str(path), "ABEC_RUNS": "1"}


def test_asv_measures_and_saves(checkout: Checkout, short: Mapping[str, str]) -> None:
    said = checkout.run(r"Delivery.track_p(50|90)\('short', '(sse|floor)'\)", env=short)
    stored = checkout.results()
    for metric in ("p50", "p90"):
        values = stored[f"delivery.Delivery.track_{metric}"]
        found = values["short", "sse"]
        # A busy machine makes runs invalid, which is then what asv has to say.
        assert 0 < found < 1 or "invalid" in said, said
        assert values["short", "floor"] != values["short", "floor"]
    assert "scenario short is for sse, redis_pubsub" in said
    assert checkout.git("status", "--porcelain") == ""


@pytest.fixture
def marked() -> Iterator[Mapping[str, str]]:
    """Give an environment by which the processes of a test are known; end what is left."""
    mark = {"ABEC_TEST_MARK": secrets.token_hex(8)}
    yield mark
    for process in _processes(mark):
        with suppress(psutil.NoSuchProcess):
            process.kill()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("benchmark", ["sse", "redis_pubsub"])
def test_a_killed_asv_leaves_no_process(
    checkout: Checkout,
    short: Mapping[str, str],
    marked: Mapping[str, str],
    tmp_path: Path,
    how: signal.Signals,
    benchmark: str,
) -> None:
    place = tmp_path / "tmp"
    place.mkdir()
    env = {**checkout.env, **short, **marked, "TMPDIR": str(place), "ABEC_RUNS": "50"}
    command = checkout.command(
        *("run", "--environment", "existing:same", "--dry-run"),
        *("--bench", rf"Delivery.track_p50\('short', '{benchmark}'\)"),
    )
    process = subprocess.Popen(
        command, cwd=checkout.path, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_until(lambda: len(_servers(marked)) > 0, 30)
        process.send_signal(how)
        process.wait(GONE_S)
        _wait_until(lambda: not _processes(marked), GONE_S)
        if how is signal.SIGINT:
            assert not list(place.iterdir())
    finally:
        process.kill()
        process.wait()


def _processes(mark: Mapping[str, str]) -> list[psutil.Process]:
    (item,) = mark.items()
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.pid != os.getpid() and item in process.environ().items():
                found.append(process)
    return found


def _servers(mark: Mapping[str, str]) -> list[psutil.Process]:
    found = []
    for process in _processes(mark):
        with suppress(psutil.NoSuchProcess):
            command = " ".join(process.cmdline())
            if "servers." in command or "redis-server" in command:
                found.append(process)
    return found


def _wait_until(condition: Callable[[], bool], deadline_s: float) -> None:
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
