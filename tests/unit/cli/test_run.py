"""What is kept of the command line: all that was typed, but for passwords."""

from __future__ import annotations

import shlex

import pytest

from harness.cli.run import typed_command


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("sse --rate 2k --assert 'p99<5ms'", "sse --rate 2k --assert 'p99<5ms'"),
        ("sse --redis redis://h:6379/0", "sse --redis redis://h:6379/0"),
        ("sse --redis redis://:pa/ss@h:6379/0", "sse --redis redis://:PASSWORD@h:6379/0"),
        ("sse --redis=redis://u:pa:ss@h", "sse --redis=redis://:PASSWORD@h"),
        ("sse --redis redis://:p@ss@h --rate 2k", "sse --redis redis://:PASSWORD@h --rate 2k"),
        ("sse --redis 'redis://:p ss@h'", "sse --redis redis://:PASSWORD@h"),
        ("sse --redis 'redis://h?password=abc'", "sse --redis redis://h"),
        ("sse --scenario a@b:c@d.toml", "sse --scenario a@b:c@d.toml"),
    ],
)
def test_the_command_can_be_typed_again_without_its_passwords(
    typed: str, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["/venv/bin/abec", "run", *shlex.split(typed)])
    assert typed_command() == f"abec run {kept}"
