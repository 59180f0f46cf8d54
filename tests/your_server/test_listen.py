"""abec listen counts what others publish, and says so when nothing came."""

from __future__ import annotations

import json
import threading
import urllib.request

import pytest

from harness.cli.main import cli
from harness.errors import BadInput, Exit
from tests.your_server.conftest import Url

SHORT = ("--warmup", "0s", "--duration", "300ms", "--json")


def listen(*argv: str) -> int:
    code: int = cli.main(("listen", *argv), standalone_mode=False)
    return code


def test_every_subscriber_gets_what_others_publish(
    example: Url, capsys: pytest.CaptureFixture[str]
) -> None:
    url = example("sse_server.js")
    over = threading.Event()

    def publish() -> None:
        while not over.wait(0.01):
            with urllib.request.urlopen(url, data=b"not one of our messages", timeout=5):
                pass

    publisher = threading.Thread(target=publish)
    publisher.start()
    try:
        listen("sse", "--url", url, "--subscribers", "2", *SHORT)
    finally:
        over.set()
        publisher.join()
    first, second = json.loads(capsys.readouterr().out)
    assert first["messages"] > 1
    assert abs(first["messages"] - second["messages"]) <= 1
    assert first["bytes_per_s"] == pytest.approx(23 * first["messages_per_s"])
    assert first["longest_gap"] >= first["gap_p99"] >= first["gap_p50"] > 0


def test_silence_is_no_measurement(example: Url, capsys: pytest.CaptureFixture[str]) -> None:
    assert listen("websocket", "--url", example("websocket_server.py"), *SHORT) == Exit.NOT_MEASURED
    assert "nothing came" in capsys.readouterr().err


def test_what_is_no_event_stream_is_told_in_a_line(example: Url) -> None:
    url = example("websocket_server.py").replace("ws", "http")
    with pytest.raises(BadInput, match="is not an event stream: GET was answered with status 426"):
        listen("sse", "--url", url, *SHORT)


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        ((), "--url: name the server"),
        (("--url", "redis://h"), "--url: a Redis is measured by"),
    ],
)
def test_what_cannot_be_listened_to(argv: tuple[str, ...], problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        listen("sse", *argv)
