"""The committed histories are readable, name no private place, and stand in the documentation.

``python tests/unit/versions/test_baseline.py`` writes their tables into docs/versions.md.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.measure.history import History, load
from harness.report.releases import history_report

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "versions.md"
COMMITTED = sorted((ROOT / "results" / "baseline" / "versions").glob("*.json"))
REMEDY = ".venv/bin/python tests/unit/versions/test_baseline.py"
_BLOCK = re.compile(r"(?<=<!-- measured -->\n)(.*?)(?=<!-- /measured -->)", re.DOTALL)
_LEAST_RELEASES = 5
_HEADING = """
## What was measured

On a 2-core VM, which is the coarse end of what this can resolve. The histories are committed in
`results/baseline/versions/`, without their runs.
"""


def documented(histories: Sequence[History]) -> str:
    """Write the section of the page: for each history its command and its table."""
    return bool(histories) * _HEADING + "".join(
        f"\n### {history.library}\n\n"
        f'    make versions LIB={history.library} VERSIONS="{" ".join(history.releases)}"\n\n'
        f"{textwrap.indent(history_report(history), '    ')}\n\n"
        for history in histories
    )


def test_the_documented_tables_are_those_of_the_committed_histories() -> None:
    block = _BLOCK.search(PAGE.read_text(encoding="utf-8"))
    assert block is not None
    assert block[1] == documented([load(path) for path in COMMITTED]), REMEDY


@pytest.mark.skipif(not COMMITTED, reason="no history in results/baseline/versions")
def test_each_is_of_five_releases_and_named_by_its_library() -> None:
    for path in COMMITTED:
        history = load(path)
        assert path.stem == history.library
        assert len(history.releases) >= _LEAST_RELEASES


@pytest.mark.skipif(not COMMITTED, reason="no history in results/baseline/versions")
def test_no_path_and_no_address_is_published() -> None:
    for path in COMMITTED:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(?<![\w/])/(?:home|tmp|root|work|usr)\b|://", text), path


def test_a_history_stands_there_with_its_command(tell) -> None:
    history = tell("1.0", "2.0")
    text = documented([history])
    assert '    make versions LIB=websockets VERSIONS="1.0 2.0"\n' in text
    assert textwrap.indent(history_report(history), "    ") in text


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    tables = documented([load(path) for path in COMMITTED])
    PAGE.write_text(_BLOCK.sub(lambda _found: tables, page), encoding="utf-8")
