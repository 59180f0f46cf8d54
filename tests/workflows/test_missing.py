"""What lacks something skips on a laptop, and fails in CI."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import pytest

Missing = Callable[[str], NoReturn]


def test_a_laptop_skips(missing: Missing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"^node is not installed$"):
        missing("node is not installed")


def test_ci_fails(missing: Missing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="node is not installed; where CI is set"):
        missing("node is not installed")
