"""A history in asv's results: every release an environment, every figure with its samples."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from asv.config import Config
from asv.results import iter_results
from asv.util import is_na

from harness.errors import NotMeasured
from harness.measure.history import History, save
from harness.versions.record import record
from harness.versions.recording import CONF, benchmarks, requirements
from tests.unit.conftest import make_result  # noqa: F401 (fixture)
from tests.unit.versions.conftest import runs, tell  # noqa: F401 (fixtures)

ROOT = Path(__file__).parents[2]


def test_both_configurations_pin_the_same() -> None:
    """Every library's last version is that of asv.conf.json."""
    versions = Config.load(str(ROOT / CONF)).matrix["req"]
    pinned = Config.load(str(ROOT / "asv.conf.json")).matrix["req"]
    assert {name: [listed[-1]] for name, listed in versions.items()} == pinned


def test_an_environment_holds_the_release_in_the_place_of_the_last() -> None:
    matrix = {"req": {"redis": ["7", "8"], "click": ["8.5.1"], "pip+asv_runner": ["0.3.2"]}}
    assert requirements(matrix, "redis", "5.0") == {"redis": "5.0", "click": "8.5.1"}
    assert requirements(matrix, "uvicorn", "0.1") == {
        "redis": "8",
        "click": "8.5.1",
        "uvicorn": "0.1",
    }


def test_every_quantity_is_a_benchmark() -> None:
    found = benchmarks()
    assert found["websockets.connections.track_memory_per_connection"]["unit"] == "bytes"
    assert found["sse_starlette.server.track_server_CPU_per_delivery"]["unit"] == "seconds"
    assert not any("-" in name or " " in name for name in found)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make the current directory a repository with the configuration; give its commit."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / CONF).write_text((ROOT / CONF).read_text())
    options = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    for command in (("init", "--quiet"), ("commit", "--quiet", "--allow-empty", "-m", "one")):
        subprocess.run(("git", *options, *command), check=True)
    done = subprocess.run(("git", "rev-parse", "HEAD"), capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.slow
def test_asv_shows_every_release(
    project: str,
    tell: Callable[..., History],  # noqa: F811
    tmp_path: Path,
) -> None:
    told = tell(
        "1.0",
        "2.0",
        changes={("server", "2.0"): {"p50": 1.5}},
        refused={("client", "1.0"): "too old"},
    )
    save(replace(told, commit=project), tmp_path / "told.json")
    record(tmp_path / "told.json", tmp_path)
    found = {one.params["websockets"]: one for one in iter_results("results/versions/asv")}
    assert set(found) == {"1.0", "2.0"}
    name = "websockets.server.track_p50"
    (p50,) = found["2.0"].get_result_value(name, [])
    assert p50 == pytest.approx(6e-4, rel=0.02)
    assert found["2.0"].get_result_samples(name, []) == [
        [pytest.approx(value, rel=1e-3) for value in told.chapters[0].rows[1].samples["p50"]]
    ]
    (unknown,) = found["1.0"].get_result_value("websockets.client.track_p50", [])
    assert is_na(unknown)
    subprocess.run(
        (sys.executable, "-m", "asv", "publish", "--config", CONF, "--no-pull"), check=True
    )
    index = json.loads((tmp_path / "results/versions/html/index.json").read_text())
    assert set(index["params"]["websockets"]) == {"1.0", "2.0"}
    assert name in index["benchmarks"]


def test_what_is_no_history_is_told(project: str, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(NotMeasured, match="could not be recorded for asv"):
        record(tmp_path / "other.json", tmp_path)
