"""Whether a server that the user named speaks what a pattern needs: asked before any load.

One receiver is connected as it will be in the run, one message is sent, and it has to come back.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

import httptools

from harness.errors import BadInput
from harness.given_server import expected, is_tls, roles
from harness.pattern import Endpoints, Pattern
from harness.rig import PromiseBroken, Rig, Subject, legal_message
from harness.wire.http import UnexpectedAnswer
from harness.wire.trust import distrust
from harness.workload import ClientKind, Ingress, Workload

PATIENCE_S = 5.0
"""For connecting, and again for the message."""
_POLL_S = 0.1
_HOW = "docs/your-server.md"
_NEEDED = {
    "rest": "an HTTP endpoint",
    "rest_polling": "an HTTP endpoint that is polled",
    "long_polling": "an HTTP endpoint that is polled",
    "sse": "an event stream",
    "websocket": "a WebSocket",
}
_PLAIN = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"})
"""What OpenSSL calls an answer that is none of TLS."""

_Entered = TypeVar("_Entered")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """A server as the user named it, and what is said of it if it is another one."""

    field: str
    url: str
    lacks: str

    def refused(self, problem: str) -> BadInput:
        return BadInput(self.field, self.url, problem)


def make_contact(pattern: Pattern, workload: Workload, patience_s: float = PATIENCE_S) -> None:
    """Send one message through the server at ``workload.url``.

    Raises:
        BadInput: nobody answers there, or what does so is no server that ``pattern`` can measure.
    """
    if not workload.elsewhere:
        return
    subject = Subject(
        pattern=pattern,
        kind=ClientKind.WIRE,
        exchange=workload.exchange,
        ingress=Ingress.FEED,
        endpoints=Endpoints(urls=roles(workload.url, workload.publish_url)),
        patience_s=patience_s,
        # Whoever polls once an hour would wait for an hour.
        asked=replace(workload, poll_interval=min(workload.poll_interval, _POLL_S)),
    )
    reading = _reading(pattern, workload.url)
    writing = (
        _Named(field="--publish-url", url=workload.publish_url, lacks="takes no messages")
        if workload.publish_url
        else reading
    )
    with _refusing(reading, patience_s):
        try:
            asyncio.run(_exchange(subject, reading, writing))
        except PromiseBroken as error:
            raise BadInput("--url", workload.url, _unrelayed(workload, patience_s)) from error


@contextmanager
def refusing_strangers(pattern: Pattern, url: str, patience_s: float) -> Iterator[None]:
    """Turn what a client raises as it connects into a line about ``--url``.

    Raises:
        BadInput: nobody answers there, or not as the pattern needs.
    """
    with _refusing(_reading(pattern, url), patience_s):
        yield


def _reading(pattern: Pattern, url: str) -> _Named:
    needed = _NEEDED.get(pattern.family, pattern.family)
    return _Named(field="--url", url=url, lacks=f"is not {needed}")


@contextmanager
def _refusing(named: _Named, patience_s: float) -> Iterator[None]:
    """Turn what a client raises into a line about the server that was ``named``."""
    lacks = named.lacks
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise named.refused(distrust(error)) from error
    except ssl.SSLError as error:
        raise named.refused(_without_tls(error)) from error
    except (UnexpectedAnswer, httptools.HttpParserError) as error:
        reason = " ".join(str(error).split())[:120]
        raise named.refused(f"{lacks}: {reason}; see {_HOW}") from error
    except ConnectionResetError as error:
        # Who wants a certificate of ours says so only after the handshake, and by ending.
        bare = "; no certificate of ours is sent" if is_tls(named.url) else ""
        raise named.refused(
            f"{lacks}: it ended the connection unanswered{bare}; see {_HOW}"
        ) from error
    except TimeoutError as error:
        raise named.refused(f"{lacks}: no answer within {patience_s:g} s; see {_HOW}") from error
    except OSError as error:
        raise named.refused(
            f"nothing accepts connections there ({_words(error)}); "
            "start the server, or correct host and port"
        ) from error


def _without_tls(error: ssl.SSLError) -> str:
    """Say why there was no handshake: the other side speaks no TLS, or not as we do."""
    reason = error.reason or "no reason given"
    if reason in _PLAIN:
        return f"speaks no TLS ({reason}); give http:// or ws://, or correct it"
    return (
        f"does not agree on TLS ({reason}); have it take TLS 1.2 or later with usual ciphers, and "
        "ask for no certificate of its clients: none is sent"
    )


async def _exchange(subject: Subject, reading: _Named, writing: _Named) -> None:
    # What a reader raises is raised again on leaving; the loop need not print it, too.
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    # Two, since a server may end the connection after one answer.
    messages = [legal_message(number, subject.asked.payload) for number in range(2)]
    rig, patience_s = Rig(subject, 1), subject.patience_s
    # A side that fails, even as it is left, is told by its own name before it gets to the other.
    async with asyncio.timeout(3 * patience_s), AsyncExitStack() as sides:
        if not subject.exchange.both_ways:
            sides.enter_context(_refusing(writing, patience_s))
            rig.sends.append(await _entered(sides, rig.publisher(), patience_s))
            sides.enter_context(_refusing(reading, patience_s))
        send = await _entered(sides, rig.receiver(), patience_s)
        if send is not None:
            rig.sends.append(send)
        for count, message in enumerate(messages, 1):
            rig.sends[0](message)
            arrived = await rig.arrivals(count)
            if not subject.asked.opaque and arrived[-1] != message:
                raise PromiseBroken("what came back is not what was sent")


async def _entered(
    sides: AsyncExitStack, side: AbstractAsyncContextManager[_Entered], patience_s: float
) -> _Entered:
    async with asyncio.timeout(patience_s):
        return await sides.enter_async_context(side)


def _words(error: OSError) -> str:
    """Give the kernel's words: asyncio has its own, with the address and a number."""
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or "no address of it does"


def _unrelayed(workload: Workload, patience_s: float) -> str:
    if workload.opaque:
        status = expected(workload.expect_status)
        return (
            f"two requests on one connection were not answered with {status} within "
            f"{patience_s:g} s; give --expect-status, or see {_HOW}"
        )
    if workload.exchange.calls:
        return (
            f"does not send back what it is sent within {patience_s:g} s; for any other server "
            f"give --expect-status 200, or see {_HOW}"
        )
    at = f" at {workload.publish_url}" if workload.publish_url else ""
    return (
        f"does not relay what is published{at} within {patience_s:g} s; see {_HOW}, or measure "
        "what it sends by itself with abec listen"
    )
