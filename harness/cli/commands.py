"""``abec commands``: every Redis command with both clients, in one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import click

from harness.cli.answer import Answer, width
from harness.cli.parts import measure_part, part_paths
from harness.cli.run import count_of_runs, exit_code, new_result_path
from harness.errors import BadInput, NotMeasured
from harness.given_server import is_redis
from harness.machine import read_machine
from harness.pattern import RedisSpec
from harness.process.redis import without_password
from harness.process.redis_benchmark import find_redis_benchmark, redis_benchmark
from harness.process.servers import started
from harness.report.commands import Benchmarked, commands_report
from harness.scenario import override
from harness.series import Cell
from harness.workload import Arrivals, ClientKind, Exchange, RedisCommand, Workload

_PATTERN = "redis_command"
_BASE = Workload(exchange=Exchange.REQUEST_REPLY, rate=500.0, warmup=0.2, duration=4.2)
_FLUSHES = tuple(one for one in RedisCommand if one.startswith("FLUSH"))
_FLUSH_RATE = 50.0
"""At most: the keys are made anew in between."""
_CLOSED_S = 1.0
_AT_LEAST_IN_FLIGHT = 64
_KEY = "abec:benchmark:__rand_int__"
_BENCHMARK: Sequence[Mapping[RedisCommand, Sequence[str]]] = (
    {RedisCommand.PING: ("PING",), RedisCommand.SELECT: ("SELECT", "0")},
    {
        RedisCommand.SET: ("SET", _KEY, "{payload}"),
        RedisCommand.GET: ("GET", _KEY),
        RedisCommand.EXPIRE: ("EXPIRE", _KEY, "3600"),
        RedisCommand.TTL: ("TTL", _KEY),
        RedisCommand.DEL: ("DEL", _KEY),
    },
    {
        RedisCommand.HSET: ("HSET", "hash:" + _KEY, "field", "{payload}"),
        RedisCommand.HGET: ("HGET", "hash:" + _KEY, "field"),
        RedisCommand.HDEL: ("HDEL", "hash:" + _KEY, "field"),
    },
    {
        RedisCommand.LPUSH: ("LPUSH", "list:" + _KEY, "{payload}"),
        RedisCommand.RPOP: ("RPOP", "list:" + _KEY),
    },
)
"""Each group in this order, every command on what those before it left. BRPOP would wait for ever
on an empty list."""
_BENCHMARK_REQUESTS = 50_000


@click.command(context_settings={"max_content_width": 100})
@click.option("--connections", "publishers", metavar="N", help="connections [1]")
@click.option("--pipeline", metavar="N", help="commands unanswered on one connection [1]")
@click.option("--payload", metavar="BYTES", help="size of a value [256B]")
@click.option("--keys", metavar="N", help="keys that exist, and that a flush takes away [1000]")
@click.option("--rate", metavar="CMD/S", help="commands per second, of a flush at most 50 [500]")
@click.option("--duration", metavar="TIME", help="window at that rate [4.2s]")
@click.option("--redis", metavar="FILE", help="redis-server binary [the bundled one]")
@click.option("--seed", metavar="N", help="of schedules and the order of runs [1]")
@click.option("--runs", metavar="N", default="1", help="independent runs of each [1]")
def command(runs: str, **options: Any) -> int:
    """Measure every Redis command with both clients: latency at a rate, then throughput.

    \b
    Examples:
      abec commands
      abec commands --connections 4 --pipeline 16 --keys 100000 --runs 8

    About 5 minutes with one run each. One connection is one caller: a library that serves
    several is invalid before its server is busy. Flushes have one connection, no pipeline and
    no closed loop, because the keys have to be made anew. Where redis-benchmark is on PATH, its
    throughput with the same connections, pipeline, keys and payload stands beside. To measure
    one command more closely: abec run redis_command --command GET.
    """
    given = {field: value for field, value in options.items() if value is not None}
    workload = override(_BASE, given)
    if is_redis(workload.redis_at):
        raise BadInput(
            "--redis",
            without_password(workload.redis_at),
            "some commands empty a Redis, so it must be the path of a redis-server binary; to ask "
            "yours for one command: abec run redis_command --command GET --redis URL",
        )
    base, times = new_result_path(), count_of_runs(runs)
    latency = measure_part("latency", list(at_rate(workload)), times, base)
    closed = measure_part("saturation", list(_in_flight(workload)), times, base)
    saved = part_paths(base, ("latency", "saturation"))
    beside = _beside(workload)
    Answer().give(f"{commands_report(latency, closed, beside, width())}\n\nsaved {saved}", saved)
    return max(exit_code(latency), exit_code(closed))


def at_rate(workload: Workload = _BASE) -> Iterator[Cell]:
    """Give every command with both clients, in an open loop."""
    for one in RedisCommand:
        asked = replace(workload, command=one)
        if one in _FLUSHES:
            asked = replace(
                asked,
                publishers=1,
                pipeline=1,
                rate=min(_FLUSH_RATE, workload.rate or _FLUSH_RATE),
                arrivals=Arrivals.CONSTANT,
            )
        yield from _with_both_clients(asked)


def _in_flight(workload: Workload) -> Iterator[Cell]:
    for one in RedisCommand:
        if one not in _FLUSHES:
            yield from _with_both_clients(
                replace(
                    workload,
                    command=one,
                    rate=None,
                    concurrency=max(_AT_LEAST_IN_FLIGHT, workload.publishers * workload.pipeline),
                    duration=_CLOSED_S,
                )
            )


def _with_both_clients(workload: Workload) -> Iterator[Cell]:
    for client in ClientKind:
        yield Cell(pattern=_PATTERN, workload=replace(workload, client=client))


def _beside(workload: Workload) -> Benchmarked:
    """Run redis-benchmark, where it is installed, on a Redis of its own."""
    program = find_redis_benchmark()
    if program is None:
        return Benchmarked()
    machine = read_machine()
    try:
        with started((RedisSpec(),), workload, cores=frozenset(machine.cores[:1])) as running:
            return benchmarked(program, running.endpoints["redis"], workload, machine.cores[-1])
    except NotMeasured as error:
        everything = tuple(one for group in _BENCHMARK for one in group)
        return Benchmarked(missing={str(error): everything})


def benchmarked(program: str, url: str, workload: Workload, core: int | None) -> Benchmarked:
    """Give what redis-benchmark finds, and why not where it finds nothing.

    What would have worked on keys that could not be made is left out too.
    """
    found: dict[RedisCommand, float] = {}
    missing: dict[str, tuple[RedisCommand, ...]] = {}
    for group in _BENCHMARK:
        try:
            for one, words in group.items():
                found[one] = redis_benchmark(
                    program,
                    url,
                    [word.replace("{payload}", "x" * workload.payload) for word in words],
                    requests=_BENCHMARK_REQUESTS,
                    connections=workload.publishers,
                    pipeline=workload.pipeline,
                    keys=workload.keys,
                    core=core,
                )
        except NotMeasured as error:
            left = tuple(one for one in group if one not in found)
            missing[str(error)] = (*missing.get(str(error), ()), *left)
    return Benchmarked(rates=found, missing=missing)
