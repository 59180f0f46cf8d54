"""What a series calls its cells."""

from __future__ import annotations

from harness.cli.scale import at_rate
from harness.series import Cell, names_of
from harness.workload import ClientKind, Exchange, RedisCommand, Workload


def test_a_cell_is_named_by_what_tells_it_from_others_of_its_pattern() -> None:
    asked = [
        Workload(exchange=Exchange.REQUEST_REPLY, command=command, client=client)
        for command in (RedisCommand.GET, RedisCommand.SET)
        for client in ClientKind
    ]
    polls = [Workload(poll_interval=0.25), Workload(rate=None, concurrency=64, deflate=True)]
    cells = [
        *(Cell(pattern="redis_command", workload=workload) for workload in asked),
        *(Cell(pattern="rest_polling", workload=workload) for workload in polls),
        Cell(pattern="sse", workload=Workload()),
    ]
    assert list(names_of(cells).values()) == [
        "redis_command --client wire --command GET",
        "redis_command --client library --command GET",
        "redis_command --client wire --command SET",
        "redis_command --client library --command SET",
        "rest_polling --rate 1000 --poll-interval 0.25 without --deflate",
        "rest_polling --concurrency 64 --poll-interval 0.02 --deflate",
        "sse",
    ]


def test_no_name_holds_a_password() -> None:
    cells = [
        Cell(pattern="redis_pubsub", workload=Workload(redis=f"redis://:pw@h:{port}"))
        for port in (1, 2)
    ]
    assert set(names_of(cells).values()) == {"redis_pubsub"}


def test_no_two_set_ups_of_a_scale_share_a_name() -> None:
    names = list(names_of(list(at_rate(Workload(gateways=4)))).values())
    assert len(set(names)) == len(names) == 11
    assert names[-1] == "websocket_scaled --gateways 4 --backplane pubsub --balancer caddy"
