"""The two ends of a relayed connection, on sockets of one process."""

from __future__ import annotations

import asyncio
import time

from harness.network.clockwork import Clockwork, Way
from harness.network.line import Line, Shape
from harness.network.relay import TcpEnd


async def test_an_end_that_connects_after_the_other_left_is_closed() -> None:
    loop = asyncio.get_running_loop()
    left = loop.create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            left.set_result(await reader.read())
        except ConnectionResetError as error:
            left.set_result(error)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        clockwork = Clockwork()
        forth, back = (Way(Line(Shape(rtt_ns=2), 0, lambda: 0.5), clockwork, 1) for _ in range(2))
        near, far = TcpEnd(forth, back), TcpEnd(back, forth)
        near.connection_lost(None)
        await loop.create_connection(lambda: far, host, port)
        await asyncio.wait_for(left, 5)
        assert far.transport.is_closing()


async def test_what_is_read_after_the_relay_was_away_may_have_waited_for_it() -> None:
    clockwork = Clockwork()
    assert clockwork.waited_ns(0) == 0
    away_ns = 30_000_000
    end_ns = time.monotonic_ns() + away_ns
    while time.monotonic_ns() < end_ns:
        pass
    assert clockwork.waited_ns(time.monotonic_ns()) >= 0.9 * away_ns
