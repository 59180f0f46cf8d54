"""2.3: asv's commands in a fresh clone, one question, and a change planted between two commits."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.machine import Machine
from tests.prove.claim import Claim
from tests.prove.clone import Clone, Ran, fresh_clone, left_nothing
from tests.prove.gate_checkout import replace_once

_SCENARIO = """
[scenario.quotes]
patterns = ["sse"]
rate = "200"
warmup = "100ms"
duration = "700ms"
"""
_METRIC = "cost_per_message.CostOfBroadcast.track_tcp_payload"
_ONE = rf"{_METRIC}\('quotes', 'sse'\)"
_EVENT = 'return b"id: %d\\ndata: %b\\n\\n" % (cursor, message)'
_LONGER = 'return b": %b\\nid: %d\\ndata: %b\\n\\n" % (b"-" * 64, cursor, message)'
"""67 bytes more in each event, which no noise of a machine can hide or feign."""
_ROW = re.compile(r"quotes +sse +(?P<value>\d+±\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A clone with an asv of its own, and a home directory for it."""

    clone: Clone

    def asv(self, *arguments: str, runs: int = 8) -> Ran:
        """Run asv as the documentation has it."""
        home = str(self.clone.root.parent / "home")
        asked = {"ABEC_SCENARIOS": "quotes.toml", "ABEC_RUNS": str(runs)}
        return self.clone.run(".venv/bin/asv", *arguments, HOME=home, **asked)

    def git(self, *arguments: str) -> str:
        """Run git; give what it printed."""
        options = ("-c", "user.name=prove", "-c", "user.email=prove@example.org")
        return self.clone.run("git", *options, *arguments).text.strip()

    def commit(self, file: str, old: str, new: str) -> str:
        """Commit a change; give the commit."""
        replace_once(self.clone.root / file, old, new)
        self.git("commit", "--quiet", "--all", "--message", f"Change {file}")
        return self.git("rev-parse", "HEAD")


def prove(_machine: Machine) -> Iterator[Claim]:
    """Run each command once, on what the ones before it left."""
    with fresh_clone() as clone:
        desk = _ready(clone)
        yield from _of_one_commit(desk)
        slower = _three_commits(desk)
        yield from _of_two_commits(desk, slower)
        yield _published(desk)
        yield left_nothing(clone, "all of them")


def _ready(clone: Clone) -> Desk:
    installed = clone.run("make", ".venv/.bench")
    if installed.code:
        raise RuntimeError(f"the clone was not installed: {installed.text[-500:]}")
    (clone.root / "quotes.toml").write_text(_SCENARIO)
    (clone.root.parent / "home").mkdir()
    desk = Desk(clone=clone)
    desk.asv("machine", "--yes")
    return desk


def _of_one_commit(desk: Desk) -> Iterator[Claim]:
    head = desk.git("rev-parse", "HEAD")
    here = ("--environment", "existing:same")
    ran = desk.asv("run", *here, "--set-commit-hash", head, "--bench", _ONE)
    yield _claim("asv run", ran, 0, "a value with its interval", _value)
    shown = desk.asv("show", "HEAD", "--bench", _METRIC)
    yield _claim("asv show", shown, 0, "the same value", _value, _value(ran))
    profiled = desk.asv("profile", *here, _ONE, runs=1)
    yield _claim("asv profile", profiled, 0, "calls, observe.py among them", _profile)


def _three_commits(desk: Desk) -> str:
    """Commit twice what changes nothing, and between them a longer event; give that commit."""
    title = "# ABEC bench\n"
    desk.commit("README.md", title, "# ABEC bench \n")
    slower = desk.commit("servers/contract.py", _EVENT, _LONGER)
    desk.commit("README.md", "# ABEC bench \n", title)
    return slower


def _of_two_commits(desk: Desk, slower: str) -> Iterator[Claim]:
    sides = (f"{slower}~1", slower)
    continuous = desk.asv("continuous", "--factor", "1.05", "--bench", _ONE, *sides)
    yield _claim("asv continuous", continuous, 1, "the metric marked as worse", _worse)
    compared = desk.asv("compare", "--factor", "1.05", "--only-changed", *sides)
    yield _claim("asv compare", compared, 0, "the metric marked as worse", _worse)
    found = desk.asv("find", f"{slower}~2..HEAD", _ONE)
    yield _claim("asv find", found, 0, f"commit {slower[:8]}", _commit, slower[:8])


def _published(desk: Desk) -> Claim:
    ran = desk.asv("publish")
    pages = desk.clone.root / "results/html"
    graphs = list((pages / "graphs").rglob(f"{_METRIC}.json"))
    host = re.compile(rf"(?<!\w){re.escape(platform.node())}(?!\w)")
    told = [path for path in pages.glob("*.*") if path.suffix in {".json", ".xml", ".html"}]
    named = [path.name for path in told if host.search(path.read_text())]
    named += [path.name for path in (pages / "graphs").rglob("*") if host.search(path.name)]
    return Claim(
        what="asv publish",
        figure=f"exit {ran.code}, {ran.took_s:.0f} s: {len(graphs)} graphs of the metric"
        + (f"; the host is named in {', '.join(named)}" if named else "; no host is named"),
        bound="exit 0, a graph, no host name",
        ok=ran.code == 0 and bool(graphs) and not named and bool(told),
    )


def _claim(
    what: str, ran: Ran, code: int, bound: str, read: Callable[[Ran], str], wanted: str = ""
) -> Claim:
    """Hold a command's exit code, and what is read from its output, against what is wanted."""
    found = read(ran)
    last = (ran.text.strip().splitlines() or ["no output"])[-1]
    return Claim(
        what=what,
        figure=f"exit {ran.code}, {ran.took_s:.0f} s: {found or last}",
        bound=f"exit {code}, {bound}",
        ok=ran.code == code and bool(found) and wanted in found,
    )


def _value(ran: Ran) -> str:
    row = _ROW.search(ran.text)
    return f"{row['value']} bytes" if row else ""


def _profile(ran: Ran) -> str:
    calls = re.search(r"\d+ function calls", ran.text)
    return f"{calls[0]}, observe.py" if calls and "observe.py" in ran.text else ""


def _worse(ran: Ran) -> str:
    rows = [line for line in ran.text.splitlines() if line.startswith("| +") and _METRIC in line]
    return " ".join(rows[0].split()) if rows else ""


def _commit(ran: Ran) -> str:
    found = re.search(r"Greatest regression found: (\w+)", ran.text)
    return found[1] if found else ""
