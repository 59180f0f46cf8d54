"""Whether a server that the user named speaks what a pattern needs: asked before any load.

One receiver is connected as it will be in the run, one message is sent, and it has to come back.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import httptools

from harness.errors import BadInput
from harness.given_server import expected, roles
from harness.pattern import Endpoints, Pattern
from harness.rig import PromiseBroken, Subject, connected, legal_message
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
    with refusing_strangers(pattern, workload.url, patience_s):
        try:
            asyncio.run(_exchange(subject))
        except PromiseBroken as error:
            raise BadInput("--url", workload.url, _unrelayed(workload, patience_s)) from error


@contextmanager
def refusing_strangers(pattern: Pattern, url: str, patience_s: float) -> Iterator[None]:
    """Turn what a client raises as it connects into a line about ``url``.

    Raises:
        BadInput: nobody answers there, or not as the pattern needs.
    """
    needed = _NEEDED.get(pattern.family, pattern.family)
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise BadInput("--url", url, distrust(error)) from error
    except ssl.SSLError as error:
        raise BadInput(
            "--url", url, f"speaks no TLS ({error.reason}); give http:// or ws://, or correct it"
        ) from error
    except (UnexpectedAnswer, httptools.HttpParserError) as error:
        reason = " ".join(str(error).split())[:120]
        raise BadInput("--url", url, f"is not {needed}: {reason}; see {_HOW}") from error
    except ConnectionResetError as error:
        raise BadInput(
            "--url", url, f"is not {needed}: it ended the connection unanswered; see {_HOW}"
        ) from error
    except TimeoutError as error:
        raise BadInput(
            "--url", url, f"is not {needed}: no answer within {patience_s:g} s; see {_HOW}"
        ) from error
    except OSError as error:
        raise BadInput(
            "--url",
            url,
            f"nothing accepts connections there ({_words(error)}); "
            "start the server, or correct host and port",
        ) from error


async def _exchange(subject: Subject) -> None:
    # What a reader raises is raised again on leaving; the loop need not print it, too.
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    # Two, since a server may end the connection after one answer.
    messages = [legal_message(number, subject.asked.payload) for number in range(2)]
    async with asyncio.timeout(2 * subject.patience_s), connected(subject) as rig:
        for count, message in enumerate(messages, 1):
            rig.sends[0](message)
            arrived = await rig.arrivals(count)
            if not subject.asked.opaque and arrived[-1] != message:
                raise PromiseBroken("what came back is not what was sent")


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
    return (
        f"does not relay what is published within {patience_s:g} s; see {_HOW}, or measure what "
        "it sends by itself with abec listen"
    )
