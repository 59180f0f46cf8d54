"""What must not be published is taken out; what is ours stays."""

from __future__ import annotations

import pytest

from harness.report.pages.private import own_names, published


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("abec run sse --rate 2k", "abec run sse --rate 2k"),
        ("abec run --scenario /home/jo/load/own.toml", "abec run --scenario …/own.toml"),
        ("/home/jo", "…"),
        ("cd ~/bench/runs; ls", "cd …/runs; ls"),
        ("--payload-file=/srv/data/a.jsonl", "--payload-file=…/a.jsonl"),
        ("'/var/my data/x'", "'…/x'"),
        ("redis://:pass@10.0.0.7:6379/0 (given)", "redis://… (given)"),
        ("Redis 8.2.3 at redis://db.example.org", "Redis 8.2.3 at redis://…"),
        ("500 msg/s, HTTP/1.1, 12 µs/msg", "500 msg/s, HTTP/1.1, 12 µs/msg"),
        ("core 0 server · core 1 load (receive + publish)",) * 2,
        ("tests/own.toml", "…/own.toml"),
        ("abec run --scenario ../acme/x.toml", "abec run --scenario …/x.toml"),
        (
            "--payload-file=acme/a.b/x.jsonl --redis ./bin/redis",
            "--payload-file=…/x.jsonl --redis …/redis",
        ),
        ("'../my data/x' 'my data/x.toml' '/my data/x'", "'…/x' '…/x.toml' '…/x'"),
        ("'--scenario=/home/jo/my data/x.toml'", "'…/x.toml'"),
        ("see (results/logs/sse-1.log).", "see (…/sse-1.log)."),
        ("p50/p99 in text/html, and/or 1.5/2.5, 'msg/s'",) * 2,
        ("…/x.toml", "…/x.toml"),
        ("connecting to 10.0.0.7:6379. Refused", "connecting to …. Refused"),
        ("connecting to cache.example.org:6379.", "connecting to …."),
        ("Connect call failed ('10.0.0.7', 6379)", "Connect call failed ('…', 6379)"),
        ("failed ('fd00::7', 6379, 0, 0)", "failed ('…', 6379, 0, 0)"),
        ("127.0.0.1:80, localhost:80, ('127.0.0.1', 80), ('::1', 80, 0, 0)",) * 2,
        ("site.py:3: kernel 5.15.133.1, uvicorn 0.54.0: 12, ('sse', 5), 10:15:22",) * 2,
        ('File "/opt/venv/lib/site.py", line 3', 'File "…/site.py", line 3'),
    ],
)
def test_paths_and_addresses_go(text: str, safe: str) -> None:
    assert published(text, frozenset()) == safe


def test_names_go_as_whole_words() -> None:
    names = frozenset({"jo", "build-7"})
    assert published("jo on build-7: join, major", names) == "… on …: join, major"


def test_names_that_tell_nothing_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "build-7.example.org")
    monkeypatch.setattr("getpass.getuser", lambda: "root")
    assert own_names() == {"build-7.example.org", "build-7"}


def test_a_user_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("uid not found: 4711")

    monkeypatch.setattr("socket.gethostname", lambda: "localhost")
    monkeypatch.setattr("getpass.getuser", nobody)
    assert own_names() == frozenset()
