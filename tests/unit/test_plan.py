"""Plans: who does what on which core, and what is refused before anything starts."""

from dataclasses import replace

import pytest

from harness.errors import BadInput
from harness.machine import Machine, read_machine
from harness.pattern import RedisSpec
from harness.plan import plan
from harness.queueing import Persistence, Victim
from harness.registry import load
from harness.scaling import Balancer
from harness.scenario import override
from harness.workload import Arrivals, ClientKind, Exchange, Workload


@pytest.fixture(scope="module")
def machine() -> Machine:
    return replace(read_machine(), cores=(0, 1, 2, 3), open_files_hard=4096)


def test_servers_publishers_and_subscribers_are_apart(machine: Machine) -> None:
    made = plan(load("sse"), Workload(subscribers=10, load_processes=2), machine)
    assert made.server_cores == {0}
    assert [(share.role, share.core, len(share.receivers)) for share in made.shares] == [
        ("receive", 1, 5),
        ("receive", 2, 5),
        ("publish", 3, 0),
    ]


def test_members_of_a_group_publish_where_they_receive(machine: Machine) -> None:
    members = Workload(exchange=Exchange.GROUP, publishers=5, subscribers=5, load_processes=2)
    made = plan(load("websocket"), members, machine)
    assert [(share.role, share.publishers, share.receivers) for share in made.shares] == [
        ("both", range(2), range(2)),
        ("both", range(2, 5), range(2, 5)),
    ]


@pytest.mark.parametrize(
    ("cores", "gateways", "served", "loaded"),
    [
        (2, 3, {0}, {1}),
        (4, 3, {0, 1}, {2, 3}),
        (8, 3, set(range(5)), {5, 6}),
        (8, 1, {0, 1, 2}, {3, 4}),
    ],
)
def test_gateways_get_cores_of_their_own_as_far_as_load_spares_them(
    machine: Machine, cores: int, gateways: int, served: set[int], loaded: set[int]
) -> None:
    large = replace(machine, cores=tuple(range(cores)))
    made = plan(load("websocket_scaled"), Workload(gateways=gateways), large)
    assert made.server_cores == served
    assert {share.core for share in made.shares} == loaded


def test_two_cores_put_all_load_on_the_second(machine: Machine) -> None:
    made = plan(load("sse"), Workload(), replace(machine, cores=(0, 1)))
    assert {share.core for share in made.shares} == {1}
    assert str(made) == "core 0 server · core 1 load (receive + publish)"


def test_a_relay_has_a_core_without_load_or_else_shares_one(machine: Machine) -> None:
    far = Workload(rtt=0.04)
    near = plan(load("sse"), Workload(), machine)
    made = plan(load("sse"), far, machine)
    assert near.relay_core is None
    assert made.relay_core == 3
    assert str(made).endswith(" · core 3 relay")
    assert made.setup_s == pytest.approx(near.setup_s + 12 * far.rtt)
    assert plan(load("sse"), far, replace(machine, cores=(0, 1))).relay_core == 1


@pytest.mark.parametrize(
    ("client", "cores", "give_way"),
    [
        (ClientKind.LIBRARY, (0, 1), [True, False]),
        (ClientKind.LIBRARY, (0, 1, 2), [False, False]),
        (ClientKind.WIRE, (0, 1), [False, False]),
        # There they would give way to the server too, and measure that.
        (ClientKind.LIBRARY, (0,), [False, False]),
    ],
)
def test_libraries_give_way_to_a_publisher_on_their_core(
    machine: Machine, client: ClientKind, cores: tuple[int, ...], give_way: list[bool]
) -> None:
    made = plan(load("sse"), Workload(client=client), replace(machine, cores=cores))
    assert [share.gives_way for share in made.shares] == give_way


def test_one_core_carries_everything(machine: Machine) -> None:
    made = plan(load("sse"), Workload(), replace(machine, cores=(5,)))
    assert made.server_cores == {5}
    assert {share.core for share in made.shares} == {5}


@pytest.mark.parametrize("exchange", [Exchange.REQUEST_REPLY, Exchange.BROADCAST])
def test_callers_and_closed_loops_publish_where_they_receive(
    machine: Machine, exchange: Exchange
) -> None:
    asked = override(Workload(exchange=exchange, publishers=4), {"concurrency": 8})
    (share,) = plan(load("websocket"), asked, machine).shares
    assert share.role == "both"
    assert share.publishers == range(4)


@pytest.mark.parametrize(
    ("pattern", "values", "line"),
    [
        ("sse", {"exchange": "work_queue"}, "sse with exchange work_queue: "),
        ("sse", {"subscribers": 20000}, "--subscribers 20000: needs 20,065 open files, hard limit"),
        (
            "sse",
            {"payload": "1MiB", "subscribers": 64},
            "67.1 GB/s: no loopback carries more than 4 GB/s",
        ),
        ("sse", {"rate": "100k", "duration": 3600}, "can be recorded in one run"),
        ("sse", {"deflate": True}, "--deflate: sse does not compress"),
        ("redis_pubsub", {"tls": True}, "--tls: redis_pubsub has no TLS; long_polling, rest, "),
        ("sse", {"concurrency": 4, "load_processes": 2}, "--load-processes 2: a closed loop"),
        (
            "rest_polling",
            {"arrivals": Arrivals.CONSTANT, "rate": 50},
            "in one of 1 places, so the phase would be measured",
        ),
        (
            "rest_polling",
            {"burst": 5, "rate": 100},
            "--arrivals burst with --poll-interval 0.02s and messages due every 0.05s: every "
            "message meets the poll in one of 2 places",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(
    machine: Machine, pattern: str, values: dict[str, object], line: str
) -> None:
    with pytest.raises(BadInput) as caught:
        plan(load(pattern), override(Workload(), values), machine)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_balancer_takes_two_files_a_connection(machine: Machine) -> None:
    asked = Workload(subscribers=3000)
    for kind in (Balancer.CADDY, Balancer.HAPROXY, Balancer.NGINX):
        with pytest.raises(BadInput) as caught:
            plan(load("websocket_scaled"), replace(asked, balancer=kind), machine)
        assert str(caught.value) == (
            "--subscribers 3000: needs 6,066 open files, hard limit is 4,096; raise it, or use at "
            "most 2,015"
        )
    fit = replace(asked, subscribers=2015)
    assert plan(load("websocket_scaled"), fit, machine).shares
    # Neither a pattern without a balancer nor gateways without one have both ends.
    assert plan(load("websocket"), asked, machine).shares
    bare = replace(asked, balancer=Balancer.NONE)
    assert plan(load("websocket_scaled"), bare, machine).shares


def test_constant_arrivals_that_drift_through_the_poll_are_fine(machine: Machine) -> None:
    asked = Workload(arrivals=Arrivals.CONSTANT, rate=49.7, poll_interval=0.02)
    assert plan(load("rest_polling"), asked, machine).shares


def test_a_user_of_a_journey_takes_two_connections(machine: Machine) -> None:
    journey = replace(load("rest"), exchanges=frozenset({Exchange.JOURNEY}))
    few = replace(machine, open_files_hard=2 * 100 + 65)
    (share,) = plan(journey, Workload(exchange=Exchange.JOURNEY, publishers=100), few).shares
    assert share.publishers == share.receivers == range(100)
    with pytest.raises(BadInput, match=r"--publishers 101: needs 266 open files.* at most 100"):
        plan(journey, Workload(exchange=Exchange.JOURNEY, publishers=101), few)


JOBS = Workload(exchange=Exchange.WORK_QUEUE, subscribers=3)
CALLS = Workload(exchange=Exchange.REQUEST_REPLY)
KILLED = replace(JOBS, kill=Victim.CONSUMER, work=0.001)
FOREIGN = "redis://127.0.0.1:6379"


def test_commands_can_be_asked_of_a_redis_that_writes_them_down(machine: Machine) -> None:
    asked = replace(CALLS, persistence=Persistence.AOF_ALWAYS)
    (redis,) = plan(load("redis_command"), asked, machine).servers
    assert isinstance(redis, RedisSpec)
    assert ("appendfsync", "always") in redis.config


def test_a_consumer_that_is_to_die_has_a_process_of_its_own(machine: Machine) -> None:
    made = plan(load("redis_queue"), KILLED, machine)
    receiving = [share for share in made.shares if share.role == "receive"]
    assert [(len(share.receivers), share.dies) for share in receiving] == [
        (1, True),
        (1, False),
        (1, False),
    ]
    assert not any(share.dies for share in plan(load("redis_queue"), JOBS, machine).shares)


@pytest.mark.parametrize(
    ("pattern", "asked", "message"),
    [
        (
            "redis_pubsub",
            Workload(persistence=Persistence.RDB),
            "--persistence rdb: redis_pubsub stores no message for a consumer that is away; "
            "redis_queue and redis_stream do",
        ),
        (
            "redis_command",
            replace(CALLS, persistence=Persistence.RDB, work=0.001),
            "--work 0.001: redis_command stores no message for a consumer",
        ),
        (
            "redis_command",
            replace(CALLS, persistence=Persistence.RDB, redis=FOREIGN),
            "--persistence rdb: a Redis that abec did not start is neither configured nor killed",
        ),
        ("sse", Workload(work=0.001), "--work 0.001: sse stores no message for a consumer"),
        ("floor", KILLED, "--kill consumer: floor stores no message"),
        (
            "redis_queue",
            replace(JOBS, persistence=Persistence.RDB, redis=FOREIGN),
            "--persistence rdb: a Redis that abec did not start is neither configured nor killed",
        ),
        (
            "redis_stream",
            replace(KILLED, kill=Victim.REDIS, redis=FOREIGN),
            "--kill redis: a Redis that abec did not start is neither configured nor killed",
        ),
    ],
)
def test_what_only_a_store_of_ours_can_do_is_refused_elsewhere(
    machine: Machine, pattern: str, asked: Workload, message: str
) -> None:
    with pytest.raises(BadInput) as caught:
        plan(load(pattern), asked, machine)
    assert str(caught.value).startswith(message)


def test_a_consumer_may_die_at_a_redis_of_somebodys(machine: Machine) -> None:
    assert plan(load("redis_queue"), replace(KILLED, redis=FOREIGN), machine).shares
