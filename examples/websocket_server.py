"""A WebSocket server that sends each frame to all: python websocket_server.py [PORT]"""

import asyncio
import sys

from websockets.asyncio.server import broadcast, serve

clients = set()


async def relay(websocket):
    clients.add(websocket)
    try:
        async for message in websocket:
            broadcast(clients, message)
    finally:
        clients.remove(websocket)


async def main(port):
    async with serve(relay, "127.0.0.1", port, compression=None) as server:
        print("ws://{}:{}/".format(*server.sockets[0].getsockname()), flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 8080))
