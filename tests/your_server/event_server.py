"""An event stream whose events have a name, and which relays what is posted."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_EVERY_S = 0.01


@contextmanager
def naming(name: str, sent: Callable[[], bytes] | None = None) -> Iterator[str]:
    """Serve a stream of what is posted (or of what ``sent`` gives) under a name; give its URL."""
    readers: list[queue.Queue[bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            mine: queue.Queue[bytes] = queue.Queue()
            readers.append(mine)  # first: whoever has the header misses nothing
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            while True:
                try:
                    data = mine.get(timeout=_EVERY_S)
                except queue.Empty:
                    data = sent() if sent is not None else b""
                # A comment says nothing, but fails once the reader has gone.
                event = b"event: %b\ndata: %b\n\n" % (name.encode(), data) if data else b":\n\n"
                try:
                    self.wfile.write(event)
                except OSError:
                    return

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            for reader in readers:
                reader.put(data)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/events"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
