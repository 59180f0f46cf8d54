"""Scenarios: built-in, from a file, overridden; every wrong value named."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from harness import scenario
from harness.errors import BadInput
from harness.scenario import BUILT_IN, find_scenario, override, read_scenarios
from harness.workload import Arrivals, ClientKind, Exchange, RedisCommand, Workload


def test_every_field_of_workload_has_a_parser() -> None:
    assert set(scenario._PARSERS) == {part.name for part in fields(Workload)}


def test_texts_with_units_and_plain_numbers_mean_the_same() -> None:
    texts = {"rate": "2k", "payload": "4KiB", "duration": "500ms", "client": "library"}
    plain = {"rate": 2000, "payload": 4096, "duration": 0.5, "client": ClientKind.LIBRARY}
    assert override(Workload(), texts) == override(Workload(), plain)


def test_commands_are_read_in_either_case() -> None:
    asked = override(Workload(), {"command": "flushdb-async"})
    assert asked.command is RedisCommand.FLUSHDB_ASYNC


def test_a_burst_makes_arrivals_bursts_and_other_arrivals_end_them() -> None:
    bursts = override(Workload(), {"burst": 20, "rate": "200"})
    assert bursts.arrivals is Arrivals.BURST
    assert bursts.tick == 0.1
    ended = override(bursts, {"arrivals": "poisson"})
    assert (ended.burst, ended.tick) == (0, 0.0)


@pytest.mark.parametrize("values", [{"subscribers": 8}, {"publishers": 8}])
def test_a_group_has_as_many_publishers_as_subscribers(values: dict[str, object]) -> None:
    group = override(Workload(), {"exchange": "group", **values})
    assert (group.publishers, group.subscribers, group.deliveries_per_message) == (8, 8, 8)
    fewer = override(BUILT_IN["collab"].workload, {"subscribers": 16})
    assert (fewer.publishers, fewer.receivers) == (16, 16)


def test_concurrency_closes_the_loop_and_rate_opens_it() -> None:
    closed = override(Workload(), {"concurrency": 8})
    assert closed.rate is None
    assert override(closed, {"rate": 10}).concurrency is None


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"rate": 0}, "--rate 0: must be above 0 messages per second; for example 500 or 2k"),
        ({"rate": -5}, "--rate -5: must be above 0"),
        ({"rate": "fast"}, "--rate fast: is no rate"),
        ({"payload": "16B"}, "--payload 16: shorter than the smallest message, 64 bytes"),
        ({"payload": "2MiB"}, "--payload 2097152: longer than the longest message"),
        ({"payload": "1.5B"}, "is no whole number of bytes"),
        ({"subscribers": 1.5}, "--subscribers 1.5: must be a whole number"),
        ({"subscribers": True}, "must be a whole number"),
        ({"exchange": "multicast"}, "must be one of broadcast, work_queue, request_reply"),
        ({"rate": 5, "concurrency": 5}, "not both"),
        ({"duration": "0s"}, "--duration 0: must be above 0"),
        ({"duration": "nan"}, "is no time"),
        ({"poll_interval": "1us"}, "--poll-interval 1e-06: must be 1ms"),
        (
            {"exchange": "group", "publishers": 2, "subscribers": 3},
            "--publishers 2: in a group every member publishes and subscribes",
        ),
        ({"arrivals": "burst"}, "--burst 0: must be 2 to 100,000 messages due at one instant"),
        ({"burst": 1}, "--burst 1: must be 2 to 100,000"),
        ({"burst": 9, "arrivals": "poisson"}, "--burst 9: means nothing with poisson arrivals"),
        ({"command": "mget"}, "--command MGET: must be one of PING, SET, GET"),
        ({"pipeline": 0}, "--pipeline 0: must be 1 to 10,000 commands"),
        ({"keys": 2_000_000}, "--keys 2000000: must be 1 to 1,000,000"),
        ({"deflate": "yes"}, "must be true or false"),
        ({"service_time": "-1s"}, "--service-time -1: must be 0 to 600s; for example 200ms"),
        ({"workers": 0}, "--workers 0: must be 1 to 10,000"),
        ({"workers_gone": "4s"}, "--workers-gone 4: must be 0 to half of the window, here 2.5s"),
        ({"subscriber": 4}, 'key "subscriber": no field of a workload; did you mean subscribers?'),
    ],
)
def test_a_wrong_value_is_named_with_what_would_be_right(
    values: dict[str, object], line: str
) -> None:
    with pytest.raises(BadInput) as caught:
        override(Workload(), values)
    assert line in str(caught.value)


def test_a_file_of_scenarios(tmp_path: Path) -> None:
    (tmp_path / "orders.txt").write_text('{"id": 1}\n\n{"id": 22}\n')
    path = tmp_path / "mine.toml"
    path.write_text(
        '[scenario.orders]\npatterns = ["sse", "websocket"]\nsubscribers = 20\n'
        'rate = "200/s"\npayload_file = "orders.txt"\n'
        '[scenario.tasks]\nexchange = "work_queue"\n'
    )
    found = read_scenarios(str(path))
    assert list(found) == ["orders", "tasks"]
    assert found["orders"].patterns == ("sse", "websocket")
    assert found["orders"].workload.rate == 200
    assert found["orders"].workload.payload == 64
    assert found["tasks"].workload.exchange is Exchange.WORK_QUEUE
    assert find_scenario(str(path)) == found


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[scenario.a]\nratee = 5\n", 'scenario.a, key "ratee"'),
        ("[scenario.a]\nrate = 0\n", "scenario.a, rate 0: must be above 0"),
        ("[scenarios.a]\nrate = 5\n", 'key "scenarios"'),
        ("", "has no table [scenario.NAME]"),
        ("[scenario.a\n", "is no TOML"),
        ("[scenario.a]\npatterns = 'sse'\n", "must be a list of names"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        read_scenarios(str(path))
    assert line in str(caught.value)


def test_unknown_scenarios_suggest_the_nearest() -> None:
    with pytest.raises(BadInput, match="did you mean ticker"):
        find_scenario("tickr")
    with pytest.raises(BadInput, match="cannot be read"):
        find_scenario("missing.toml")


def test_the_built_in_ones_are_what_the_documentation_says() -> None:
    assert {name: one.workload.exchange for name, one in BUILT_IN.items()} == {
        "ticker": Exchange.BROADCAST,
        "chat": Exchange.BROADCAST,
        "newsfeed": Exchange.BROADCAST,
        "jobs": Exchange.WORK_QUEUE,
        "rpc": Exchange.REQUEST_REPLY,
        "judge": Exchange.JOURNEY,
        "support": Exchange.REQUEST_REPLY,
        "sports": Exchange.BROADCAST,
        "group_chat": Exchange.GROUP,
        "gaming": Exchange.GROUP,
        "collab": Exchange.GROUP,
    }


def test_objectives_stand_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "abec.toml"
    path.write_text('[scenario.prices]\nassert = ["p99<5ms", "lost==0"]\n')
    objectives = read_scenarios(str(path))["prices"].objectives
    assert [objective.text for objective in objectives] == ["p99<5ms", "lost==0"]


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ('"p99<5ms"', r"scenario\.prices, assert p99<5ms: must be a list of texts"),
        ('["p99<5"]', r"scenario\.prices, assert p99<5: 5 of what\?"),
    ],
)
def test_a_wrong_objective_is_named_with_its_place(tmp_path: Path, value: str, line: str) -> None:
    path = tmp_path / "abec.toml"
    path.write_text(f"[scenario.prices]\nassert = {value}\n")
    with pytest.raises(BadInput, match=line):
        read_scenarios(str(path))


JOBS = Workload(exchange=Exchange.WORK_QUEUE, subscribers=4, rate=1000.0)


def test_a_kill_comes_with_work() -> None:
    assert override(JOBS, {"kill": "consumer"}).work == 0.002
    assert override(JOBS, {"kill": "redis", "rate": "500", "subscribers": 1}).work == 0.004
    assert override(JOBS, {"kill": "redis", "work": "0"}).work == 0
    assert override(JOBS, {"kill": "none"}).work == 0
    assert override(replace(JOBS, work=0.1), {"kill": "redis"}).work == 0.1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kill": "publisher"}, "--kill publisher: must be one of none, consumer, redis"),
        ({"kill": "consumer", "work": "0"}, "--work 0: a consumer that does nothing with a"),
        ({"kill": "consumer", "kill_after": "5s"}, "--kill-after 5: must be 0 to less than the"),
        ({"kill": "redis", "concurrency": 4}, "--kill redis: a lost message would keep its place"),
        ({"work": "2min"}, "--work 120: must be 0 to 60 seconds"),
        ({"pop": "lpop"}, "--pop lpop: must be one of brpop, rpop, lmove"),
        ({"persistence": "aof"}, "--persistence aof: must be one of none, rdb, aof-everysec"),
    ],
)
def test_what_cannot_be_killed_or_kept_is_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput) as caught:
        override(JOBS, values)
    assert str(caught.value).startswith(message)


def test_a_floor_takes_no_part_in_how_jobs_are_kept() -> None:
    asked = override(JOBS, {"kill": "redis", "persistence": "rdb", "pop": "lmove"})
    assert asked.bare == JOBS


def test_a_server_of_the_users_own_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "order.json").write_text('{"a": 1}')
    path = tmp_path / "own.toml"
    path.write_text(
        '[scenario.orders]\nexchange = "request_reply"\nurl = "http://host/orders"\n'
        'pid = [4711, 4712]\nbody = "order.json"\nexpect_status = 201\n'
    )
    workload = read_scenarios(str(path))["orders"].workload
    assert workload.body == '{"a": 1}'
    assert workload.pid == (4711, 4712)
    assert workload.opaque


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read: No such file or directory; give the file of who signed it"),
        ("no certificate", r"holds no certificate \(PEM\); give the file"),
    ],
)
def test_an_authority_that_is_none(tmp_path: Path, content: str | None, problem: str) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(BadInput, match=problem):
        override(Workload(), {"url": "wss://host/", "ca": str(path)})
