"""What is kept of the command line: all that was typed, but for passwords."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any

import pytest

from harness.cli.run import exit_code, typed_command
from harness.errors import Exit
from harness.queueing import Victim
from harness.result import Doubt, Kill


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


def test_what_became_of_the_messages_is_answered_though_times_are_doubted(make_series: Any) -> None:
    kill = Kill(
        victim=Victim.CONSUMER,
        at=1.0,
        back=0.02,
        held=1,
        accepted=None,
        waiting=None,
        lost=1,
        repeated=0,
        latest=0.1,
    )
    doubted = {"doubts": (Doubt(rule="pacer lateness", reason="late", remedy="less"),)}
    timed = make_series({"floor@no-loop": {}, "redis_queue": doubted}, runs=1)
    assert exit_code(timed) is Exit.NOT_MEASURED
    killed = make_series({"floor@no-loop": {}, "redis_queue": {**doubted, "kill": kill}}, runs=1)
    assert exit_code(killed) is Exit.MEASURED
    assert exit_code(replace(killed, refused={"redis_stream": "why"})) is Exit.NOT_MEASURED
