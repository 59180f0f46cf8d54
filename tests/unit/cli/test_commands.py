"""redis-benchmark beside our figures: what it fails at costs its own cell, and no other."""

from __future__ import annotations

from pathlib import Path

from harness.cli.commands import benchmarked
from harness.workload import RedisCommand, Workload

URL = "redis://127.0.0.1:1"
PROGRAM = """#!/bin/sh
case "$*" in
*HGET*) echo "no such command" ;;
*) echo '"GET","1234.00"' ;;
esac
"""
MADE_BY_HSET = {RedisCommand.HGET, RedisCommand.HDEL}


def program_in(directory: Path) -> str:
    path = directory / "redis-benchmark"
    path.write_text(PROGRAM)
    path.chmod(0o700)
    return str(path)


def test_a_command_without_a_figure_is_left_out_and_told(tmp_path: Path) -> None:
    found = benchmarked(program_in(tmp_path), URL, Workload(), None)
    assert found.rates[RedisCommand.HSET] == found.rates[RedisCommand.RPOP] == 1234.0
    assert not MADE_BY_HSET & set(found.rates)
    ((reason, commands),) = found.missing.items()
    assert set(commands) == MADE_BY_HSET
    assert "no such command" in reason


def test_values_too_long_for_a_command_line_leave_the_commands_without_a_value(
    tmp_path: Path,
) -> None:
    found = benchmarked(program_in(tmp_path), URL, Workload(payload=256 << 10), None)
    assert set(found.rates) == {RedisCommand.PING, RedisCommand.SELECT}
    ((reason, commands),) = found.missing.items()
    assert len(commands) == 10
    assert reason.startswith("a value of 262,144 bytes")
