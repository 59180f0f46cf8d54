"""The judge's programs as a person would use them, and what becomes of jobs when workers go."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis import Redis

from harness.patterns.judge_service import judge_servers
from harness.process.servers import Running, started
from harness.wire.redis_place import without_query
from harness.workload import Exchange, Workload
from servers.job_queue import Job, packed, unpacked

pytestmark = pytest.mark.slow

GONE_S = 0.4


@contextmanager
def judging(**asked: float) -> Iterator[Running]:
    workload = Workload(exchange=Exchange.JOURNEY, **asked)  # type: ignore[arg-type]
    with started(judge_servers(workload), workload) as running:
        yield running


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with judging(workers=2, service_time=0.01) as one:
        yield one


def ask(running: Running, method: str, target: str, body: bytes | None = None) -> tuple[int, bytes]:
    connection = HTTPConnection(urlsplit(running.endpoints["http"]).netloc, timeout=10)
    try:
        connection.request(method, target, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@given(number=st.integers(0), user=st.from_regex(r"[a-z0-9]*", fullmatch=True), text=st.binary())
@settings(deadline=None)
def test_a_job_is_read_as_it_was_packed(number: int, user: str, text: bytes) -> None:
    assert unpacked(packed(Job(number, user, text))) == Job(number, user, text)


def test_a_verdict_comes_to_its_user_alone(running: Running) -> None:
    assert ask(running, "POST", "/submissions?user=alice", b"of alice") == (202, b"")
    assert ask(running, "GET", "/messages?channel=alice&after=0&wait=5") == (200, b"of alice")
    assert ask(running, "GET", "/messages?channel=bob&after=0") == (200, b"")


def test_who_waits_is_answered_with_the_verdict_and_nobody_else(running: Running) -> None:
    assert ask(running, "POST", "/submissions?user=carol&wait=5", b"now") == (200, b"now")
    assert ask(running, "GET", "/messages?channel=carol&after=0") == (200, b"")


@pytest.mark.parametrize(
    ("target", "body", "status", "line"),
    [
        ("/submissions?user=a%0Ab", b"x", 400, b"is no name; give letters and digits"),
        ("/submissions?user=a&wait=x", b"x", 400, b"is no time"),
        ("/submissions?user=a", b"two\nlines", 400, b"a message is one line"),
        ("/submissions?user=a", b"x" * (3 << 20), 413, b"longer than --max-message"),
    ],
)
def test_what_cannot_be_judged_is_refused(
    running: Running, target: str, body: bytes, status: int, line: bytes
) -> None:
    found, text = ask(running, "POST", target, body)
    assert found == status
    assert line in text


def test_workers_that_go_lose_what_they_hold_and_come_back() -> None:
    with judging(workers=1, service_time=0.3, workers_gone=GONE_S) as running:
        pids = [child.pid for child in running.children]
        held = ask(running, "POST", "/submissions?user=a", b"held")
        redis = Redis.from_url(without_query(running.endpoints["redis"]))
        while redis.keys("abec:jobs:*"):  # until the worker has it
            pass
        running.interrupt()
        interrupted = time.monotonic()
        queued = ask(running, "POST", "/submissions?user=a", b"queued")
        assert held == queued == (202, b"")
        assert ask(running, "GET", "/messages?channel=a&after=0&wait=10") == (200, b"queued")
        assert time.monotonic() - interrupted >= GONE_S
        redis.close()
        running.check()
        assert [child.pid for child in running.children] == pids


@pytest.mark.parametrize("killed", [False, True])
def test_nothing_is_left_in_a_redis_that_is_not_ours(killed: bool) -> None:
    with judging(workers=1, service_time=60.0) as first:
        url = without_query(first.endpoints["redis"])
        with Redis.from_url(url) as redis:
            redis.set("foreign", 1)
            workload = Workload(exchange=Exchange.JOURNEY, redis=url, workers=1, service_time=60)
            with started(judge_servers(workload), workload) as running:
                for _ in range(3):
                    assert ask(running, "POST", "/submissions?user=a", b"never")[0] == 202
                assert len(redis.keys("abec:*")) == 1
                for child in running.children if killed else ():
                    child.kill()
            assert redis.keys("*") == [b"foreign"]
