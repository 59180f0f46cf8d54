"""``python -m tests.prove.guarantees [TIMES]``: measure what each way loses, and write the docs.

Writes docs/patterns/guarantees.json, and from it the tables of docs/patterns/redis_queue.md and
redis_stream.md. What the log has so many kills of is kept: it can be interrupted and goes on; to
measure anew, remove it first. A unit test holds tables and log to each other. At its end the log is
held to what 3.3 and 3.4 promise: exit code 1 if it breaks a promise.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from harness.machine import read_machine
from harness.process.redis import resolve
from harness.queueing import Persistence
from harness.workload import ClientKind
from tests.prove.claim import Claim
from tests.prove.kills import (
    RUNS,
    TIMES,
    WAYS,
    Outcome,
    Price,
    consumer_claim,
    consumer_killed,
    price,
    price_claim,
    redis_claim,
    redis_killed,
)

PAGES = Path(__file__).parents[2] / "docs" / "patterns"
LOG = PAGES / "guarantees.json"
BEGIN, END = "<!-- guarantees: python -m tests.prove.guarantees -->\n", "<!-- /guarantees -->"
_OF_PAGE = {"redis_queue": ("brpop", "rpop", "lmove"), "redis_stream": ("stream",)}
_SERVERS = tuple((name, persistence) for name in _OF_PAGE for persistence in Persistence)

Log = Mapping[str, Any]
_Server = tuple[str, Persistence]


def measured(times: int, log: Log) -> Iterator[Log]:
    """Kill and measure what ``log`` has fewer kills of; give all that is known after each part."""
    machine = read_machine()
    stamp = {"commit": machine.commit[:12]}
    consumers = {row["way"]: row for row in log.get("consumer killed", ()) if _kills(row)}
    servers = _by_server(filter(_kills, log.get("redis killed", ())))
    prices = _by_server(log.get("prices", ()))

    def known() -> Log:
        return {
            "machine": f"{machine.cpu}, {len(machine.cores)} cores, {machine.virtualisation}",
            "redis": resolve("").label,
            "consumer killed": [consumers[way] for way in WAYS if way in consumers],
            "redis killed": [servers[asked] for asked in _SERVERS if asked in servers],
            "prices": [prices[asked] for asked in _SERVERS if asked in prices],
        }

    for way in WAYS:
        if _kills(consumers.get(way)) < times:
            outcome = consumer_killed(way, ClientKind.WIRE, times)
            consumers[way] = {"way": way, **stamp, **asdict(outcome)}
            yield known()
    for asked in _SERVERS:
        name, persistence = asked
        row = {"pattern": name, "persistence": str(persistence), **stamp}
        if _kills(servers.get(asked)) < times:
            servers[asked] = {**row, **asdict(redis_killed(name, persistence, times))}
            yield known()
        if asked not in prices or prices[asked]["runs"] < min(RUNS, times):
            prices[asked] = {**row, **asdict(price(name, persistence, min(RUNS, times)))}
            yield known()


def claims(log: Log) -> Iterator[Claim]:
    """Hold what was measured to what 3.3 and 3.4 promise."""
    for row in log["consumer killed"]:
        yield consumer_claim(row["way"], row["way"], _outcome(row))
    prices = _by_server(log["prices"])
    for (name, persistence), row in _by_server(log["redis killed"]).items():
        yield redis_claim(name, persistence, _outcome(row))
        yield price_claim(name, persistence, _price(prices[name, persistence]))


def _by_server(rows: Iterable[Mapping[str, Any]]) -> dict[_Server, Mapping[str, Any]]:
    return {(row["pattern"], Persistence(row["persistence"])): row for row in rows}


def _outcome(row: Mapping[str, Any]) -> Outcome:
    return Outcome(**{field.name: tuple(row[field.name]) for field in fields(Outcome)})


def _price(row: Mapping[str, Any]) -> Price:
    return Price(**{field.name: row[field.name] for field in fields(Price)})


def _kills(row: Mapping[str, Any] | None) -> int:
    """Count what a row has; 0 where it lacks what is told of kills by now."""
    if row is None or any(field.name not in row for field in fields(Outcome)):
        return 0
    return len(row["lost"])


def tables(log: Log, page: str) -> str:
    """Write the tables of one page as Markdown."""
    killed = [row for row in log["consumer killed"] if row["way"] in _OF_PAGE[page]]
    servers = [row for row in log["redis killed"] if row["pattern"] == page]
    prices = _by_server(row for row in log["prices"] if row["pattern"] == page)
    measured = (*killed, *servers, *prices.values())
    commits = ", ".join(dict.fromkeys(row["commit"] for row in measured))
    return "\n".join(
        [
            f"Measured with {log['redis']} on {log['machine']}, commit {commits}.",
            "",
            "| a consumer killed at work | kills | held | lost | repeated | guarantee "
            "| successor after, at most | latest message |",
            "|---|---:|---:|---:|---:|---|---:|---:|",
            *map(_consumer_row, killed),
            "",
            "| Redis killed, `--persistence` | kills | confirmed and waiting | of these gone "
            "| confirmed in the last, at most | repeated | back after, at most "
            "| p99 at 1,000 msg/s | msg/s, 64 in flight |",
            "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
            *(_server_row(row, prices) for row in servers),
            "",
            "`!`: not all runs of this price were valid: it is a hint, no more. The counts hold.",
            "",
        ]
    )


def with_tables(text: str, page: str, log: Log) -> str:
    """Put the tables between their marks."""
    return text[: text.index(BEGIN) + len(BEGIN)] + tables(log, page) + text[text.index(END) :]


def read_log() -> Log:
    """Read what was written down."""
    log: Log = json.loads(LOG.read_text(encoding="utf-8"))
    return log


def _consumer_row(row: Mapping[str, Any]) -> str:
    guarantee = "at most once" if sum(row["lost"]) else "at least once"
    return (
        f"| `{row['way']}` | {len(row['lost'])} | {sum(row['held'])} | {sum(row['lost'])} "
        f"| {sum(row['repeated'])} | {guarantee} | {_ms(max(row['back']))} "
        f"| {_ms(max(row['latest']))} |"
    )


def _server_row(row: Mapping[str, Any], prices: Mapping[_Server, Mapping[str, Any]]) -> str:
    found = prices.get((row["pattern"], Persistence(row["persistence"])))
    p99 = throughput = "–"
    if found is not None:
        cost = _price(found)
        p99 = "! " * (cost.p99_valid < cost.runs) + _ms(cost.p99)
        throughput = "! " * (cost.throughput_valid < cost.runs) + _round(cost.throughput)
    return (
        f"| `{row['persistence']}` | {len(row['lost'])} | {sum(row['waiting']):,} "
        f"| {sum(row['lost']):,} | {_ms(max(row['unsaved'])) if any(row['lost']) else '–'} "
        f"| {sum(row['repeated']):,} | {_ms(max(row['back']))} "
        f"| {p99} | {throughput} |"
    )


def _ms(seconds: float | None) -> str:
    if seconds is None:
        return "∞"
    return f"{seconds * 1e3:,.0f} ms" if seconds >= 1 else f"{seconds * 1e3:.3g} ms"


def _round(value: float) -> str:
    return f"{float(f'{value:.2g}'):,.0f}"


def main(argv: Sequence[str]) -> int:
    """Measure; write the log and the tables as far as they go; give the exit code."""
    before = read_log() if LOG.is_file() else {}
    for log in measured(int(argv[0]) if argv else TIMES, before):
        LOG.write_text(json.dumps(log, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        for page in _OF_PAGE:
            path = PAGES / f"{page}.md"
            text = path.read_text(encoding="utf-8")
            path.write_text(with_tables(text, page, log), encoding="utf-8")
    found = list(claims(read_log()))
    for claim in found:
        print(claim)
    return 0 if all(claim.ok for claim in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
