"""What may be said of a server of the user's, and what does not go together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import BadInput
from harness.given_server import HTTP, REDIS, WEBSOCKET, media_type, require_url, roles, scheme
from harness.machine import Machine, read_machine
from harness.measure.configuration import comparable
from harness.plan import plan
from harness.registry import load
from harness.workload import Exchange, Workload

CALLS = Exchange.REQUEST_REPLY


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"url": "localhost:8080"}, r"--url localhost:8080: is no URL; it begins with http://"),
        ({"url": "ftp://host/"}, r"--url ftp://host/: is no URL"),
        ({"url": "ws://:80/"}, r"--url ws://:80/: names no host and port"),
        ({"url": "ws://host:99999/"}, r"--url ws://host:99999/: names no host and port"),
        ({"url": "http://ann:pw@host/a?b=1"}, r"^--url http://host/a\?b=1: user and password"),
        ({"url": "http://host/#top"}, r"--url http://host/#top: is no URL to ask for"),
        ({"url": "http://host/a b"}, r"is no URL to ask for; escape blanks"),
        ({"url": "redis://host", "redis": "redis://host"}, r"--redis redis://host: means the same"),
        ({"publish_url": "http://host/"}, r"--publish-url http://host/: .* give --url, too"),
        ({"pid": (1,)}, r"--pid 1: is a process of the server at --url"),
        ({"url": "ws://host/", "pid": (0,)}, r"--pid 0: must be the id of a process"),
        ({"url": "ws://host/", "ca": "a.pem"}, r"--ca a\.pem: checks who answers at wss://"),
        (
            {"redis": "redis://host", "ca": "a.pem"},
            r"--ca a\.pem: checks who answers at wss://, https:// or rediss://",
        ),
        (
            {"redis": "rediss://host", "rtt": 0.02},
            r"--rtt 0\.02: the relay passes on plain TCP, and not rediss://…; leave one of them",
        ),
        ({"url": "unix:///run/redis.sock", "rtt": 0.02}, r"--rtt 0\.02: .*, and not unix://…"),
        (
            {"redis": "rediss://host", "bandwidth": 1e6},
            r"--bandwidth 1000000: the relay passes on plain TCP",
        ),
        ({"body": "hi", "exchange": CALLS}, r"--body hi: is asked of any HTTP server"),
        ({"url": "http://host/", "expect_status": 200}, r"--expect-status 200: is asked of any"),
        (
            {"url": "http://host/", "expect_status": 999, "exchange": CALLS},
            r"--expect-status 999: must be 100 to 599",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, object], problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        Workload(**fields)  # type: ignore[arg-type]


@given(st.text(max_size=30))
def test_no_text_is_read_without_a_host(text: str) -> None:
    try:
        require_url("--url", f"http://{text}")
    except BadInput:
        return
    assert text.strip("/?")


@pytest.fixture(scope="module")
def machine() -> Machine:
    return read_machine()


@pytest.mark.parametrize(
    ("pattern", "fields", "problem"),
    [
        (
            "websocket",
            {"url": "http://host/"},
            r"--url http://host/: websocket speaks ws:// or",
        ),
        ("websocket", {"url": "redis://u:pw@host"}, r"^--url redis://…: websocket speaks ws://"),
        ("sse", {"url": "wss://host/"}, r"--url wss://host/: sse speaks http:// or https://"),
        ("redis_pubsub", {"url": "ws://host/"}, r"--url ws://host/: redis_pubsub speaks redis://"),
        ("floor", {"url": "ws://host/"}, r"--url ws://host/: a floor is our own relay"),
        (
            "submit_job_sync",
            {"url": "http://host/", "exchange": Exchange.JOURNEY},
            r"--url http://host/: submit_job_sync speaks redis://",
        ),
        (
            "sse",
            {"url": "http://host/", "publish_url": "ws://host/"},
            r"--publish-url ws://host/: sse publishes by http:// or https://",
        ),
        (
            "sse",
            {"url": "http://host/", "rtt": 0.02},
            r"--rtt 0\.02: the relay stands before servers that abec starts",
        ),
        (
            "sse",
            {"url": "http://host/", "bandwidth": 1e6},
            r"--bandwidth 1000000: the relay stands before servers that abec starts",
        ),
    ],
)
def test_a_pattern_speaks_its_own_schemes(
    machine: Machine, pattern: str, fields: dict[str, object], problem: str
) -> None:
    with pytest.raises(BadInput, match=problem):
        plan(load(pattern), Workload(**fields), machine)  # type: ignore[arg-type]


def test_nothing_is_started_for_a_server_that_is_there(machine: Machine) -> None:
    planned = plan(load("sse"), Workload(url="http://host/events"), machine)
    assert planned.servers == ()
    assert str(planned).startswith("server found by URL, on any core · core ")


def test_a_redis_by_either_option_is_the_same() -> None:
    by_url, by_redis = Workload(url="redis://host/1"), Workload(redis="redis://host/1")
    assert by_url.redis_at == by_redis.redis_at == "redis://host/1"
    assert by_url.essence == by_redis.essence
    assert not by_url.elsewhere
    assert Workload(url="ws://host/").elsewhere


def test_what_tls_and_a_file_add_is_part_of_what_was_asked() -> None:
    by_tls, by_file = Workload(redis="rediss://host/1"), Workload(url="unix:///run/redis.sock")
    assert Workload(url="rediss://host", ca="a.pem").essence == by_tls.essence
    assert len({Workload().essence, by_tls.essence, by_file.essence}) == 3
    # Floors have no Redis, and so no certificate of one to believe.
    assert comparable(Workload(redis="rediss://host", ca="a.pem")) == comparable(Workload())


def test_messages_go_in_where_they_come_out_unless_it_is_said() -> None:
    assert roles("ws://a/", "") == {"subscribe": "ws://a/", "publish": "ws://a/", "call": "ws://a/"}
    assert roles("http://a/", "http://b/")["publish"] == "http://b/"


def test_schemes() -> None:
    assert {scheme("WSS://host"), scheme("ws://host")} == WEBSOCKET
    assert scheme("https://host") in HTTP
    assert {scheme(f"{name}://host") for name in ("redis", "rediss", "unix")} == REDIS
    assert scheme("host") == ""


def test_a_body_that_reads_as_json_is_sent_as_such() -> None:
    assert media_type('{"a": [1]}') == "application/json"
    assert media_type("hello") == "text/plain; charset=utf-8"
