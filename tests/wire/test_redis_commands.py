"""Every Redis command with both clients against a real Redis: right replies, all put back."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import pytest
from redis import Redis

from harness.errors import BadInput
from harness.load.loop import LoadLoop
from harness.pattern import Endpoints, RedisSpec, Seat
from harness.patterns.redis_command import REDIS_COMMAND
from harness.process.servers import started
from harness.wire.redis_call import NOT_REFILLED
from harness.wire.redis_commands import SPECS, Holds, Keys
from harness.wire.redis_place import without_query
from harness.workload import ClientKind, Exchange, RedisCommand, Workload

ASKED = Workload(exchange=Exchange.REQUEST_REPLY, keys=8, payload=100)
SETTLED = [command for command in RedisCommand if not SPECS[command].empties]


@pytest.fixture(scope="module")
def redis() -> Iterator[Endpoints]:
    with started((RedisSpec(),), ASKED) as running:
        yield running.endpoints


def database(endpoints: Endpoints) -> Redis:
    return Redis.from_url(without_query(endpoints["redis"]))


def call(
    endpoints: Endpoints, workload: Workload, messages: int
) -> tuple[list[bytes], list[bytes], list[str]]:
    """Send so many messages; give what was sent, what came back and what was noted."""
    notes: list[str] = []
    seat = Seat(endpoints=endpoints, workload=workload, index=0, note=notes.append)
    asked = [b"%0100d" % number for number in range(messages)]

    async def run() -> tuple[list[bytes], list[bytes]]:
        came: list[bytes] = []
        sent: list[bytes] = []
        all_there = asyncio.Event()

        def deliver(message: bytes) -> None:
            came.append(message)
            if len(came) == messages:
                all_there.set()

        use = REDIS_COMMAND.clients[workload.client].call
        assert use is not None
        async with use(seat, sent.append, deliver) as send:
            for message in asked:
                send(message)
            async with asyncio.timeout(10):
                await all_there.wait()
        return sent, came

    with asyncio.Runner(loop_factory=LoadLoop) as runner:
        sent, came = runner.run(run())
    assert sent == asked
    return sent, came, notes


def test_keys_are_shared_out_to_connections_and_gone_through_in_turn() -> None:
    asked = replace(ASKED, command=RedisCommand.GET, publishers=3)
    of = [
        list(islice(Keys("redis://h?run=7", asked, index), 4)) for index in range(asked.publishers)
    ]
    assert [key.decode()[-1] for key in of[0]] == ["0", "3", "6", "0"]
    assert [key.decode()[-1] for key in of[2]] == ["2", "5", "2", "5"]
    assert of[0][0] == b"abec:key:7:00000000"
    more_callers_than_keys = Keys("redis://h", replace(ASKED, publishers=20), 19)
    assert list(islice(more_callers_than_keys, 2)) == [b"", b""]


@pytest.mark.parametrize("client", ClientKind)
@pytest.mark.parametrize("pipeline", [1, 5])
@pytest.mark.parametrize("command", SETTLED)
def test_each_reply_is_the_right_one_and_nothing_is_left(
    redis: Endpoints, command: RedisCommand, pipeline: int, client: ClientKind
) -> None:
    workload = replace(ASKED, command=command, pipeline=pipeline, client=client)
    sent, came, notes = call(redis, workload, 30)  # each key several times
    assert came == sent
    assert notes == []
    with database(redis) as left:
        assert left.dbsize() == 0


@pytest.mark.parametrize("client", ClientKind)
def test_nothing_is_left_of_a_load_that_is_given_up(redis: Endpoints, client: ClientKind) -> None:
    """As all seats of a load process are that was not ready in time."""
    workload = replace(ASKED, command=RedisCommand.GET, client=client)
    use = REDIS_COMMAND.clients[client].call
    assert use is not None
    entered = asyncio.Event()

    async def hold() -> None:
        seat = Seat(endpoints=redis, workload=workload, index=0)
        async with use(seat, lambda _message: None, lambda _message: None) as send:
            send(b"%0100d" % 1)
            entered.set()
            await asyncio.Event().wait()

    async def run() -> int:
        holding = asyncio.create_task(hold())
        await entered.wait()
        with database(redis) as ours:
            held: int = ours.dbsize()
        holding.cancel()
        await asyncio.wait([holding])
        assert holding.cancelled()
        return held

    with asyncio.Runner(loop_factory=LoadLoop) as runner:
        assert runner.run(run()) == ASKED.keys
    with database(redis) as left:
        assert left.dbsize() == 0


@pytest.mark.parametrize("client", ClientKind)
@pytest.mark.parametrize("command", [one for one in RedisCommand if SPECS[one].empties])
def test_a_flush_finds_all_keys_each_time(
    redis: Endpoints, command: RedisCommand, client: ClientKind
) -> None:
    workload = replace(ASKED, command=command, client=client)
    with database(redis) as ours:
        ours.config_set("slowlog-log-slower-than", 0)
        ours.slowlog_reset()
        sent, came, notes = call(redis, workload, 4)
        seen = [entry["command"] for entry in ours.slowlog_get(100)]
        ours.config_set("slowlog-log-slower-than", -1)
        assert (came, notes) == (sent, [])
        assert ours.dbsize() == 0
    told = [
        b"FLUSH" if line.startswith(b"FLUSH") else b"EVAL"
        for line in reversed(seen)
        if line.startswith((b"FLUSH", b"EVAL"))
    ]
    # Made before the first, made anew after each, and deleted at the end.
    assert told == [b"EVAL", *[b"FLUSH", b"EVAL"] * 4, b"EVAL"]


@pytest.mark.parametrize("client", ClientKind)
@pytest.mark.parametrize(
    "command",
    # SET is right whatever a key holds.
    [one for one in SETTLED if SPECS[one].holds is not Holds.NOTHING and one != "SET"],
)
def test_a_wrong_reply_is_found(
    redis: Endpoints, command: RedisCommand, client: ClientKind
) -> None:
    """Somebody else makes one of the eight keys something else, once they are filled."""
    workload = replace(ASKED, command=command, client=client)
    notes: list[str] = []
    seat = Seat(endpoints=redis, workload=workload, index=0, note=notes.append)
    keys = Keys(redis["redis"], workload, 0)
    spoiled = next(iter(keys))

    async def run() -> bytes:
        came: asyncio.Queue[bytes] = asyncio.Queue()
        use = REDIS_COMMAND.clients[client].call
        assert use is not None
        async with use(seat, lambda _message: None, came.put_nowait) as send:
            with database(redis) as other:
                other.delete(spoiled)
                # HSET and LPUSH answer another number; BRPOP would wait for a list that is gone.
                if command is RedisCommand.BRPOP:
                    other.rpush(spoiled, b"foreign")
            send(b"%0100d" % 1)
            return await asyncio.wait_for(came.get(), 10)

    with asyncio.Runner(loop_factory=LoadLoop) as runner:
        assert runner.run(run()) == b""
    assert notes == [f"wrong reply to {command}"]


@pytest.mark.parametrize("client", ClientKind)
def test_a_refused_command_is_noted_in_the_servers_words(
    redis: Endpoints, client: ClientKind
) -> None:
    with database(redis) as admin:
        admin.execute_command("ACL", "SETUSER", "half", "on", ">pw", "~*", "+@all", "-ttl")
    at = redis["redis"].rpartition("@")[2]
    endpoints = Endpoints(urls={"redis": f"redis://half:pw@{at}"})
    workload = replace(ASKED, command=RedisCommand.TTL, client=client)

    async def run() -> str:
        notes: asyncio.Queue[str] = asyncio.Queue()
        seat = Seat(endpoints=endpoints, workload=workload, index=0, note=notes.put_nowait)
        use = REDIS_COMMAND.clients[client].call
        assert use is not None
        async with use(seat, lambda _message: None, lambda _message: None) as send:
            send(b"%0100d" % 1)
            return await asyncio.wait_for(notes.get(), 10)

    with asyncio.Runner(loop_factory=LoadLoop) as runner:
        note = runner.run(run())
    # The first word tells the harness that nothing is measured.
    assert note.startswith("NOPERM")
    assert "ttl" in note


@pytest.mark.parametrize("client", ClientKind)
@pytest.mark.parametrize(
    ("command", "forbidden", "second"),
    [(RedisCommand.FLUSHDB, "eval", b""), (RedisCommand.HDEL, "hset", b"%0100d" % 2)],
)
def test_what_cannot_be_put_back_is_noted_and_an_empty_server_is_not_flushed_quickly(
    redis: Endpoints, command: RedisCommand, forbidden: str, second: bytes, client: ClientKind
) -> None:
    at = redis["redis"].rpartition("@")[2]
    endpoints = Endpoints(urls={"redis": f"redis://most:pw@{at}"})
    workload = replace(ASKED, command=command, client=client)
    notes: list[str] = []
    seat = Seat(endpoints=endpoints, workload=workload, index=0, note=notes.append)

    async def run() -> list[bytes]:
        came: asyncio.Queue[bytes] = asyncio.Queue()
        use = REDIS_COMMAND.clients[client].call
        assert use is not None
        async with use(seat, lambda _message: None, came.put_nowait) as send:
            with database(redis) as admin:
                admin.execute_command("ACL", "SETUSER", "most", f"-{forbidden}")
            found = []
            for number in (1, 2):
                send(b"%0100d" % number)
                found.append(await asyncio.wait_for(came.get(), 10))
            return found

    with database(redis) as admin:
        admin.execute_command("ACL", "SETUSER", "most", "on", ">pw", "~*", "+@all")
        with asyncio.Runner(loop_factory=LoadLoop) as runner:
            assert runner.run(run()) == [b"%0100d" % 1, second]
        admin.flushdb()
    assert notes[0].startswith("NOPERM")
    assert forbidden in notes[0]
    assert (NOT_REFILLED in notes) == (command is RedisCommand.FLUSHDB)


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"redis": "redis://h:1", "command": "FLUSHALL"}, "only ever empties a Redis that the"),
        ({"publishers": 2, "command": "FLUSHDB"}, "--publishers 2: a second FLUSHDB"),
        ({"pipeline": 2, "command": "FLUSHDB-ASYNC"}, "--pipeline 2: a second FLUSHDB-ASYNC"),
        ({"rate": None, "concurrency": 4, "command": "FLUSHDB"}, "--concurrency 4: the keys are"),
        ({"publishers": 4, "pipeline": 16, "keys": 60, "command": "GET"}, "use 68 or more"),
    ],
)
def test_what_means_nothing_is_refused_in_a_line(fields: dict[str, object], line: str) -> None:
    given = {**fields, "command": RedisCommand(fields["command"])}
    with pytest.raises(BadInput) as caught:
        REDIS_COMMAND.servers(replace(ASKED, **{"keys": 1000, **given}))
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)
