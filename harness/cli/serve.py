"""``abec serve``: start what a pattern needs, for a person to try."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from harness.cli.options import complete_pattern
from harness.errors import BadInput, Exit
from harness.pattern import AnyServerSpec, Pattern, RedisSpec, ServerSpec
from harness.process.servers import Running, started
from harness.registry import encrypting, load, names
from harness.workload import Workload

_HOST = "127.0.0.1"
_ANY_PORT = ("--port", "0")
_GLANCE_S = 0.2


@click.command(context_settings={"max_content_width": 100})
@click.argument("pattern", default="", shell_complete=complete_pattern)
@click.option("--port", metavar="N", help="of the first server, 1 to 65535 [a free one]")
@click.option("--redis", default="", metavar="URL|FILE", help="which Redis [the bundled one]")
@click.option("--deflate", is_flag=True, help="offer permessage-deflate on WebSockets [off]")
@click.option("--tls", is_flag=True, help="https and wss, by a certificate made on the spot [off]")
def command(pattern: str, port: str | None, redis: str, deflate: bool, tls: bool) -> int:
    """Start what PATTERN needs, print URLs and example lines, and serve until Ctrl-C.

    \b
    Examples:
      abec serve sse
      abec serve websocket@aiohttp --port 8000

    It listens on 127.0.0.1 alone. Redis is started too where the pattern needs one.
    """
    if not pattern:
        raise BadInput("PATTERN", "", f"name one of {', '.join(names())}")
    chosen = load(pattern)
    if deflate and not chosen.compresses:
        raise BadInput("--deflate", "", f"{chosen.name} does not compress; leave it out")
    if tls and not chosen.encrypts:
        raise BadInput("--tls", "", f"{chosen.name} has no TLS; {', '.join(encrypting())} do")
    workload = Workload(redis=redis, deflate=deflate, tls=tls)
    specs = chosen.servers(workload)
    if port is not None:
        specs = _at_port(specs, _free(port), chosen.name)
    try:
        with started(specs, workload) as running:
            click.echo(_welcome(chosen, running))
            click.echo("Ctrl-C ends it", err=True)
            while True:
                running.check()
                time.sleep(_GLANCE_S)
    except KeyboardInterrupt:
        click.echo("ended", err=True)
    return Exit.MEASURED


def _welcome(pattern: Pattern, running: Running) -> str:
    endpoints = running.endpoints
    served_by = running.redis_label or pattern.stack
    if running.tls_label:
        served_by += f", {running.tls_label}"
    width = max(map(len, endpoints.urls))
    lines = [f"{pattern.name} on {served_by} · {pattern.path}"]
    lines += [f"  {role:<{width}}  {url}" for role, url in endpoints.urls.items()]
    if running.authority_path is not None:
        lines.append(f"  {'ca':<{width}}  {running.authority_path}, until this ends")
    examples = [
        _trusting(example, running.authority_path) for example in pattern.example(endpoints)
    ]
    if examples:
        lines += ["try", *(f"  {example}" for example in examples)]
    return "\n".join(lines)


def _trusting(example: str, authority: Path | None) -> str:
    """Have curl and websocat believe the certificate of this one server."""
    if authority is None:
        return example
    # websocat has no option for it, but reads the variable of OpenSSL.
    trusted = example.replace("curl ", f"curl --cacert {authority} ", 1)
    return trusted.replace("websocat ", f"SSL_CERT_FILE={authority} websocat ", 1)


def _free(text: str) -> int:
    """Read ``--port`` and see that nobody listens there.

    Raises:
        BadInput: it is no port, or not to be had.
    """
    if not text.isdigit() or not 1 <= int(text) <= 65_535:
        raise BadInput("--port", text, "must be 1 to 65535; for example 8000")
    number = int(text)
    try:
        socket.create_server((_HOST, number)).close()
    except PermissionError:
        raise BadInput("--port", number, "needs privileges; choose one above 1023") from None
    except OSError:
        raise BadInput(
            "--port", number, "in use; choose another, or leave it out for a free one"
        ) from None
    return number


def _at_port(specs: Sequence[AnyServerSpec], port: int, name: str) -> list[AnyServerSpec]:
    """Give the specs with the first server at ``port``."""
    given = list(specs)
    for place, spec in enumerate(given):
        if isinstance(spec, ServerSpec):
            argv = _replaced(spec.argv, port)
            if argv is not None:
                given[place] = replace(spec, argv=argv)
                return given
    problem = f"{name} is not served at a port of your choice; leave it out"
    if any(isinstance(spec, RedisSpec) for spec in given):
        problem = f"{name} is served by Redis; start one at that port yourself and give its --redis"
    raise BadInput("--port", port, problem)


def _replaced(argv: tuple[str, ...], port: int) -> tuple[str, ...] | None:
    for place in range(len(argv) - 1):
        if argv[place : place + 2] == _ANY_PORT:
            return (*argv[: place + 1], str(port), *argv[place + 2 :])
    return None
