"""The lines around a table: what was asked, where, and what the answer cannot tell."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.measure.configuration import by_workload, configurations
from harness.queueing import Persistence, Pop, Victim
from harness.report.question import jobs, limits, question, saved, surroundings, traffic
from harness.workload import Arrivals, Exchange, Ingress, RedisCommand, Workload

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("workload", "text"),
    [
        (Workload(rate=2000.0, subscribers=50), "broadcast 2,000 msg/s → 50 subscribers"),
        (Workload(publishers=3), "broadcast 1,000 msg/s from 3 publishers → 1 subscriber"),
        (
            Workload(exchange=Exchange.WORK_QUEUE, subscribers=4),
            "work queue 1,000 msg/s → 4 consumers",
        ),
        (
            Workload(exchange=Exchange.JOURNEY, publishers=200, rate=40),
            "journey 40 msg/s from 200 users",
        ),
        (
            Workload(exchange=Exchange.REQUEST_REPLY, publishers=64),
            "request/reply 1,000 msg/s over 64 connections",
        ),
        (
            Workload(exchange=Exchange.GROUP, publishers=64, subscribers=64, rate=64.0),
            "group 64 msg/s among 64 members",
        ),
        (
            Workload(rate=None, concurrency=2048),
            "broadcast, closed loop: at most 2,048 in flight → 1 subscriber",
        ),
    ],
)
def test_traffic(workload: Workload, text: str) -> None:
    assert traffic(workload) == text


def test_the_question_is_restated_with_all_that_differs_from_the_usual(make_series: Make) -> None:
    unusual = Workload(
        arrivals=Arrivals.CONSTANT,
        ingress=Ingress.NATIVE,
        deflate=True,
        payload_file="mine.txt",
        poll_interval=0.1,
    )
    polls = make_series({"rest_polling": {"analytic_mean": 0.05}}, workload=unusual, runs=1)
    plain = make_series({"sse": {}})

    assert question(configurations(plain), plain).split("\n") == [
        "broadcast 1,000 msg/s → 1 subscriber · 256 B · poisson · 5 s after 1 s warm-up",
        "8 runs each, interleaved",
    ]
    assert question(configurations(polls), polls).replace("\n", " · ").split(" · ") == [
        "broadcast 1,000 msg/s → 1 subscriber",
        "256 B of mine.txt",
        "constant",
        "polls every 100 ms",
        "published natively",
        "compressed",
        "5 s after 1 s warm-up",
        "one run each",
    ]


def test_bursts_are_told_with_their_distance(make_series: Make) -> None:
    series = make_series({"sse": {}}, workload=Workload(arrivals=Arrivals.BURST, burst=50))
    assert " · bursts of 50 every 50 ms · " in question(configurations(series), series)


def test_a_redis_command_is_told_with_its_pipeline_and_keys(make_series: Make) -> None:
    asked = Workload(
        exchange=Exchange.REQUEST_REPLY, command=RedisCommand.GET, pipeline=16, keys=5000
    )
    series = make_series({"redis_command": {}}, workload=asked)
    text = question(configurations(series), series).replace("\n", " · ")
    assert " · GET, 16 in a pipeline, 5,000 keys · " in text


def test_a_floor_that_went_without_does_not_hide_the_compression(make_series: Make) -> None:
    plain = make_series({"floor": {}})
    compressed = make_series({"websocket": {}}, workload=Workload(deflate=True))
    both = replace(plain, results=plain.results + compressed.results)

    assert " · compressed · " in question(configurations(both), both)


def test_tls_is_told_with_what_was_agreed_on_and_that_the_floor_goes_without(
    make_series: Make,
) -> None:
    series = make_series({"websocket": {}}, workload=Workload(tls=True))
    agreed = replace(series.results[0].context, tls="TLSv1.3, TLS_AES_256_GCM_SHA384")
    results = tuple(replace(run, context=agreed) for run in series.results)
    series = replace(series, results=results)
    rows = configurations(series)

    assert " · by TLS, the floor plain · " in question(rows, series).replace("\n", " · ")
    assert " · TLSv1.3, TLS_AES_256_GCM_SHA384 · " in surroundings(rows).replace("\n", " · ")
    assert "loopback has no distance and no loss; a network" in limits(results, 400)
    assert "no distance, no loss and no TLS; a" in limits(make_series({"sse": {}}).results, 400)
    by_tls = Workload(redis="rediss://localhost")
    asked = make_series({"redis_pubsub": {}}, workload=by_tls).results
    assert "no distance and no loss; a" in limits(asked, 400)
    # Between gateways and their Redis there is TLS, between them and clients none.
    scaled = make_series({"websocket_scaled": {}}, workload=by_tls).results
    assert "no distance, no loss and no TLS; a" in limits(scaled, 400)


def test_one_plan_for_all_is_told_once_and_several_by_pattern(make_series: Make) -> None:
    series = make_series({"sse@aiohttp": {}, "redis_pubsub": {}}, runs=1)
    rows = configurations(series)
    other = replace(rows[0].runs[0].context, plan="core 0 server · core 1 load (both)")
    apart = replace(
        series,
        results=tuple(
            replace(run, context=other) if run.pattern == "redis_pubsub" else run
            for run in series.results
        ),
    )

    assert surroundings(rows).replace("\n", " · ") == (
        "core 0 server · core 1 load (receive + publish) · wire client · CPython 3.11.7 · "
        "aiohttp 3.14.0 · uvicorn 0.54.0 · uvloop 0.23.0 · Redis 8.2.3 (bundled) · seed 1"
    )
    assert surroundings(configurations(apart)).split("\n")[:2] == [
        "redis_pubsub: core 0 server · core 1 load (both)",
        "sse@aiohttp: core 0 server · core 1 load (receive + publish)",
    ]


def test_what_serves_a_family_is_told_where_it_was_measured(make_series: Make) -> None:
    series = make_series({"sse": {}, "graphql_subscription_sse": {}}, runs=1)
    context = series.results[0].context
    libraries = {**context.machine.libraries, "strawberry-graphql": "0.341.2"}
    context = replace(context, machine=replace(context.machine, libraries=libraries))
    rows = configurations(
        replace(series, results=tuple(replace(run, context=context) for run in series.results))
    )

    assert "strawberry-graphql 0.341.2" in surroundings(rows)
    assert "strawberry" not in surroundings([row for row in rows if row.pattern == "sse"])


def test_limits_name_cores_payloads_and_intervals(
    make_series: Make, nature: Mapping[str, Any]
) -> None:
    small = make_series(nature, runs=1)
    large = make_series({"sse": {}}, runs=1, workload=Workload(payload=4096))

    text = limits((*small.results, *large.results)).replace("\n", " ")

    assert text.startswith("What this does not tell you: loopback has no distance")
    assert "CPython 3.11.7, on 2 virtual cores" in text
    assert "The payload (256 B or 4 KiB) and the poll interval (20 ms) were chosen" in text
    assert "payload (4 KiB) was chosen" in limits(large.results).replace("\n", " ")


def test_limits_tell_what_only_some_had(make_series: Make) -> None:
    plain = make_series({"sse": {}}, runs=1).results
    far = make_series({"sse": {}}, runs=1, workload=Workload(rtt=0.02)).results
    tls = make_series({"sse": {}}, runs=1, workload=Workload(tls=True)).results

    assert "the network in between only delays, no loss and no TLS. HTTP" in limits(far, 400)
    assert (
        "loopback has no distance and no loss, and TLS only where it is named; where a network is "
        "named, it only delays; a network adds" in limits((*plain, *far, *tls), 400)
    )


def test_the_workers_of_a_journey_are_restated(make_series: Make) -> None:
    asked = Workload(
        exchange=Exchange.JOURNEY, publishers=9, service_time=0.02, workers=16, workers_gone=1.0
    )
    series = make_series({"submit_job_sse": {}}, runs=1, workload=asked)
    assert "16 workers of 20 ms each, gone for 1 s · " in question(
        configurations(series), series, 400
    )


def test_a_plain_floor_does_not_hide_the_command(make_series: Make) -> None:
    calls = Workload(exchange=Exchange.REQUEST_REPLY)
    plain = make_series({"floor@no-loop": {}}, workload=calls)
    asked = make_series({"redis_command": {}}, workload=replace(calls, command=RedisCommand.GET))
    (rows,) = by_workload(replace(plain, results=plain.results + asked.results))

    assert " · GET, 1,000 keys · " in question(rows, plain, 400)


def test_saved() -> None:
    assert saved("a.json", "next: this") == "saved a.json · next: this"
    names = ", ".join(f"results/runs/20260714-101500-7f3a-{n}.json" for n in range(4))
    assert max(map(len, saved(names).split("\n"))) <= 100


def test_how_jobs_are_taken_kept_and_put_at_risk_is_restated() -> None:
    plain = Workload(exchange=Exchange.WORK_QUEUE)
    assert jobs([plain]) == []
    asked = replace(plain, pop=Pop.LMOVE, work=0.002, persistence=Persistence.AOF_ALWAYS)
    assert jobs([asked, replace(asked, kill=Victim.REDIS)]) == [
        "lists popped by lmove",
        "2 ms of work each",
        "persistence aof-always",
        "Redis killed after 1 s",
    ]
    assert jobs([replace(asked, kill=Victim.CONSUMER)])[-1] == "a consumer killed after 1 s"
