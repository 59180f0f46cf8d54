"""The public conformance kit: each promise of ``harness.pattern`` is one check.

``await check_pattern(pattern, ClientKind.WIRE)`` starts the pattern's servers, proves every
promise against them, and names what it proved. The first promise that is broken is raised as
``PromiseBroken``, in a sentence.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from itertools import chain
from pathlib import Path

from harness.envelope import MAX_PAYLOAD_BYTES, MIN_PAYLOAD_BYTES, PUBLISHER
from harness.errors import BadInput
from harness.pattern import BROKER, DISCONNECTED, EDGE, Endpoints, Pattern
from harness.process.servers import started
from harness.registry import require_exchange
from harness.rig import LEGAL, WORKLOAD, PromiseBroken, Rig, Subject, connected, legal_message
from harness.workload import ClientKind, Exchange, Ingress, Workload

LARGER_SIZES = (256, 64 << 10, MAX_PAYLOAD_BYTES)

_BURST = 200
_PUBLISHERS = 2
_RECEIVERS = 3
_ENTRIES = 5
"""How often a subscription is entered to prove that the message right after it arrives."""


async def check_pattern(
    pattern: Pattern,
    kind: ClientKind,
    endpoints: Endpoints | None = None,
    *,
    asked: Workload = WORKLOAD,
    patience_s: float = 10.0,
) -> tuple[str, ...]:
    """Prove every promise with one client, over all exchanges and ingresses; say what is proved.

    ``asked`` holds the options that the pattern is to be used with.

    Without ``endpoints`` the servers are started here, and killed at the end to prove that
    their death is noted. With them they are the caller's, and so is ``check_death``. Nothing
    may take longer than ``patience_s`` seconds.

    Raises:
        PromiseBroken: the pattern does not keep a promise.
        ServerFailed: its servers do not start.
    """
    if endpoints is None:
        with started(pattern.servers(asked), asked) as running:
            proved = await check_pattern(
                pattern, kind, running.endpoints, asked=asked, patience_s=patience_s
            )

            def kill() -> None:
                for child in running.children:
                    child.kill()

            death = await check_death(
                pattern, (kind,), running.endpoints, kill, patience_s=patience_s
            )
            return (*proved, death)
    _check_value(pattern, kind)
    return tuple(
        [
            await _prove(check, subject)
            for subject in _subjects(pattern, kind, endpoints, patience_s, asked)
            for check in _CHECKS
        ]
    )


async def check_death(
    pattern: Pattern,
    kinds: Sequence[ClientKind],
    endpoints: Endpoints,
    kill: Callable[[], None],
    *,
    patience_s: float = 10.0,
) -> str:
    """Prove that receivers of all ``kinds`` note the death of the servers, which ``kill`` ends.

    Raises:
        PromiseBroken: a receiver does not note it, or what comes afterwards hangs.
    """
    subjects = [
        subject for kind in kinds for subject in _subjects(pattern, kind, endpoints, patience_s)
    ]

    async def _death_of_the_server_is_noted(_first: Subject) -> None:
        async with AsyncExitStack() as stack:
            rigs = [await stack.enter_async_context(connected(subject)) for subject in subjects]
            kill()
            for rig in rigs:
                # An idle pool of connections may learn of it by using one.
                if rig.subject.exchange.both_ways:
                    rig.sends[0](legal_message(0))
                await rig.noted(DISCONNECTED)
                rig.sends[0](legal_message(1))

    return await _prove(_death_of_the_server_is_noted, subjects[0])


def _subjects(
    pattern: Pattern,
    kind: ClientKind,
    endpoints: Endpoints,
    patience_s: float,
    asked: Workload = WORKLOAD,
) -> Iterator[Subject]:
    for exchange in sorted(pattern.exchanges):
        for ingress in (Ingress.FEED,) if exchange.both_ways else sorted(pattern.publish):
            yield Subject(
                pattern=pattern,
                kind=kind,
                exchange=exchange,
                ingress=ingress,
                endpoints=endpoints,
                patience_s=patience_s,
                asked=asked,
            )


async def _prove(check: Callable[[Subject], Awaitable[None]], subject: Subject) -> str:
    promise = f"{subject}: {check.__name__.strip('_').replace('_', ' ')}"
    try:
        async with asyncio.timeout(3 * subject.patience_s):
            await check(subject)
    except PromiseBroken as broken:
        raise PromiseBroken(f"{promise}: broken; {broken}") from broken
    except TimeoutError as late:
        raise PromiseBroken(f"{promise}: broken; it hangs") from late
    except Exception as error:
        error.add_note(promise)
        raise
    return promise


async def _first_message_after_entering_arrives(subject: Subject) -> None:
    for entry in range(_ENTRIES):
        async with connected(subject) as rig:
            rig.sends[0](legal_message(entry))
            _expect_same(await rig.arrivals(1), [legal_message(entry)], f"entry {entry + 1}")


async def _every_legal_payload_arrives_unchanged(subject: Subject) -> None:
    # Each legal byte once as the padding's first and once as the message's last.
    messages = [legal_message(sequence, MIN_PAYLOAD_BYTES) for sequence in range(len(LEGAL))]
    messages += [legal_message(sequence, size) for size in LARGER_SIZES for sequence in range(4)]
    async with connected(subject) as rig:
        for message in messages:
            rig.sends[0](message)
        received = await rig.arrivals(len(messages))
        what = f"payloads of {MIN_PAYLOAD_BYTES} B to 1 MiB"
        _expect_same(received, messages, what, in_order=subject.ordered)
        if not all(type(message) is bytes for message in received):
            raise PromiseBroken(f"deliver got {type(received[0]).__name__} instead of bytes")


async def _messages_arrive_in_order_and_once(subject: Subject) -> None:
    messages = [legal_message(sequence) for sequence in range(_BURST)]
    async with connected(subject) as rig:
        for message in messages[:-1]:
            rig.sends[0](message)
        await rig.arrivals(_BURST - 1)
        # What comes twice has the time of a message's whole way to do so.
        rig.sends[0](messages[-1])
        received = await rig.arrivals(_BURST)
        _expect_same(received, messages, "received", in_order=subject.ordered)
        _expect_same(rig.sent, messages, "handed to sent")
        if noted := rig.notes + rig.publisher_notes:
            raise PromiseBroken(f"noted {noted} although nothing happened")


async def _several_receivers_get_what_is_theirs(subject: Subject) -> None:
    async with connected(subject, _RECEIVERS, _PUBLISHERS) as rig:
        messages = [
            [legal_message(sequence, publisher=sender) for sequence in range(_BURST)]
            for sender in range(len(rig.sends))
        ]
        for send, own in zip(rig.sends, messages, strict=True):
            for message in own:
                send(message)
        if subject.exchange is Exchange.WORK_QUEUE:
            received = await rig.arrivals(_PUBLISHERS * _BURST)
            _expect_same(sorted(received), sorted(chain(*messages)), "all consumers together")
            return
        await rig.arrivals(_RECEIVERS * _BURST * (1 if subject.exchange.calls else len(rig.sends)))
        for number, inbox in enumerate(rig.inboxes):
            theirs = messages[number : number + 1] if subject.exchange.calls else messages
            # Publishers may overtake one another; sorting is stable within each.
            _expect_same(
                sorted(inbox, key=lambda message: message[PUBLISHER]),
                list(chain(*theirs)),
                f"receiver {number + 1} of {_RECEIVERS}",
                in_order=subject.ordered,
            )


async def _leaving_drains_what_was_sent(subject: Subject) -> None:
    if subject.exchange.both_ways:
        return  # Who waits for what is owed is the harness; whoever leaves has it all.
    messages = [legal_message(sequence, 4096) for sequence in range(_BURST)]
    rig = Rig(subject, receivers=1)
    async with rig.receiver():
        async with rig.publisher() as send:
            for message in messages:
                send(message)
        _expect_same(await rig.arrivals(_BURST), messages, "received")


async def _leaving_twice_is_harmless(subject: Subject) -> None:
    rig = Rig(subject, receivers=1)
    contexts = [rig.receiver()] if subject.exchange.both_ways else [rig.receiver(), rig.publisher()]
    for context in contexts:
        await context.__aenter__()
    for context in contexts * 2:
        await context.__aexit__(None, None, None)
    if noted := rig.notes + rig.publisher_notes:
        raise PromiseBroken(f"leaving noted {noted}")
    async with connected(subject) as again:
        again.sends[0](legal_message(0))
        _expect_same(await again.arrivals(1), [legal_message(0)], "after entering again")


async def _no_task_and_no_socket_is_left(subject: Subject) -> None:
    tasks, sockets = asyncio.all_tasks(), _sockets()
    async with connected(subject, _RECEIVERS) as rig:
        rig.sends[0](legal_message(0))
        await rig.arrivals(_RECEIVERS if subject.exchange.to_all else 1)
    left: list[str] = []
    # A transport that is closed gives its socket back in one of the loop's next turns.
    for _turn in range(100):
        await asyncio.sleep(0)
        left = [task.get_name() for task in asyncio.all_tasks() - tasks]
        left += _sockets() - sockets
        if not left:
            return
    raise PromiseBroken(f"after leaving, there are still {', '.join(left)}")


_CHECKS = (
    _first_message_after_entering_arrives,
    _every_legal_payload_arrives_unchanged,
    _messages_arrive_in_order_and_once,
    _several_receivers_get_what_is_theirs,
    _leaving_drains_what_was_sent,
    _leaving_twice_is_harmless,
    _no_task_and_no_socket_is_left,
)


def _check_value(pattern: Pattern, kind: ClientKind) -> None:
    """Prove what can be seen without a server."""
    client = pattern.clients[kind]
    problem = ""
    if not pattern.exchanges:
        problem = "carries no exchange"
    elif pattern.block not in (EDGE, BROKER):
        problem = f"stands in block {pattern.block!r}; {EDGE} or {BROKER}"
    elif pattern.servers(WORKLOAD) != pattern.servers(WORKLOAD):
        problem = "gives other servers when it is asked again"
    elif pattern.exchanges & {Exchange.BROADCAST, Exchange.WORK_QUEUE} and not (
        client.subscribe and pattern.publish
    ):
        problem = f"has no subscribe ({kind}), or no publish"
    elif any(exchange.calls for exchange in pattern.exchanges) and not client.call:
        problem = f"has no call ({kind})"
    elif Exchange.GROUP in pattern.exchanges and not client.join:
        problem = f"has no join ({kind})"
    if problem:
        raise PromiseBroken(f"{pattern.name} {problem}")
    for exchange in set(Exchange) - pattern.exchanges:
        try:
            require_exchange(pattern, exchange)
        except BadInput:
            continue
        raise PromiseBroken(f"{pattern.name} with exchange {exchange} is not refused")


def _expect_same(
    received: Sequence[bytes], expected: Sequence[bytes], what: str, *, in_order: bool = True
) -> None:
    if list(received) == list(expected):
        return
    surplus, missing = Counter(received) - Counter(expected), Counter(expected) - Counter(received)
    if not surplus and not missing:
        if not in_order:
            return
        raise PromiseBroken(f"{what}: all there, but out of order")
    example = next(iter(surplus or missing))
    raise PromiseBroken(
        f"{what}: {surplus.total()} too many or changed, {missing.total()} missing, "
        f"for example {example[:80]!r} ({len(example):,} bytes)"
    )


def _sockets() -> set[str]:
    targets = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            targets.add(str(descriptor.readlink()))
        except FileNotFoundError:  # the descriptor that listed the directory
            continue
    return {target for target in targets if target.startswith("socket:")}
