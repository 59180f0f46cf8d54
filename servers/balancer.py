"""A load balancer before gateways: writes its configuration and becomes it.

``ABEC_UPSTREAMS`` holds the gateways' URLs, separated by spaces. The balancer listens on a free
port of the loopback, has no port for its administration, writes no file outside ``ABEC_NOTES``
and asks no network for anything. It chooses the gateway with the fewest connections: a WebSocket
lives long, so that what counts is how many each one has and not how many came last. A gateway that
refuses a connection is left out for ten seconds, and the connection goes to another.

Role: http.
"""

from __future__ import annotations

import argparse
import os
import resource
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from servers.notebook import DIRECTORY
from servers.serving import BACKLOG, announce

UPSTREAMS = "ABEC_UPSTREAMS"

_CADDY = """{{
    admin off
    auto_https off
    persist_config off
    log {{
        level ERROR
    }}
}}
http://127.0.0.1:{port} {{
    bind fd/{listener}
    reverse_proxy {upstreams} {{
        lb_policy least_conn
        lb_try_duration 2s
        lb_try_interval 20ms
        fail_duration 10s
        flush_interval -1
        transport http {{
            dial_timeout 1s
            compression off
        }}
    }}
}}
"""
_HAPROXY = """global
    maxconn {connections}
defaults
    mode http
    option http-no-delay
    option redispatch 1
    retries 5
    timeout connect 1s
    timeout client 1h
    timeout server 1h
    timeout tunnel 1h
    default-server inter 1s fall 1 rise 10 observe layer4 error-limit 1 on-error mark-down
frontend clients
    bind fd@{listener}
    default_backend gateways
backend gateways
    balance leastconn
{upstreams}
"""
_NGINX = """daemon off;
master_process off;
worker_rlimit_nofile {files};
error_log stderr error;
pid {directory}/nginx.pid;
events {{
    worker_connections {sockets};
}}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    upstream gateways {{
        least_conn;
{upstreams}
    }}
    server {{
        listen 127.0.0.1:{port} backlog={backlog};
        tcp_nodelay on;
        location / {{
            proxy_pass http://gateways;
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $http_connection;
            proxy_buffering off;
            proxy_connect_timeout 1s;
            proxy_read_timeout 1h;
            proxy_send_timeout 1h;
        }}
    }}
}}
"""


def command(
    kind: str, program: str, upstreams: Sequence[str], listener: socket.socket, directory: Path
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Give the command line that serves on ``listener``, and what its environment needs."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    # Some are for itself; a connection takes two, its client's and its gateway's.
    sockets = max(128, min(files, 1 << 17) - 64)
    hosts = [urlsplit(url).netloc for url in upstreams]
    port, number = listener.getsockname()[1], listener.fileno()
    if kind == "caddy":
        text = _CADDY.format(port=port, listener=number, upstreams=" ".join(hosts))
        path = _readable(text)
        home = {name: str(directory) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
        return (program, "run", "--config", path, "--adapter", "caddyfile"), home
    if kind == "haproxy":
        servers = "\n".join(f"    server {n} {host} check" for n, host in enumerate(hosts))
        text = _HAPROXY.format(connections=sockets // 2, listener=number, upstreams=servers)
        return (program, "-db", "-f", _readable(text)), {}
    servers = "\n".join(f"        server {host} max_fails=1 fail_timeout=10s;" for host in hosts)
    text = _NGINX.format(
        files=files,
        directory=directory,
        sockets=sockets,
        port=port,
        backlog=BACKLOG,
        upstreams=servers,
    )
    # A single process of nginx takes over no socket: it listens anew once this one's is closed.
    listener.set_inheritable(False)
    return (program, "-p", str(directory), "-c", _readable(text)), {}


def _readable(text: str) -> str:
    """Give the path of a file with this text that lives as long as the process."""
    memory = os.memfd_create("configuration", 0)
    os.write(memory, text.encode())
    os.lseek(memory, 0, os.SEEK_SET)
    return f"/proc/self/fd/{memory}"


def main(kind: str, program: str) -> None:
    """Become the balancer.

    Raises:
        OSError: the program cannot be run.
    """
    given = os.environ.get(DIRECTORY)
    directory = Path(given) / "balancer" if given else Path(tempfile.mkdtemp(prefix="balancer-"))
    directory.mkdir(exist_ok=True)
    listener = socket.socket()
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(BACKLOG)
    listener.set_inheritable(True)  # caddy and HAProxy take it over, so that the port stays ours
    upstreams = os.environ[UPSTREAMS].split()
    argv, env = command(kind, program, upstreams, listener, directory)
    # Whoever started it asks until /health is answered, through it and by a gateway.
    announce("http://{}:{}".format(*listener.getsockname()))
    os.execve(program, argv, {**os.environ, **env})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="servers.balancer", description="A load balancer before gateways.", allow_abbrev=False
    )
    parser.add_argument("kind", choices=("caddy", "haproxy", "nginx"))
    parser.add_argument("program", help="path of its binary")
    arguments = parser.parse_args()
    main(arguments.kind, arguments.program)
