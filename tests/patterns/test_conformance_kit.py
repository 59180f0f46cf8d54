"""The kit itself: every way to break a promise on a floor that runs is found and named."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from threading import Thread
from typing import Any, cast

import pytest
import uvloop

from harness.conformance import check_death, check_pattern
from harness.pattern import (
    Client,
    Deliver,
    Endpoints,
    Pattern,
    Publish,
    Seat,
    Send,
    Sent,
    Subscribe,
)
from harness.process.servers import started
from harness.registry import load
from harness.rig import LEGAL, WORKLOAD, PromiseBroken
from harness.workload import ClientKind, Exchange, Ingress

FLOOR = load("floor")
SUBSCRIBE = cast(Subscribe, FLOOR.clients[ClientKind.WIRE].subscribe)
PUBLISH = FLOOR.publish[Ingress.FEED]


@pytest.fixture(scope="module")
def endpoints() -> Iterator[Endpoints]:
    """Run one floor for all tests but those that kill it."""
    with started(FLOOR.servers(WORKLOAD), WORKLOAD) as running:
        yield running.endpoints


def run(test: Coroutine[Any, Any, Any]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(test)


def broadcasting(subscribe: Subscribe = SUBSCRIBE, publish: Publish = PUBLISH) -> Pattern:
    return replace(
        FLOOR,
        name="mine",
        exchanges=frozenset({Exchange.BROADCAST}),
        publish={Ingress.FEED: publish},
        clients={ClientKind.WIRE: Client(subscribe=subscribe)},
    )


def delivering(change: Callable[[Deliver], Deliver]) -> Pattern:
    """Make the floor with something between it and ``deliver``."""
    return broadcasting(lambda seat, deliver: SUBSCRIBE(seat, change(deliver)))


def loses_some(deliver: Deliver) -> Deliver:
    count = iter(range(1 << 20))
    return lambda message: None if next(count) % 150 == 149 else deliver(message)


def duplicates_some(deliver: Deliver) -> Deliver:
    count = iter(range(1 << 20))

    def twice(message: bytes) -> None:
        deliver(message)
        if next(count) % 150 == 149:
            deliver(message)

    return twice


def swaps(deliver: Deliver) -> Deliver:
    held: list[bytes] = []

    def two_by_two(message: bytes) -> None:
        if message.startswith(b"0000" + b"%010x" % 150):
            held.append(message)
            return
        deliver(message)
        while held:
            deliver(held.pop())

    return two_by_two


def strips(deliver: Deliver) -> Deliver:
    return lambda message: deliver(message.rstrip())


def cuts_long_ones(deliver: Deliver) -> Deliver:
    return lambda message: deliver(message[: 1 << 16])


def copies(deliver: Deliver) -> Deliver:
    return lambda message: deliver(bytearray(message))  # type: ignore[arg-type]


def crosses_threads(deliver: Deliver) -> Deliver:
    def elsewhere(message: bytes) -> None:
        errors: list[Exception] = []

        def call() -> None:
            try:
                deliver(message)
            except PromiseBroken as broken:
                errors.append(broken)

        thread = Thread(target=call)
        thread.start()
        thread.join()
        for error in errors:
            raise error

    return elsewhere


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (loses_some, "messages arrive in order and once: broken; 198 of 199 messages arrived"),
        (duplicates_some, "messages arrive in order and once: broken; received: .* too many"),
        (swaps, "messages arrive in order and once: broken; received: all there, but out of order"),
        (strips, "every legal payload arrives unchanged: broken; .* 64 B to 1 MiB: 1 too many"),
        (cuts_long_ones, "every legal payload arrives unchanged: broken; .*4 too many or changed"),
        (copies, "deliver got bytearray instead of bytes"),
        (crosses_threads, "first message after entering arrives: broken"),
    ],
)
def test_what_a_delivery_does_wrong_is_found(
    endpoints: Endpoints, change: Callable[[Deliver], Deliver], found: str
) -> None:
    with pytest.raises(PromiseBroken, match=f"^mine wire broadcast feed: .*{found}"):
        run(check_pattern(delivering(change), ClientKind.WIRE, endpoints, patience_s=0.3))


@asynccontextmanager
async def enters_too_early(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    async def subscribe() -> None:
        await asyncio.sleep(0.05)
        async with SUBSCRIBE(seat, deliver):
            await asyncio.Event().wait()

    task = asyncio.create_task(subscribe())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))


@asynccontextmanager
async def leaves_a_task(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    async with SUBSCRIBE(seat, deliver):
        yield
    task = asyncio.create_task(asyncio.sleep(3600), name="forgotten")
    assert not task.done()


@asynccontextmanager
async def leaves_a_socket(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    async with SUBSCRIBE(seat, deliver):
        yield
    asyncio.get_running_loop().call_later(3600, socket.socket().close)


@asynccontextmanager
async def notes_its_own_leaving(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    async with SUBSCRIBE(seat, deliver):
        yield
    seat.note("disconnected")


@asynccontextmanager
async def hangs_on_leaving(seat: Seat, deliver: Deliver) -> AsyncIterator[None]:
    async with SUBSCRIBE(seat, deliver):
        yield
    await asyncio.Event().wait()


@asynccontextmanager
async def gives_something(seat: Seat, deliver: Deliver) -> AsyncIterator[Any]:
    async with SUBSCRIBE(seat, deliver):
        yield print


@pytest.mark.parametrize(
    ("subscribe", "found"),
    [
        (enters_too_early, "first message after entering arrives: broken; 0 of 1 messages arrived"),
        (leaves_a_task, "no task and no socket is left: broken; .* still forgotten"),
        (leaves_a_socket, "no task and no socket is left: broken; .* still socket:"),
        (notes_its_own_leaving, r"leaving twice is harmless: broken; leaving noted \['disconn"),
        (hangs_on_leaving, "first message after entering arrives: broken; it hangs"),
        (gives_something, "entering gives .*; a call gives its Send, a subscription nothing"),
    ],
)
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_what_a_subscription_does_wrong_is_found(
    endpoints: Endpoints, subscribe: Subscribe, found: str
) -> None:
    with pytest.raises(PromiseBroken, match=f"^mine wire broadcast feed: .*{found}"):
        run(check_pattern(broadcasting(subscribe), ClientKind.WIRE, endpoints, patience_s=0.3))


@asynccontextmanager
async def drops_what_waits(seat: Seat, sent: Sent) -> AsyncIterator[Send]:
    async with PUBLISH(seat, sent) as send:
        loop = asyncio.get_running_loop()
        timers = []

        def later(message: bytes) -> None:
            timers.append(loop.call_later(0.01, send, message))

        yield later
        for timer in timers:
            timer.cancel()


def tells_of_no_sending(seat: Seat, _sent: Sent) -> Any:
    return PUBLISH(seat, lambda _message: None)


@pytest.mark.parametrize(
    ("publish", "found"),
    [
        (drops_what_waits, "leaving drains what was sent: broken; 0 of 200 messages arrived"),
        (tells_of_no_sending, "handed to sent: 0 too many or changed, 200 missing"),
    ],
)
def test_what_a_publisher_does_wrong_is_found(
    endpoints: Endpoints, publish: Publish, found: str
) -> None:
    with pytest.raises(PromiseBroken, match=f"^mine wire broadcast feed: .*{found}"):
        run(
            check_pattern(broadcasting(publish=publish), ClientKind.WIRE, endpoints, patience_s=0.3)
        )


def deaf(seat: Seat, deliver: Deliver) -> Any:
    return SUBSCRIBE(replace(seat, note=lambda _cause: None), deliver)


def test_a_death_that_is_not_noted_is_found() -> None:
    with started(FLOOR.servers(WORKLOAD), WORKLOAD) as running:
        death = check_death(
            broadcasting(deaf),
            (ClientKind.WIRE,),
            running.endpoints,
            running.children[0].kill,
            patience_s=0.3,
        )
        with pytest.raises(PromiseBroken, match="did not note disconnected within"):
            run(death)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (replace(broadcasting(), exchanges=frozenset()), "mine carries no exchange"),
        (replace(broadcasting(), block="middle"), "mine stands in block 'middle'; edge or broker"),
        (
            replace(broadcasting(), publish={}),
            r"mine has no subscribe \(wire\), or no publish",
        ),
        (
            replace(broadcasting(), exchanges=frozenset({Exchange.REQUEST_REPLY})),
            r"mine has no call \(wire\)",
        ),
        (
            replace(broadcasting(), servers=lambda _workload: [object()]),  # type: ignore[list-item]
            "mine gives other servers when it is asked again",
        ),
    ],
)
def test_a_value_that_is_incomplete_is_found(
    endpoints: Endpoints, pattern: Pattern, found: str
) -> None:
    with pytest.raises(PromiseBroken, match=f"^{found}$"):
        run(check_pattern(pattern, ClientKind.WIRE, endpoints))


def test_legal_bytes_are_printable_and_need_no_escaping() -> None:
    assert len(LEGAL) == 93
    assert LEGAL.decode().isprintable()
    assert not set(LEGAL) & set(b'"\\')
