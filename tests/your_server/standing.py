"""Programs that are there already, as processes whose like is looked for: for one test each.

python standing.py listen ADDRESS PORT    listens; on each line forks a child, or ends it again
python standing.py forward NAME PORT      is called NAME, and passes connections on to PORT
python standing.py relay AFTER            relays WebSocket frames, and starts a worker after AFTER
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_PR_SET_NAME = 15
WORKED_S = 0.1
"""CPU time that a worker takes as it begins."""
_WORKER = f"""
import sys, time
while time.process_time() < {WORKED_S}:
    pass
sys.stdin.read()
"""


@contextmanager
def standing(*words: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start one; give it and the port at which it listens."""
    process = subprocess.Popen(
        (sys.executable, __file__, *words),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def tell(process: subprocess.Popen[str]) -> int:
    """Have a listener fork a child, or end it; give the child's process id."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def _listen(address: str, port: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as listener:
        # So that one may listen at an address and another at any.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((address, int(port)))
        listener.listen()
        print(listener.getsockname()[1], flush=True)
        child = 0
        for _ in sys.stdin:
            if child:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
            child = child or os.fork()
            if not child:
                # Its parent's end of the pipe may be closed, but not before that of this one.
                ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
                signal.pause()
            print(child, flush=True)


async def _forward(name: str, port: str) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, before = await asyncio.open_connection("127.0.0.1", int(port))
        await asyncio.gather(pass_on(reader, before), pass_on(behind, writer))

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def start_worker() -> None:
    """Start what ends with its pipe, however this process ends."""
    subprocess.Popen((sys.executable, "-c", _WORKER), stdin=subprocess.PIPE)


async def _relay(after: str) -> None:
    from websockets.asyncio.server import ServerConnection, broadcast, serve

    clients: set[ServerConnection] = set()
    relayed = 0

    async def relay(websocket: ServerConnection) -> None:
        nonlocal relayed
        clients.add(websocket)
        try:
            async for message in websocket:
                broadcast(clients, message)
                relayed += 1
                if relayed == int(after):
                    start_worker()
        finally:
            clients.remove(websocket)

    async with serve(relay, "127.0.0.1", 0, compression=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    what, *words = sys.argv[1:]
    if what == "listen":
        _listen(*words)
    else:
        asyncio.run(_forward(*words) if what == "forward" else _relay(*words))
