"""GET /events, on every server that speaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.servers.conftest import Start

LARGE = b"x" * (1 << 16)


def test_events_carry_cursors(start: Start, sse: str) -> None:
    server = start(sse)
    stream = server.stream()
    assert stream.getheader("content-type", "").startswith("text/event-stream")
    assert stream.getheader("cache-control") == "no-store"
    server.feed(b"one", b"two")
    assert server.event_of(stream) == {"id": "1", "data": "one"}
    assert server.event_of(stream) == {"id": "2", "data": "two"}
    assert server.ask("POST", "/messages", b"three")[0] == 204
    assert server.event_of(stream) == {"id": "3", "data": "three"}


def test_the_bytes_on_the_wire_are_the_contracts(start: Start, sse: str) -> None:
    server = start(sse)
    stream = server.stream()
    server.feed(b"one")
    assert stream.read1(99) == b"id: 1\ndata: one\n\n"


def test_the_feed_reaches_every_subscriber(shared: Start, sse: str) -> None:
    server = shared(sse)
    streams = [server.stream() for _ in range(5)]
    sent = [b"%d" % i for i in range(20)]
    server.feed(*sent)
    for stream in streams:
        assert [server.event_of(stream)["data"].encode() for _ in sent] == sent


def test_last_event_id_resumes(start: Start, sse: str) -> None:
    server = start(sse, "--log-messages", "2")
    for message in (b"one", b"two", b"three"):
        server.ask("POST", "/messages", message)
    for stream in (
        server.stream(headers={"Last-Event-ID": "1"}),
        server.stream("/events?after=1"),
        server.stream("/events?after=2", headers={"Last-Event-ID": "1"}),
    ):
        assert server.event_of(stream) == {"id": "2", "data": "two"}
        assert server.event_of(stream) == {"id": "3", "data": "three"}
    evicted = server.stream(headers={"Last-Event-ID": "0"})
    assert (evicted.status, evicted.getheader("x-cursor")) == (410, "1")
    assert server.stream(headers={"Last-Event-ID": "x"}).status == 400


def test_heartbeats_fill_idleness(start: Start, sse: str) -> None:
    server = start(sse, "--heartbeat", "0.1")
    stream = server.stream()
    for _ in range(2):
        assert server.event_of(stream) == {"": "heartbeat"}
    server.feed(b"one")
    assert server.event_of(stream) == {"id": "1", "data": "one"}
    assert server.event_of(stream) == {"": "heartbeat"}


def test_a_mebibyte_passes(start: Start, sse: str) -> None:
    server = start(sse)
    stream = server.stream()
    message = b"m" * (1 << 20)
    server.feed(message)
    assert server.event_of(stream) == {"id": "1", "data": message.decode()}


def test_a_slow_subscriber_is_evicted_without_a_gap(start: Start, sse: str) -> None:
    server = start(sse, "--queue-messages", "10")
    slow = server.stream(receive_buffer=4096)
    server.feed(*[LARGE] * 400)
    events = list(iter(lambda: server.event_of(slow), {}))
    assert events.pop() == {"event": "evicted", "data": "reader fell behind"}
    assert [int(event["id"]) for event in events] == list(range(1, len(events) + 1))
    assert 0 < len(events) < 400


def test_a_subscriber_that_leaves_is_forgotten(start: Start, sse: str) -> None:
    server = start(sse)
    gone = server.connect()
    gone.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
    assert gone.recv(1000).startswith(b"HTTP/1.1 200")
    gone.close()
    stays = server.stream()
    server.feed(b"one")
    assert server.event_of(stays) == {"id": "1", "data": "one"}
