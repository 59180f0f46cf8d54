"""TLS of the reference servers: the options, and one context for every stack."""

from __future__ import annotations

import argparse
import ssl

from servers.serving import CannotListen, Options


def tls_options(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Let a server take a certificate; the feed stays plain."""
    parser.add_argument("--certfile", default="", help="certificate (PEM) to serve https with")
    parser.add_argument("--keyfile", default="", help="its private key (PEM)")
    return parser


def tls_context(options: Options) -> ssl.SSLContext | None:
    """Make what the clients' port is served with; None for plain TCP.

    Python's own defaults, the same for every stack: uvicorn's would allow fewer ciphers than
    aiohttp's. Tickets are sent as they are by default, and no client of ours comes back with one.

    Raises:
        CannotListen: the certificate or its key cannot be used.
    """
    if not options.certfile:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(options.certfile, options.keyfile or None)
    except OSError as error:  # an ssl.SSLError is one of them
        raise CannotListen(
            f"--certfile {options.certfile}: cannot be used with --keyfile "
            f"{options.keyfile or 'none'} ({error.strerror or error}); give both as PEM"
        ) from error
    return context
