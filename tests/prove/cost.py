"""1.8: what measuring costs, and whether the generator keeps its time."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from zlib import crc32

import numpy as np

from harness.envelope import HEADER_BYTES, pack
from harness.load.loop import LoadLoop, Turns
from harness.load.stamps import Arrivals, Handovers
from harness.machine import Machine
from harness.measure.audit import audit
from harness.measure.ledger import ledger
from harness.measure.validity import LAG_SHARE
from harness.recording import Published, Recording
from harness.registry import load
from harness.scenario import BUILT_IN
from harness.workload import Workload
from tests.prove.claim import Claim, at_most, doubts, us
from tests.truth.seen import Seen, undisturbed, watch

_NS = 1_000_000_000
_COST_BOUND_S = 1.5e-6
_LATENESS_BOUND_S = 300e-6
_PAYLOAD = 256
_MESSAGES = 20_000
_REPEATS = 25


def prove(machine: Machine) -> Iterator[Claim]:
    """Time the path of a message through the instrument; then look at real runs."""
    yield at_most(
        f"hand over + stamp + record + audit of a {_PAYLOAD}-byte message, A B A B against nothing",
        cost_s(_MESSAGES, _REPEATS),
        _COST_BOUND_S,
        lambda seconds: f"{seconds * 1e6:.2f} µs",
    )
    ticker = _watched("sse", replace(BUILT_IN["ticker"].workload, duration=10), machine)
    late = ticker.result.pacer_lateness.p99
    yield Claim(
        what="pacer lateness at 1,000 msg/s, p99",
        figure=("∞" if late is None else us(late)) + doubts([ticker.result]),
        bound=f"≤ {us(_LATENESS_BOUND_S)}",
        ok=late is not None and late <= _LATENESS_BOUND_S,
    )
    for name in ("sse", "websocket"):
        chat = _watched(name, BUILT_IN["chat"].workload, machine)
        lag = next((d for d in chat.result.doubts if d.rule == "receiver lag"), None)
        yield Claim(
            what=f"receiver lag of {name} at chat, wire (p50 lag {_lag(chat)})",
            figure=lag.reason if lag else "within its rule",
            bound=f"its rule: {LAG_SHARE:.0%}",
            ok=lag is None,
        )


def cost_s(messages: int, repeats: int) -> float:
    """Give the seconds that each message costs: with all of it − with nothing, A B A B.

    The least of each side counts: whatever else runs only ever adds.
    """
    prepared = [pack(0, number, number, *_padding(number)) for number in range(messages)]
    workload = Workload(rate=float(messages), warmup=0, duration=1)
    loop = LoadLoop()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        pairs = [
            (
                _timed(lambda: _measured(prepared, loop.turns, workload)),
                _timed(lambda: _nothing(prepared)),
            )
            for _ in range(repeats)
        ]
    finally:
        gc.enable()
        gc.unfreeze()
        loop.close()
    return (min(full for full, _ in pairs) - min(empty for _, empty in pairs)) / messages


def _measured(messages: list[bytes], turns: Turns, workload: Workload) -> None:
    """Do all that the instrument does with messages, from handing over to the audit."""
    handovers = Handovers()
    arrivals = Arrivals(_PAYLOAD, turns)
    sent, (deliver,) = handovers.sent(), arrivals.delivers((0,))
    for message in messages:
        sent(message)
        deliver(message)
    publisher, sequence, sent_ns = handovers.table()
    due_ns = np.arange(len(messages), dtype=np.int64)
    recording = Recording(
        published=Published(
            publisher=publisher,
            sequence=sequence,
            due_ns=due_ns,
            released_ns=sent_ns,
            sent_ns=sent_ns,
        ),
        delivered=arrivals.table(lag=True),
    )
    balance = audit(ledger(recording, workload, 0, len(messages)))
    if balance.delivered != len(messages) or not balance.clean:
        raise AssertionError(f"what was timed is not what is promised: {balance}")


def _nothing(messages: list[bytes]) -> None:
    def sent(_message: bytes) -> None:
        return

    def deliver(_message: bytes) -> None:
        return

    for message in messages:
        sent(message)
        deliver(message)


def _timed(what: Callable[[], None]) -> float:
    begun_ns = time.thread_time_ns()
    what()
    return (time.thread_time_ns() - begun_ns) / _NS


def _padding(number: int) -> tuple[bytes, int]:
    text = (b"%08d" % number * (_PAYLOAD // 8))[: _PAYLOAD - HEADER_BYTES]
    return text, crc32(text)


def _watched(name: str, workload: Workload, machine: Machine) -> Seen:
    return undisturbed(lambda: watch(load(name), workload, machine))


def _lag(seen: Seen) -> str:
    lag = seen.result.receiver_lag.p50
    return "∞" if lag is None else us(lag)
