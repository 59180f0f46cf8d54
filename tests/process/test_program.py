"""Programs that servers need: found beside the interpreter first, or refused in a line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.pattern import Program
from harness.process.program import located
from harness.process.servers import started
from harness.registry import load
from harness.scaling import Balancer
from harness.workload import Workload


def test_the_default_balancer_is_installed_with_abec() -> None:
    found = Path(located(Program(name="caddy", option="--balancer")))
    assert found.parent == Path(sys.executable).parent


def test_a_balancer_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    asked = Workload(balancer=Balancer.HAPROXY)
    with (
        pytest.raises(BadInput, match="--balancer haproxy: is not installed here; install it"),
        started(load("websocket_scaled").servers(asked), asked),
    ):
        pass
