"""Every edge pattern, with both clients, against its real server in a process of its own."""

import asyncio
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    ExitStack,
    contextmanager,
    suppress,
)
from typing import Any, NamedTuple

import httptools
import psutil
import pytest

from harness.load.loop import LoadLoop
from harness.pattern import DISCONNECTED, EVICTED, Endpoints, Pattern, Seat, Send, ServerSpec
from harness.patterns import long_polling, rest, rest_polling, sse, websocket
from harness.patterns.rest_polling import Grid
from harness.wire.frames import publish_to_feed
from harness.workload import ClientKind, Exchange, Ingress, Workload

ALL = (
    rest_polling.REST_POLLING,
    rest_polling.ON_AIOHTTP,
    long_polling.LONG_POLLING,
    long_polling.ON_AIOHTTP,
    sse.SSE,
    sse.ON_AIOHTTP,
    sse.ON_SSE_STARLETTE,
    websocket.WEBSOCKET,
    websocket.ON_AIOHTTP,
    websocket.ON_WEBSOCKETS,
    websocket.ON_WEBSOCKETS_BROADCAST,
    rest.REST,
    rest.ON_AIOHTTP,
)
ON_UVICORN = [pattern for pattern in ALL if pattern.stack == "uvicorn"]
POLLING = ("rest_polling", "long_polling")


def broadcasting(patterns: list[Pattern] | tuple[Pattern, ...]) -> list[Pattern]:
    return [pattern for pattern in patterns if Exchange.BROADCAST in pattern.exchanges]


def calling(patterns: list[Pattern] | tuple[Pattern, ...]) -> list[Pattern]:
    return [pattern for pattern in patterns if Exchange.REQUEST_REPLY in pattern.exchanges]


def named(pattern: Pattern) -> str:
    return pattern.name


each_broadcast = pytest.mark.parametrize("pattern", broadcasting(ALL), ids=named)
each_call = pytest.mark.parametrize("pattern", calling(ALL), ids=named)
each_uvicorn_broadcast = pytest.mark.parametrize("pattern", broadcasting(ON_UVICORN), ids=named)
each_uvicorn_call = pytest.mark.parametrize("pattern", calling(ON_UVICORN), ids=named)
each_websocket = pytest.mark.parametrize(
    "pattern", [pattern for pattern in ALL if pattern.compresses], ids=named
)
each_client = pytest.mark.parametrize("client", ClientKind, ids=str)

OPEN = Workload()
CALL = Workload(exchange=Exchange.REQUEST_REPLY)


class Server(NamedTuple):
    """A running server: its process, and where it is."""

    process: subprocess.Popen[str]
    endpoints: Endpoints


def server_of(pattern: Pattern, workload: Workload) -> ServerSpec:
    (spec,) = pattern.servers(workload)
    assert isinstance(spec, ServerSpec)
    return spec


@contextmanager
def serving(pattern: Pattern, workload: Workload, *options: str) -> Iterator[Server]:
    """Start the pattern's server with more ``options``; it has to write nothing to stderr."""
    spec = server_of(pattern, workload)
    argv = [sys.executable if part == "{python}" else part for part in spec.argv]
    with tempfile.TemporaryFile("w+") as log:
        with subprocess.Popen(
            [*argv, *options], stdout=subprocess.PIPE, stderr=log, text=True
        ) as process:
            assert process.stdout is not None
            try:
                urls = process.stdout.readline().split()
                assert len(urls) == len(spec.roles), f"{argv} printed {urls}"
                yield Server(process, Endpoints(urls=dict(zip(spec.roles, urls, strict=True))))
            finally:
                process.terminate()
        log.seek(0)
        assert log.read() == ""


Serve = Callable[[Pattern, Workload], Endpoints]


@pytest.fixture(scope="module")
def serve() -> Iterator[Serve]:
    """Start each server once; readers begin at the newest message, so tests don't meet."""
    running: dict[tuple[str, ...], Endpoints] = {}
    with ExitStack() as stack:

        def endpoints(pattern: Pattern, workload: Workload) -> Endpoints:
            argv = server_of(pattern, workload).argv
            if argv not in running:
                running[argv] = stack.enter_context(serving(pattern, workload)).endpoints
            return running[argv]

        yield endpoints


class Inbox:
    """What one subscriber or caller got, what was noted, and what was handed over."""

    def __init__(self, endpoints: Endpoints, workload: Workload) -> None:
        self.messages: list[bytes] = []
        self.notes: list[str] = []
        self.sent: list[bytes] = []
        self.seat = Seat(endpoints=endpoints, workload=workload, index=0, note=self._note)
        self._wanted: Callable[[], bool] = lambda: True
        self._happened = asyncio.Event()

    def subscribed(self, pattern: Pattern, client: ClientKind) -> AbstractAsyncContextManager[None]:
        subscribe = pattern.clients[client].subscribe
        assert subscribe is not None
        return subscribe(self.seat, self._deliver)

    def calling(self, pattern: Pattern, client: ClientKind) -> AbstractAsyncContextManager[Send]:
        call = pattern.clients[client].call
        assert call is not None
        return call(self.seat, self.sent.append, self._deliver)

    def publishing(self, pattern: Pattern, ingress: Ingress) -> AbstractAsyncContextManager[Send]:
        return pattern.publish[ingress](self.seat, self.sent.append)

    async def has(self, count: int) -> None:
        await self._until(lambda: len(self.messages) >= count)

    async def got(self, message: bytes) -> None:
        await self._until(lambda: message in self.messages[-1:])

    async def noted(self) -> None:
        await self._until(lambda: bool(self.notes))

    async def _until(self, wanted: Callable[[], bool]) -> None:
        self._wanted = wanted
        self._happened.clear()
        self._look()
        await asyncio.wait_for(self._happened.wait(), 10)

    def _deliver(self, message: bytes) -> None:
        assert type(message) is bytes
        self.messages.append(message)
        self._look()

    def _note(self, cause: str) -> None:
        self.notes.append(cause)
        self._look()

    def _look(self) -> None:
        if self._wanted():
            self._happened.set()


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run ``test`` on the loop of load processes; neither task nor socket may remain."""

    async def watched() -> None:
        before = sockets()
        await asyncio.wait_for(test, 30)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert sockets() == before

    with asyncio.Runner(loop_factory=LoadLoop) as runner:
        runner.run(watched())


def sockets() -> set[int]:
    return {connection.fd for connection in psutil.Process().net_connections("tcp")}


def texts(count: int, size: int = 256) -> list[bytes]:
    """Make messages that differ, of ``size`` bytes."""
    printable = bytes(range(33, 127))
    return [(b"%06d" % at + printable * (size // 94 + 1))[:size] for at in range(count)]


def test_the_names_are_those_of_the_entry_points() -> None:
    assert [pattern.name for pattern in ALL] == [
        "rest_polling",
        "rest_polling@aiohttp",
        "long_polling",
        "long_polling@aiohttp",
        "sse",
        "sse@aiohttp",
        "sse@sse-starlette",
        "websocket",
        "websocket@aiohttp",
        "websocket@websockets",
        "websocket@websockets-broadcast",
        "rest",
        "rest@aiohttp",
    ]


@each_client
@each_broadcast
def test_what_is_fed_arrives_once_and_in_order(
    serve: Serve, pattern: Pattern, client: ClientKind
) -> None:
    messages = texts(200)

    async def test() -> None:
        inbox = Inbox(serve(pattern, OPEN), OPEN)
        async with inbox.subscribed(pattern, client):
            async with inbox.publishing(pattern, Ingress.FEED) as send:
                for at, message in enumerate(messages):
                    send(message)
                    if at % 10 == 0:
                        await asyncio.sleep(0.001)
            await inbox.has(200)
        assert inbox.messages == messages
        assert inbox.notes == []

    run(test())


@each_broadcast
def test_what_is_published_natively_arrives_once_and_in_order(
    serve: Serve, pattern: Pattern
) -> None:
    messages = texts(100)

    async def test() -> None:
        inbox = Inbox(serve(pattern, OPEN), OPEN)
        async with inbox.subscribed(pattern, ClientKind.WIRE):
            async with inbox.publishing(pattern, Ingress.NATIVE) as send:
                for message in messages:
                    send(message)
                # Leaving drains: nothing has been sent yet.
                assert inbox.sent == []
            assert inbox.sent == messages
            await inbox.has(100)
        assert inbox.messages == messages
        assert inbox.notes == []

    run(test())


@each_client
@each_broadcast
def test_the_longest_messages_pass(serve: Serve, pattern: Pattern, client: ClientKind) -> None:
    messages = texts(6, 1 << 20)

    async def test() -> None:
        inbox = Inbox(serve(pattern, OPEN), OPEN)
        async with inbox.subscribed(pattern, client):
            for ingress, some in ((Ingress.FEED, messages[:3]), (Ingress.NATIVE, messages[3:])):
                async with inbox.publishing(pattern, ingress) as send:
                    for message in some:
                        send(message)
                # The feed gives no answer: its messages could be overtaken by the others.
                await inbox.has(len(some))
            await inbox.has(6)
        assert inbox.messages == messages
        assert inbox.notes == []

    run(test())


@each_client
@each_call
def test_calls_are_answered_once_and_in_order(
    serve: Serve, pattern: Pattern, client: ClientKind
) -> None:
    messages = [*texts(200), *texts(3, 1 << 20)]

    async def test() -> None:
        inbox = Inbox(serve(pattern, CALL), CALL)
        async with inbox.calling(pattern, client) as send:
            for message in messages:
                send(message)
            await inbox.has(len(messages))
        assert inbox.messages == messages
        assert inbox.sent == messages
        assert inbox.notes == []

    run(test())


@each_client
@pytest.mark.parametrize("pattern", [rest.REST, rest.ON_AIOHTTP], ids=named)
def test_a_connection_carries_one_request_at_a_time(
    serve: Serve, pattern: Pattern, client: ClientKind
) -> None:
    async def test() -> None:
        inbox = Inbox(serve(pattern, CALL), CALL)
        ahead: list[int] = []
        call = pattern.clients[client].call
        assert call is not None

        def sent(message: bytes) -> None:
            inbox.sent.append(message)
            ahead.append(len(inbox.sent) - len(inbox.messages))

        async with call(inbox.seat, sent, inbox._deliver) as send:
            for message in texts(20):
                send(message)
            await inbox.has(20)
        assert ahead == [1] * 20

    run(test())


@each_client
@each_websocket
def test_compression_changes_nothing(serve: Serve, pattern: Pattern, client: ClientKind) -> None:
    messages = [*texts(100), *texts(2, 1 << 20)]

    async def broadcast() -> None:
        workload = Workload(deflate=True)
        inbox = Inbox(serve(pattern, workload), workload)
        async with inbox.subscribed(pattern, client):
            async with inbox.publishing(pattern, Ingress.NATIVE) as send:
                for message in messages:
                    send(message)
            await inbox.has(len(messages))
        assert inbox.messages == messages

    async def echo() -> None:
        workload = Workload(exchange=Exchange.REQUEST_REPLY, deflate=True)
        inbox = Inbox(serve(pattern, workload), workload)
        async with inbox.calling(pattern, client) as send:
            for message in messages:
                send(message)
            await inbox.has(len(messages))
        assert inbox.messages == messages

    run(broadcast())
    if Exchange.REQUEST_REPLY in pattern.exchanges:
        run(echo())


@each_client
@each_uvicorn_broadcast
def test_a_reader_that_fell_behind_is_told(pattern: Pattern, client: ClientKind) -> None:
    limits = ("--queue-messages", "8", "--log-messages", "8")
    burst = texts(500)
    # Slow enough that the whole burst is there before the next poll.
    workload = Workload(poll_interval=0.1)

    async def test(server: Server) -> None:
        inbox = Inbox(server.endpoints, workload)
        async with (
            inbox.subscribed(pattern, client),
            publish_to_feed(inbox.seat, print_nothing) as send,
        ):
            # Frozen meanwhile, the server finds the whole burst at once, however busy the machine.
            server.process.send_signal(signal.SIGSTOP)
            for message in burst:
                send(message)
            server.process.send_signal(signal.SIGCONT)
            await inbox.noted()
            if pattern.name in POLLING:
                await inbox.got(burst[-1])
                send(b"afterwards")
                await inbox.got(b"afterwards")
        # A poll between two halves of the burst can find its messages dropped twice.
        notes = set(inbox.notes) if pattern.name in POLLING else inbox.notes
        assert list(notes) == [EVICTED]

    with serving(pattern, workload, *limits) as server:
        run(test(server))


def print_nothing(_message: bytes) -> None:
    """Somebody else's ``sent``."""


@each_client
@each_uvicorn_broadcast
def test_the_death_of_the_server_is_noted_once(pattern: Pattern, client: ClientKind) -> None:
    async def test(server: Server) -> None:
        inbox = Inbox(server.endpoints, OPEN)
        async with inbox.subscribed(pattern, client):
            server.process.kill()
            await inbox.noted()
        assert inbox.notes == [DISCONNECTED]

    with serving(pattern, OPEN) as server:
        run(test(server))


@each_client
@each_uvicorn_broadcast
def test_a_server_that_shuts_down_is_noted_once(pattern: Pattern, client: ClientKind) -> None:
    async def test(server: Server) -> None:
        inbox = Inbox(server.endpoints, OPEN)
        async with inbox.subscribed(pattern, client):
            server.process.terminate()
            await inbox.noted()
        assert inbox.notes == [DISCONNECTED]

    with serving(pattern, OPEN) as server:
        run(test(server))


@each_client
@each_uvicorn_call
def test_the_death_of_a_called_server_is_noted_once(pattern: Pattern, client: ClientKind) -> None:
    async def test(server: Server) -> None:
        inbox = Inbox(server.endpoints, CALL)
        async with inbox.calling(pattern, client) as send:
            send(b"one")
            await inbox.has(1)
            server.process.kill()
            send(b"two")
            await inbox.noted()
            send(b"three")
        assert inbox.messages == [b"one"]
        assert inbox.notes == [DISCONNECTED]

    with serving(pattern, CALL) as server:
        run(test(server))


@each_uvicorn_broadcast
def test_the_death_of_the_server_ends_native_publishing(pattern: Pattern) -> None:
    async def test(server: Server) -> None:
        inbox = Inbox(server.endpoints, OPEN)
        async with inbox.publishing(pattern, Ingress.NATIVE) as send:
            server.process.kill()
            server.process.wait()
            for message in texts(20):
                send(message)
        assert inbox.notes == [DISCONNECTED]

    with serving(pattern, OPEN) as server:
        run(test(server))


@each_client
@pytest.mark.parametrize("pattern", ON_UVICORN, ids=named)
def test_leaving_twice_and_nobody_there(pattern: Pattern, client: ClientKind) -> None:
    workload = OPEN if Exchange.BROADCAST in pattern.exchanges else CALL
    natively = [pattern.publish[Ingress.NATIVE]] if pattern.publish else []

    async def twice(inbox: Inbox) -> None:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(entered(inbox))
            await stack.aclose()
            await stack.aclose()
        assert inbox.notes == []

    async def nobody(inbox: Inbox) -> None:
        for entering in (
            entered(inbox),
            *(publish(inbox.seat, print_nothing) for publish in natively),
        ):
            with pytest.raises(OSError, match="onnect"):
                await entering.__aenter__()

    def entered(inbox: Inbox) -> AbstractAsyncContextManager[Send | None]:
        if workload is CALL:
            return inbox.calling(pattern, client)
        return inbox.subscribed(pattern, client)

    with serving(pattern, workload) as server:
        inbox = Inbox(server.endpoints, workload)
        run(twice(inbox))
    run(nobody(inbox))


@pytest.mark.parametrize("pattern", broadcasting(ON_UVICORN), ids=named)
@each_client
def test_an_error_of_the_reader_comes_out_of_the_context(
    serve: Serve, pattern: Pattern, client: ClientKind
) -> None:
    subscribe = pattern.clients[client].subscribe
    assert subscribe is not None

    async def test() -> None:
        failed = asyncio.Event()

        mine = KeyError("the reader's own")

        def deliver(_message: bytes) -> None:
            failed.set()
            raise mine

        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        inbox = Inbox(serve(pattern, OPEN), OPEN)

        async def read() -> None:
            async with (
                subscribe(inbox.seat, deliver),
                publish_to_feed(inbox.seat, print_nothing) as send,
            ):
                send(b"a message")
                await asyncio.wait_for(failed.wait(), 10)

        with pytest.raises((KeyError, httptools.HttpParserCallbackError)) as caught:
            await read()
        assert mine in (caught.value, caught.value.__context__)

    run(test())


@each_client
@each_uvicorn_broadcast
def test_entering_can_be_cancelled_at_any_time(
    serve: Serve, pattern: Pattern, client: ClientKind
) -> None:
    async def test() -> None:
        inbox = Inbox(serve(pattern, OPEN), OPEN)
        entered = False
        turns = 0
        while not entered:
            stack = AsyncExitStack()
            entering = asyncio.create_task(
                stack.enter_async_context(inbox.subscribed(pattern, client))
            )
            for _ in range(turns):
                await asyncio.sleep(0)
            turns += 1
            entering.cancel()
            try:
                await entering
                entered = True
            except asyncio.CancelledError:
                assert not entered
            await stack.aclose()
            entered = entered or turns > 40

    run(test())


@each_client
@pytest.mark.parametrize("pattern", ON_UVICORN, ids=named)
def test_leaving_a_frozen_server_ends_when_the_deadline_cuts_it(
    pattern: Pattern, client: ClientKind
) -> None:
    workload = OPEN if Exchange.BROADCAST in pattern.exchanges else CALL

    async def test(server: Server) -> None:
        inbox = Inbox(server.endpoints, workload)
        stack = AsyncExitStack()
        if workload is CALL:
            send = await stack.enter_async_context(inbox.calling(pattern, client))
        else:
            await stack.enter_async_context(inbox.subscribed(pattern, client))
            send = await stack.enter_async_context(inbox.publishing(pattern, Ingress.NATIVE))
        server.process.send_signal(signal.SIGSTOP)
        for message in texts(10, 1 << 20):
            send(message)
        with suppress(TimeoutError):
            await asyncio.wait_for(stack.aclose(), 0.3)

    with serving(pattern, workload) as server:
        try:
            run(test(server))
        finally:
            server.process.send_signal(signal.SIGCONT)


@each_client
@pytest.mark.slow
@pytest.mark.alone
def test_a_poll_that_is_overdue_follows_its_answer_and_the_next_is_on_the_grid(
    client: ClientKind,
) -> None:
    asked_s: list[float] = []
    slow_s, interval_s = 0.5, 0.2

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                asked_s.append(time.monotonic())
                if len(asked_s) == 3:
                    await asyncio.sleep(slow_s)
                writer.write(b"HTTP/1.1 200 OK\r\nx-cursor: 0\r\ncontent-length: 0\r\n\r\n")
                if len(asked_s) == 6:
                    enough.set()
        writer.close()
        await writer.wait_closed()
        ended.set()

    async def test() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        workload = Workload(poll_interval=interval_s)
        inbox = Inbox(Endpoints(urls={"http": f"http://{host}:{port}"}), workload)
        async with inbox.subscribed(rest_polling.REST_POLLING, client):
            await enough.wait()
        server.close()
        await server.wait_closed()
        await ended.wait()

    enough, ended = asyncio.Event(), asyncio.Event()
    run(test())
    _, first, slow, overdue, *regular = asked_s
    assert slow - first == pytest.approx(interval_s, abs=0.08)
    assert overdue - slow == pytest.approx(slow_s, abs=0.08)
    # Of the grid points 1, 2 and 3 intervals later, 1 and 2 passed; the overdue poll is theirs.
    assert [at - slow for at in regular] == pytest.approx(
        [3 * interval_s, 4 * interval_s], abs=0.08
    )


def test_polls_are_due_on_a_grid_that_seed_and_seat_decide() -> None:
    def grid(index: int, seed: int = 1) -> Grid:
        workload = Workload(poll_interval=0.02, seed=seed)
        seat = Seat(endpoints=Endpoints(urls={}), workload=workload, index=index)
        return Grid.of(seat, 1_000_000_000)

    assert grid(0) == grid(0)
    starts = [grid(index).start_ns - 1_000_000_000 for index in range(64)]
    assert len(set(starts)) == 64
    assert all(0 <= start < 20_000_000 for start in starts)
    assert grid(0, seed=2).start_ns != grid(0).start_ns


@pytest.mark.parametrize(
    ("now_ns", "due_ns"),
    [(0, 7), (6, 7), (7, 17), (8, 17), (16, 17), (17, 27), (1_006, 1_007), (1_007, 1_017)],
)
def test_the_next_poll_is_later_than_now_and_missed_ones_are_skipped(
    now_ns: int, due_ns: int
) -> None:
    assert Grid(start_ns=7, interval_ns=10).after(now_ns) == due_ns
