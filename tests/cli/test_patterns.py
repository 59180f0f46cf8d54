"""``abec patterns``: every registered pattern, within 100 columns."""

from __future__ import annotations

import json
import re

import pytest

from harness.registry import all_patterns


def test_each_pattern_is_a_row(abec) -> None:
    done = abec("patterns")
    assert done.returncode == 0, done.stderr
    unwrapped = re.sub(r",\n +", ", ", done.stdout)
    rows = {line.split()[0]: line for line in unwrapped.splitlines() if line}
    for pattern in all_patterns():
        assert pattern.stack in rows[pattern.name]
        assert all(exchange in rows[pattern.name] for exchange in pattern.exchanges)
        assert all(client in rows[pattern.name] for client in pattern.clients)
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_on_80_columns_each_pattern_is_still_one_row(abec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = abec("patterns").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["pattern", "server", "clients", "exchanges"]
    assert lines.count(lines[0]) == 1


def test_promises_are_made_for_every_family(abec) -> None:
    text = " ".join(abec("patterns").stdout.split())
    for pattern in all_patterns():
        assert f"{pattern.path} {pattern.guarantees}" in text


def test_json(abec) -> None:
    listed = json.loads(abec("patterns", "--json").stdout)
    assert [entry["name"] for entry in listed] == [pattern.name for pattern in all_patterns()]
    sse = next(entry for entry in listed if entry["name"] == "sse")
    assert sse["exchanges"] == ["broadcast", "group"]
    assert sse["server"] == "uvicorn"
    assert sse["clients"] == ["library", "wire"]
