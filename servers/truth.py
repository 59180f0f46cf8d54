"""The instrument's test server: the uvicorn stack or the floor, with KNOWN faults.

Between publishing and fan-out, and between request and reply, messages are delayed, dropped,
duplicated, swapped with the next and corrupted by a plan, and a log tells what was done to
each. A request to ``POST /echo`` can only be delayed, corrupted, or dropped, which is answered
with 503; requests are delayed independently of one another, everything else in order.

Roles: http, feed; with ``--stack floor``: tcp, feed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
from pathlib import Path
from typing import cast

from servers import floor, uvicorn_stack
from servers.asgi import (
    Receive,
    Routes,
    Scope,
    Send,
    application,
    broadcast_routes,
    frame_of,
    read_body,
    respond,
)
from servers.contract import TOO_LONG
from servers.faults import (
    CORRUPT,
    DROP,
    FAULTS,
    FaultLog,
    Line,
    Plan,
    corrupted,
    read_envelope,
)
from servers.framing import FrameReader, FrameTooLong, frame
from servers.hub import MAIN_CHANNEL, Hub
from servers.serving import Options, argument_parser, options_of, publishing, run
from servers.timetable import Timetable

_NS = 1_000_000_000


def faulty_echo_routes(
    plan: Plan, fault_log: FaultLog, timetable: Timetable, max_message: int
) -> Routes:
    """Make the handlers of request/reply, with faults."""

    async def post_echo(_scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(receive, max_message)
        if body is None:
            await respond(send, 413, TOO_LONG.encode())
            return
        entry, delay = read_envelope(body, plan)
        if entry is None:
            await respond(send, 200, body)
            return
        fault_log.enter(entry)
        if entry.fault not in (DROP, CORRUPT):
            entry.fault = None
        await timetable.reach(entry.received_ns + delay)
        if entry.fault == DROP:
            await respond(send, 503, b"dropped on purpose")
            return
        entry.stamp()
        await respond(send, 200, corrupted(body) if entry.fault == CORRUPT else body)

    async def echo_frames(_scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        outbox: asyncio.Queue[bytes] = asyncio.Queue()
        line = Line(plan, fault_log, timetable, outbox.put_nowait)

        async def reply() -> None:
            while True:
                message = await outbox.get()
                await send({"type": "websocket.send", "text": message.decode()})

        replying = asyncio.create_task(reply())
        try:
            while (event := await receive())["type"] != "websocket.disconnect":
                if event["type"] == "websocket.receive":
                    line.put(frame_of(event))
        finally:
            replying.cancel()

    return {("POST", "/echo"): post_echo, ("WS echo", "/ws"): echo_frames}


class FaultyEcho(asyncio.Protocol):
    """The floor's echo, with faults, in order on its connection."""

    def __init__(
        self,
        transport: asyncio.Transport,
        plan: Plan,
        fault_log: FaultLog,
        timetable: Timetable,
        max_message: int,
    ) -> None:
        self._transport = transport
        self._reader = FrameReader(max_message)
        line = Line(plan, fault_log, timetable, self._reply)
        self._frames = publishing(line.put)

    def data_received(self, data: bytes) -> None:
        try:
            frames, ends = self._reader.cut(data)
        except FrameTooLong:
            self._transport.abort()
            return
        self._frames(frames, ends)

    def _reply(self, message: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(frame(message))


async def serve_floor(
    plan: Plan, fault_log: FaultLog, timetable: Timetable, options: Options
) -> None:
    """Run the floor with faults until SIGTERM."""
    relay = floor.Relay()

    def fan_out(message: bytes) -> None:
        whole = frame(message)
        relay.relay(whole, [len(whole)])

    await floor.serve(
        relay,
        lambda transport: FaultyEcho(transport, plan, fault_log, timetable, options.max_message),
        publishing(Line(plan, fault_log, timetable, fan_out).put),
        options,
    )


async def serve_uvicorn(
    plan: Plan, fault_log: FaultLog, timetable: Timetable, options: Options
) -> None:
    """Run the uvicorn stack with faults until SIGTERM."""
    hub = Hub(options.bounds)
    lines: dict[str, Line] = {}

    def publish(message: bytes, channel: str = MAIN_CHANNEL) -> int:
        # The cursor is the newest one known: a delayed message has none yet.
        line = lines.get(channel)
        if line is None:
            line = lines[channel] = Line(plan, fault_log, timetable, hub.channel(channel).publish)
        line.put(message)
        return hub.channel(channel).head

    routes = broadcast_routes(hub, options.heartbeat, options.max_message, publish)
    app = application(routes | faulty_echo_routes(plan, fault_log, timetable, options.max_message))
    await uvicorn_stack.serve(app, hub, publishing(publish), options)


async def main(stack: str, plan: Plan, fault_log: FaultLog, options: Options) -> None:
    """Run the server until SIGTERM, then write the fault log.

    Raises:
        OSError: the fault log cannot be written.
    """
    # A collection over a long log would be a delay of tens of ms that nobody planned.
    gc.freeze()
    gc.disable()
    serve = serve_floor if stack == "floor" else serve_uvicorn
    try:
        with Timetable() as timetable:
            await serve(plan, fault_log, timetable, options)
    finally:
        fault_log.write()


def truth_parser() -> argparse.ArgumentParser:
    """Make the parser of ``python -m servers.truth``."""
    parser = argument_parser("truth", "A server with known faults, to hold the instrument against.")
    add = parser.add_argument
    add("--stack", choices=("uvicorn", "floor"), default="uvicorn", help="what serves")
    add("--delay", type=_delay, default=0.0, help="seconds by which each message is delayed")
    add("--slow-fraction", type=_share, default=0.0, help="share of messages delayed otherwise")
    add("--slow-delay", type=_delay, default=0.0, help="seconds by which those are delayed")
    add("--seed", type=int, default=1, help="of the choice of slow messages")
    for fault in FAULTS:
        add(f"--{fault}", type=_period, default=0, help=f"{fault} every N-th message; 0: none")
    add("--fault-log", type=_new_file, help="JSON file of what was done, written at the end")
    return parser


def _delay(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 60:
        raise argparse.ArgumentTypeError(f"{text} is no delay; give 0 to 60 seconds")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no share; give 0 to 1")
    return value


def _period(text: str) -> int:
    value = int(text)
    if value != 0 and value < 10:
        raise argparse.ArgumentTypeError(f"{text}: faults would coincide; give 0, or 10 or more")
    return value


def _new_file(text: str) -> Path:
    path = Path(text)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text}: there is no directory {path.parent}")
    return path


def plan_of(arguments: argparse.Namespace) -> Plan:
    """Read the fault plan out of parsed ``arguments``."""
    return Plan(
        delay_ns=round(arguments.delay * _NS),
        slow_delay_ns=round(arguments.slow_delay * _NS),
        slow_fraction=arguments.slow_fraction,
        seed=arguments.seed,
        **{fault: cast(int, getattr(arguments, fault)) for fault in FAULTS},
    )


if __name__ == "__main__":
    given = truth_parser().parse_args()
    run("truth", main(given.stack, plan_of(given), FaultLog(given.fault_log), options_of(given)))
