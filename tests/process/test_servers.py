"""Servers of one run: started in parallel, ready when they answer, explained when they fail."""

from __future__ import annotations

import socket
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from harness.errors import ServerFailed
from harness.pattern import ServerSpec
from harness.process.ready import probe
from harness.process.servers import started
from harness.workload import Workload

WORKLOAD = Workload()
HTTP = """
import sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if time.monotonic() > healthy_at else 503)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass

healthy_at = time.monotonic() + {healthy_after}
server = HTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{{server.server_port}}", flush=True)
server.serve_forever()
"""
TCP = """
import socket, time
a, b = (socket.create_server(("127.0.0.1", 0)) for _ in "ab")
print(*(f"tcp://127.0.0.1:{s.getsockname()[1]}" for s in (a, b)), flush=True)
time.sleep(60)
"""


def server(code: str, *roles: str, name: str = "tiny") -> ServerSpec:
    return ServerSpec(name=name, argv=("{python}", "-c", code), roles=roles)


@pytest.fixture
def nothing_left(tmp_path, monkeypatch):
    """Give an own place for private directories, which must be empty afterwards."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    yield
    assert list(place.iterdir()) == []


@pytest.fixture
def kept(tmp_path) -> Path:
    return tmp_path / "results" / "logs"


def fails(kept: Path, *specs: ServerSpec, **options: float) -> ServerFailed:
    with (
        pytest.raises(ServerFailed) as caught,
        started(specs, WORKLOAD, keep_logs_dir=kept, **options),
    ):
        pytest.fail("it must not start")
    return caught.value


def test_all_roles_answer_and_nothing_is_left(nothing_left, kept):
    specs = (
        server(HTTP.format(healthy_after=0), "http", name="web"),
        server(TCP, "feed", "tcp", name="raw"),
    )
    with started(specs, WORKLOAD, keep_logs_dir=kept) as running:
        assert set(running.endpoints.urls) == {"http", "feed", "tcp"}
        with urlopen(running.endpoints["http"] + "/health", timeout=5) as response:
            assert response.status == 200
        assert probe(running.endpoints["tcp"]) == ""
        assert [child.name for child in running.children] == ["web", "raw"]
        assert running.redis_label == ""
        running.check()
    assert not any(child.alive for child in running.children)
    for url in running.endpoints.urls.values():
        assert "refused" in probe(url)
    assert not kept.exists()


def test_it_waits_for_a_request_that_succeeds(nothing_left):
    before = time.monotonic()
    with started((server(HTTP.format(healthy_after=0.3), "http"),), WORKLOAD):
        assert time.monotonic() - before > 0.3


def test_a_server_that_dies_at_start_is_told_at_once(nothing_left, kept):
    before = time.monotonic()
    error = fails(
        kept, server("import sys; print('no luck', file=sys.stderr); sys.exit(7)", "http")
    )
    assert time.monotonic() - before < 2
    (log,) = kept.iterdir()
    assert error.problem.startswith("server tiny died (exit 7) 0.")
    assert error.problem.endswith(f" s after start (all of its log: {log}):")
    assert str(error) == f"{error.problem}\n        no luck"
    assert log.read_text() == "no luck\n"


def test_a_missing_module_has_its_remedy(nothing_left, kept):
    error = fails(kept, server("import sse_starlette_that_is_missing", "http", name="sse"))
    assert "; install what it misses (all of its log: " in error.problem
    assert error.log_tail.endswith("No module named 'sse_starlette_that_is_missing'")


def test_a_death_is_seen_while_another_is_waited_for(nothing_left, kept):
    slow = server("import time; time.sleep(60)", "http", name="slow")
    error = fails(kept, slow, server("raise SystemExit(4)", "tcp", name="dead"))
    assert error.problem.startswith("server dead died (exit 4)")
    assert error.problem.endswith("(its log is empty)")


def test_a_server_that_never_prints_its_urls(nothing_left, kept):
    error = fails(kept, server("import time; time.sleep(60)", "http"), deadline_s=0.3)
    assert error.problem == (
        "server tiny was not ready within 0.3 s: it printed no line with its URLs "
        "(its log is empty)"
    )


def test_a_server_that_never_answers(nothing_left, kept):
    never = fails(kept, server(HTTP.format(healthy_after=60), "http"), deadline_s=0.5)
    assert "was not ready within 0.5 s: GET http://127.0.0.1:" in never.problem
    assert "/health was answered with 503" in never.problem
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # accepts by its backlog, never replies
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        silent = fails(
            kept,
            server(f"import time; print({url!r}, flush=True); time.sleep(60)", "http"),
            deadline_s=0.5,
        )
    assert "/health: timed out" in silent.problem


@pytest.mark.parametrize("line", ["ready", "http://127.0.0.1:1 tcp://127.0.0.1:2", ""])
def test_a_server_that_prints_something_else(nothing_left, kept, line):
    code = f"import time; print({line!r}, flush=True); time.sleep(60)"
    error = fails(kept, server(code, "http"))
    assert f"printed {line!r} instead of a URL for http" in error.problem


def test_a_program_that_is_missing(nothing_left, kept):
    spec = ServerSpec(name="gone", argv=("/no-such-program",), roles=("http",))
    error = fails(kept, spec)
    assert "server gone could not be started" in error.problem
    assert "/no-such-program" in error.problem


def test_a_port_in_use_is_told_by_the_servers_own_line(nothing_left, kept):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        error = fails(kept, server(f"import socket; socket.create_server(('127.0.0.1', {port}))"))
    assert "died (exit 1)" in error.problem
    assert "Address already in use" in error.log_tail


def test_a_log_that_cannot_be_kept_does_not_hide_the_failure(nothing_left, tmp_path):
    (tmp_path / "file").write_text("")
    error = fails(tmp_path / "file" / "logs", server("raise SystemExit('why')", "http"))
    assert "its log could not be kept in " in error.problem
    assert error.log_tail == "why"


def test_a_given_log_directory_keeps_all_logs(nothing_left, tmp_path, kept):
    code = "import sys; print('hello', file=sys.stderr)\n" + TCP
    logs = tmp_path / "logs"
    logs.mkdir()
    with started((server(code, "a", "b"),), WORKLOAD, log_dir=logs, keep_logs_dir=kept):
        pass
    (log,) = logs.iterdir()
    assert log.read_text() == "hello\n"


def test_an_error_inside_stops_everything(nothing_left):
    with pytest.raises(KeyboardInterrupt), started((server(TCP, "a", "b"),), WORKLOAD) as running:
        raise KeyboardInterrupt
    assert not running.children[0].alive
