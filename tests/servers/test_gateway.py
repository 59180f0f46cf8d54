"""A gateway by itself: what a subscriber of a stream can go on from, and what is gone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from redis import Redis
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from harness.process.servers import Running, started
from harness.registry import load
from harness.scaling import Backplane, Balancer
from harness.workload import Workload
from servers.backplane import Stream
from servers.redis_link import RedisLink

pytestmark = pytest.mark.slow

ONE = Workload(gateways=1, backplane=Backplane.STREAMS, balancer=Balancer.NONE)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with started(load("websocket_scaled").servers(ONE), ONE) as served:
        yield served


def opened(running: Running, query: str) -> ClientConnection:
    netloc = urlsplit(running.endpoints["gateway0"]).netloc
    return connect(f"ws://{netloc}/ws?mode={query}", compression=None, proxy=None)


def received(connection: ClientConnection) -> tuple[str, str]:
    frame = connection.recv(timeout=10)
    assert isinstance(frame, str)
    entry, _, message = frame.partition("\n")
    return entry, message


def test_a_subscriber_goes_on_behind_its_last_id(running: Running) -> None:
    with opened(running, "subscribe") as first, opened(running, "publish") as publisher:
        start, nothing = received(first)
        assert nothing == ""
        for message in ("one", "two", "three"):
            publisher.send(message)
        had = [received(first) for _ in range(3)]
    assert [message for _, message in had] == ["one", "two", "three"]
    with opened(running, f"subscribe&after={had[0][0]}") as again:
        assert [received(again) for _ in range(2)] == had[1:]
    with opened(running, f"subscribe&after={start}") as from_the_start:
        assert [received(from_the_start) for _ in range(3)] == had


def test_a_stream_that_nobody_removes_expires(running: Running) -> None:
    with opened(running, "subscribe") as first, opened(running, "publish") as publisher:
        received(first)
        publisher.send("kept for a while")
        received(first)
    url, _, token = running.endpoints["redis"].partition("?run=")
    with Redis.from_url(url) as client:
        # Replies come in order, and what was read by XREAD was added before EXPIRE was given.
        ttl_s = client.ttl(f"abec:backplane:{token}")
    assert 3600 < ttl_s <= 7200


async def test_who_writes_for_long_puts_the_end_off(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[bytes] = []

    class Link(RedisLink):
        def send(self, *words: bytes, **_replied: object) -> None:
            given.append(words[0])

    along = Stream(b"key", Link(), Link(), given.append)
    along.publish(b"one")
    along.publish(b"two")
    assert given == [b"XADD", b"EXPIRE", b"XADD"]
    in_an_hour_s = time.monotonic() + 3601
    clock = SimpleNamespace(monotonic=lambda: in_an_hour_s)
    monkeypatch.setattr("servers.backplane.time", clock)
    along.publish(b"three")
    along.publish(b"four")
    assert given[3:] == [b"XADD", b"EXPIRE", b"XADD"]


def test_what_the_stream_dropped_is_told(running: Running) -> None:
    with opened(running, "subscribe") as first, opened(running, "publish") as publisher:
        received(first)
        publisher.send("dropped")
        gone, _ = received(first)
        publisher.send("kept")
        received(first)
    url, _, token = running.endpoints["redis"].partition("?run=")
    with Redis.from_url(url) as client:
        client.xtrim(f"abec:backplane:{token}", maxlen=1, approximate=False)
    for after in (gone, "0-0"):
        with opened(running, f"subscribe&after={after}") as late:
            with pytest.raises(ConnectionClosed) as end:
                late.recv(timeout=10)
            assert end.value.rcvd is not None
            assert (end.value.rcvd.code, end.value.rcvd.reason) == (1013, "evicted")
