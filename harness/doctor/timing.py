"""How late timers are here, and what it costs to wake another process over loopback."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import time

import numpy as np
import uvloop

from harness.doctor.check import Check, fail, ok, warn
from harness.load.pacer import Pacer
from harness.machine import Machine
from harness.process.pool import FreshProcesses
from harness.report.units import seconds
from harness.timerfd import tighten_timer_slack

_RATE = 5_000
_TIMER_S = 1.0
_LEAD_NS = 20_000_000
_SHARE_OF_GAP = 0.3
"""The rule of validity: p99 of the lateness against the mean gap between messages."""
_ROUND_TRIPS = 2_000
_SLOW_ROUND_TRIP_S = 500e-6
_CONNECT_S = 20.0


def pacing(machine: Machine) -> Check:
    """Let the pacer release at 5,000/s in a load process of its own, and see how late it is."""
    with FreshProcesses() as pool:
        median_s, tail_s = pool.submit(_lateness, _load_core(machine)).result()
    text = (
        f"pacing: late by {seconds(median_s)} at the median, {seconds(tail_s)} at p99, "
        f"at {_RATE:,}/s"
    )
    if tail_s <= _SHARE_OF_GAP / 1_000:
        return ok(text)
    bearable = _SHARE_OF_GAP / tail_s
    text += f"; valid up to about {bearable:,.0f} msg/s"
    remedy = "end what else runs, or use a quieter machine"
    # A late tail may be somebody else's moment; a late median is how this machine is.
    return warn(text, remedy) if median_s <= _SHARE_OF_GAP / 1_000 else fail(text, remedy)


def wake_ups(machine: Machine) -> Check:
    """Play ping-pong over loopback, across cores and within one."""
    here = machine.cores[0]
    across = _round_trip_s(here, _load_core(machine))
    within = _round_trip_s(here, here)
    text = (
        f"wake-up: {seconds(across)} a round trip over loopback across cores, "
        f"{seconds(within)} within one"
    )
    if across > _SLOW_ROUND_TRIP_S:
        return warn(
            f"{text}; no latency here is below that",
            "let cores sleep less deeply (idle=poll, or a machine without a hypervisor)",
        )
    return ok(text)


def _load_core(machine: Machine) -> int:
    return (machine.cores[1:] or machine.cores)[0]


def _lateness(core: int) -> tuple[float, float]:
    """Give median and p99 in seconds; runs in a process of its own."""
    os.sched_setaffinity(0, {core})
    tighten_timer_slack()
    gc.freeze()
    gc.disable()
    late_ns = uvloop.run(_released())
    median_ns, tail_ns = np.quantile(late_ns, (0.5, 0.99))
    return float(median_ns) / 1e9, float(tail_ns) / 1e9


async def _released() -> list[int]:
    await asyncio.sleep(0)
    first = time.monotonic_ns() + _LEAD_NS
    due_ns = [first + i * 1_000_000_000 // _RATE for i in range(round(_RATE * _TIMER_S))]
    late_ns: list[int] = []
    clock = time.monotonic_ns
    with Pacer(due_ns, lambda number: late_ns.append(clock() - due_ns[number])) as pacer:
        await pacer.finished()
    return late_ns


def _round_trip_s(ping_core: int, pong_core: int) -> float:
    """Give the median round trip between two blocking processes pinned to these cores."""
    before = os.sched_getaffinity(0)
    with socket.create_server(("127.0.0.1", 0)) as listener, FreshProcesses() as pool:
        listener.settimeout(_CONNECT_S)
        pong = pool.submit(_pong, listener.getsockname(), pong_core)
        try:
            with listener.accept()[0] as connection:
                os.sched_setaffinity(0, {ping_core})
                took_ns = _ping(connection)
        finally:
            os.sched_setaffinity(0, before)
        pong.result()
    return float(np.median(took_ns)) / 1e9


def _ping(connection: socket.socket) -> list[int]:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    clock = time.monotonic_ns
    took_ns = []
    for _ in range(_ROUND_TRIPS):
        began = clock()
        connection.send(b".")
        connection.recv(1)
        took_ns.append(clock() - began)
    return took_ns


def _pong(address: tuple[str, int], core: int) -> None:
    """Send back whatever comes, until the other side is done; runs in a process of its own."""
    os.sched_setaffinity(0, {core})
    with socket.create_connection(address) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while received := connection.recv(1):
            connection.send(received)
