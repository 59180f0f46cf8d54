"""How wide an answer is set."""

from __future__ import annotations

import pytest

from harness.cli.answer import width


@pytest.mark.parametrize(("columns", "wide"), [("80", 80), ("99", 99), ("240", 100), ("20", 60)])
def test_an_answer_is_as_wide_as_the_terminal_within_limits(
    columns: str, wide: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)

    assert width() == wide
