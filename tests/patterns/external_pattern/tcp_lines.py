"""Messages as lines of text over TCP: a pattern in a package of its own, server included."""

import asyncio
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import harness.pattern as abec
from harness.workload import ClientKind, Exchange, Ingress

LONGEST = 2 << 20


async def serve():
    subscribers = set()

    async def relay(reader, writer):
        with suppress(ConnectionError):
            if await reader.readline() == b"subscribe\n":
                subscribers.add(writer)
            writer.write(b"ready\n")
            async for line in reader:
                for subscriber in subscribers:
                    subscriber.write(line)
        subscribers.discard(writer)
        writer.close()

    server = await asyncio.start_server(relay, "127.0.0.1", 0, limit=LONGEST)
    print("tcp://{}:{}".format(*server.sockets[0].getsockname()), flush=True)
    await server.serve_forever()


@asynccontextmanager
async def connected(seat, role, deliver):
    async def read():
        with suppress(ConnectionError):
            async for line in reader:
                deliver(line[:-1])
        seat.note(abec.DISCONNECTED)

    at = urlsplit(seat.endpoints["lines"])
    reader, writer = await asyncio.open_connection(at.hostname, at.port, limit=LONGEST)
    writer.write(role)
    await reader.readline()
    reading = asyncio.create_task(read())
    try:
        yield writer
    finally:
        reading.cancel()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def publish(seat, sent):
    async with connected(seat, b"publish\n", deliver=sent) as writer:

        def send(message):
            if not writer.is_closing():
                writer.write(message + b"\n")
                sent(message)

        yield send


@asynccontextmanager
async def subscribe(seat, deliver):
    async with connected(seat, b"subscribe\n", deliver):
        yield


TCP_LINES = abec.Pattern(
    name="tcp_lines",
    block=abec.EDGE,
    exchanges=frozenset({Exchange.BROADCAST}),
    path="line → TCP relay → line",
    guarantees="none: who is away misses messages",
    stack="asyncio",
    servers=lambda _: [
        abec.ServerSpec(name="lines", argv=("{python}", "-m", "tcp_lines"), roles=("lines",))
    ],
    publish=dict.fromkeys(Ingress, publish),
    clients={ClientKind.LIBRARY: abec.Client(subscribe=subscribe)},
)

if __name__ == "__main__":
    asyncio.run(serve())
