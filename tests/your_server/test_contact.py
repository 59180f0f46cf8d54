"""What is no such server is told in one line, before any load."""

from __future__ import annotations

import re
import socket
import ssl
import warnings
from collections.abc import Callable

import pytest

from harness.cli.main import cli
from harness.errors import BadInput, Exit
from harness.first_contact import make_contact
from harness.registry import load
from harness.scenario import override
from harness.workload import Exchange, Workload
from tests.your_server.conftest import CERTIFICATES, Url
from tests.your_server.event_server import naming

Answering = Callable[..., int]
PATIENCE_S = 0.25
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: nothing comes\n\n"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
CALLS = Exchange.REQUEST_REPLY


def refused(pattern: str, *, field: str = "url", **fields: object) -> str:
    with pytest.raises(BadInput) as refusal:
        make_contact(load(pattern), override(Workload(), fields), PATIENCE_S)
    assert refusal.value.exit_code is Exit.BAD_INPUT
    line = str(refusal.value)
    assert "\n" not in line
    assert line.startswith(f"--{field.replace('_', '-')} {fields[field]}: ")
    return line


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port: int = closed.getsockname()[1]
    return port


def test_nobody_there() -> None:
    line = refused("websocket", url=f"ws://127.0.0.1:{closed_port()}/")
    assert "nothing accepts connections there (Connection refused); start the server" in line


@pytest.mark.parametrize(
    ("pattern", "scheme", "answer", "problem"),
    [
        ("websocket", "ws", PAGE, "is not a WebSocket: a handshake was answered with 200"),
        ("websocket", "ws", STREAM, "is not a WebSocket: a handshake was answered with 200"),
        ("websocket", "ws", b"\x00garbage\r\n\r\n", "is not a WebSocket: "),
        ("websocket", "ws", b"", r"is not a WebSocket: no answer within 0\.25 s"),
        ("sse", "http", PAGE, "is not an event stream: .* 200 and text/html, not with events"),
        ("sse", "http", b"+PONG\r\n", "is not an event stream: "),
        ("sse", "http", STREAM, "is not an event stream: |does not relay what is published"),
        (
            "rest_polling",
            "http",
            PAGE,
            "is not an HTTP endpoint that is polled: .*with 200 without X-Cursor: b'hi'",
        ),
        ("long_polling", "http", b"220 mail\r\n", "is not an HTTP endpoint that is polled: "),
        ("websocket", "wss", PAGE, "speaks no TLS"),
    ],
)
def test_another_protocol(
    answering: Answering, pattern: str, scheme: str, answer: bytes, problem: str
) -> None:
    line = refused(pattern, url=f"{scheme}://127.0.0.1:{answering(answer)}/")
    assert re.search(problem, line), line


def test_a_websocket_server_is_no_event_stream(example: Url) -> None:
    url = example("websocket_server.py").replace("ws", "http")
    assert "is not an event stream: GET was answered with status 426" in refused("sse", url=url)


@pytest.mark.parametrize(
    ("certificate", "ca", "problem"),
    [
        ("expired", "expired", "its certificate is not valid: certificate has expired; renew it"),
        (
            "localhost",
            "",
            "its certificate is not trusted: self-signed certificate; give --ca FILE",
        ),
        ("localhost", "expired", "its certificate is not trusted: "),
    ],
)
def test_a_certificate_that_is_not_to_be_believed(
    answering: Answering, certificate: str, ca: str, problem: str
) -> None:
    asked: dict[str, object] = {
        "url": f"https://localhost:{answering(PAGE, certificate)}/",
        "exchange": CALLS,
        "expect_status": 200,
    }
    if ca:
        asked["ca"] = str(CERTIFICATES / f"{ca}.pem")
    assert problem in refused("rest", **asked)


def _tls_1_2_for_friends(context: ssl.SSLContext) -> None:
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED


def _for_friends(context: ssl.SSLContext) -> None:
    context.verify_mode = ssl.CERT_REQUIRED


def _of_old(context: ssl.SSLContext) -> None:
    # Its floor is lowered first: no context may end below where it begins.
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1


@pytest.mark.parametrize(
    ("tune", "problem"),
    [
        (_tls_1_2_for_friends, r"does not agree on TLS \(.*HANDSHAKE_FAILURE\); .* none is sent"),
        (_of_old, r"does not agree on TLS \(.*PROTOCOL.*\); have it take TLS 1\.2 or later"),
        (_for_friends, r"ended the connection unanswered; no certificate of ours is sent"),
    ],
)
def test_a_server_that_speaks_tls_in_another_way(
    answering: Answering, tune: Callable[[ssl.SSLContext], None], problem: str
) -> None:
    url = f"wss://localhost:{answering(PAGE, 'localhost', tune)}/"
    line = refused("websocket", url=url, ca=str(CERTIFICATES / "localhost.pem"))
    assert "speaks no TLS" not in line
    assert re.search(problem, line), line


def test_who_takes_no_messages_is_told_by_its_own_name(answering: Answering) -> None:
    with naming("message") as url:
        for port, problem in (
            (closed_port(), "nothing accepts connections there (Connection refused)"),
            (answering(NOT_FOUND), "takes no messages: POST /send was answered with 404"),
        ):
            publish_url = f"http://127.0.0.1:{port}/send"
            line = refused("sse", field="publish_url", url=url, publish_url=publish_url)
            assert problem in line, line


def test_who_relays_nothing_is_told_although_messages_go_in(answering: Answering) -> None:
    with naming("message") as url:
        line = refused("sse", url=f"http://127.0.0.1:{closed_port()}/", publish_url=url)
        assert "nothing accepts connections there" in line
        line = refused("sse", url=f"http://127.0.0.1:{answering(PAGE)}/", publish_url=url)
        assert "is not an event stream: GET was answered with status 200 and text/html" in line
        with naming("message") as other:
            line = refused("sse", url=other, publish_url=url)
        assert f"does not relay what is published at {url} within 0.25 s" in line


def test_a_websocket_for_messages_is_told_apart(answering: Answering, example: Url) -> None:
    url, publish_url = example("websocket_server.py"), f"ws://127.0.0.1:{answering(PAGE)}/"
    line = refused("websocket", field="publish_url", url=url, publish_url=publish_url)
    assert "takes no messages: a handshake was answered with 200" in line


def test_an_authority_of_ones_own_is_believed(answering: Answering) -> None:
    ca = str(CERTIFICATES / "localhost.pem")
    url = f"https://localhost:{answering(PAGE, 'localhost')}/"
    line = refused("rest_polling", url=url, ca=ca)
    assert "was answered with 200 without X-Cursor: b'hi'" in line


def test_no_echo_and_no_such_status(answering: Answering) -> None:
    url = f"http://127.0.0.1:{answering(PAGE)}/"
    assert "does not send back what it is sent" in refused("rest", url=url, exchange=CALLS)
    line = refused("rest", url=url, exchange=CALLS, expect_status=201)
    assert "were not answered with 201 within 0.25 s; give --expect-status" in line


def test_no_redis(answering: Answering) -> None:
    url = f"redis://127.0.0.1:{answering(PAGE)}"
    with pytest.raises(BadInput, match="no Redis answers there; start it"):
        cli.main(("run", "redis_pubsub", "--url", url), standalone_mode=False)
