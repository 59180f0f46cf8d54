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
        ("tests/own.toml", "tests/own.toml"),
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
