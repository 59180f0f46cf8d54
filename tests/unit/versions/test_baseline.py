"""The committed histories are readable, name no private place, and stand in the documentation."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from harness.measure.history import load
from harness.report.releases import history_report

ROOT = Path(__file__).parents[3]
COMMITTED = sorted((ROOT / "results" / "baseline" / "versions").glob("*.json"))


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_the_documented_table_is_that_of_the_committed_history(path: Path) -> None:
    history = load(path)
    assert path.stem == history.library
    assert len(history.releases) >= 5
    page = (ROOT / "docs" / "versions.md").read_text(encoding="utf-8")
    assert textwrap.indent(history_report(history), "    ") in page


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_no_path_and_no_address_is_published(path: Path) -> None:
    assert not re.search(r"(?<![\w/])/(?:home|tmp|root|work|usr)\b|://", path.read_text())


def test_there_is_something_to_test() -> None:
    assert COMMITTED
