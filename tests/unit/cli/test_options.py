"""Options that change nothing are told; what a scenario's file says for several patterns is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.options import asked, without_effect

IDLE = {
    "one way to take": (
        ("redis_stream",),
        {"pop": "rpop"},
        "abec: --pop rpop: changes nothing here, no chosen pattern has a choice; leave it out",
    ),
    "nobody is killed": (
        ("redis_stream",),
        {"kill_after": "2s"},
        "abec: --kill-after 2s: changes nothing here, nobody is to be killed; leave it out",
    ),
    "nobody polls": (
        ("sse", "long_polling"),
        {"poll_interval": "5ms"},
        "abec: --poll-interval 5ms: changes nothing here, no chosen pattern polls; leave it out",
    ),
    "no Redis": (
        ("sse",),
        {"redis": "redis://:secret@[::1]:1"},
        "abec: --redis redis://[::1]:1: changes nothing here, no chosen pattern uses Redis; "
        "leave it out",
    ),
    "calls are not published": (
        ("rest",),
        {"ingress": "native"},
        "abec: --ingress native: changes nothing here, callers and members send by themselves; "
        "leave it out",
    ),
    "callers alone": (
        ("rest",),
        {"subscribers": "8"},
        "abec: --subscribers 8: changes nothing here, who receives are the publishers; "
        "leave it out",
    ),
    "no workers": (
        ("sse",),
        {"workers_gone": "1s"},
        "abec: --workers-gone 1s: changes nothing here, no chosen pattern has workers; "
        "leave it out",
    ),
    "no notes": (
        ("rest",),
        {"trace": True},
        "abec: --trace: changes nothing here, no chosen pattern's servers take notes; leave it out",
    ),
    "a floor alone": (
        ("floor",),
        {"deflate": True},
        "abec: --deflate: changes nothing here, a floor never compresses; leave it out",
    ),
    "a floor alone, by TLS": (
        ("floor",),
        {"tls": True},
        "abec: --tls: changes nothing here, a floor is plain TCP; leave it out",
    ),
    "no Redis command": (
        ("websocket",),
        {"pipeline": "16"},
        "abec: --pipeline 16: changes nothing here, only redis_command reads it; leave it out",
    ),
    "a closed loop": (
        ("sse",),
        {"concurrency": "8", "arrivals": "constant"},
        "abec: --arrivals constant: changes nothing here, a closed loop has no schedule; "
        "leave it out",
    ),
}


@pytest.mark.parametrize(("patterns", "options", "line"), IDLE.values(), ids=IDLE)
def test_an_option_that_changes_nothing_is_told(
    patterns: tuple[str, ...], options: dict[str, object], line: str
) -> None:
    assert without_effect(asked(patterns, options), options) == [line]
    assert len(line) <= 100


@pytest.mark.parametrize(
    ("patterns", "options"),
    [
        (("sse", "rest_polling@aiohttp"), {"poll_interval": "5ms"}),
        (("redis_queue",), {"redis": "redis://127.0.0.1:1", "ingress": "native"}),
        (("sse",), {"ingress": "native", "subscribers": "8", "arrivals": "constant"}),
        (("floor", "websocket"), {"deflate": True}),
        (("rest",), {"publishers": "8", "ramp": "100", "seed": "3"}),
    ],
)
def test_an_option_that_one_pattern_takes_is_fine(
    patterns: tuple[str, ...], options: dict[str, object]
) -> None:
    assert without_effect(asked(patterns, options), options) == []


def test_what_a_file_sets_for_all_its_patterns_is_fine(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(
        '[scenario.push]\npatterns = ["sse"]\npoll_interval = "50ms"\nredis = "redis://host"\n'
        '[scenario.poll]\npatterns = ["rest_polling"]\npoll_interval = "50ms"\n'
    )
    options = {"scenario": str(file)}
    typed = {**options, "poll_interval": "20ms"}

    assert without_effect(asked((), options), options) == []
    assert without_effect(asked((), typed), typed) == []
    assert len(without_effect(asked(("sse",), typed), typed)) == 1
