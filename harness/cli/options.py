"""Workload options: one for each field, shared by every command that measures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import click

from harness.errors import BadInput
from harness.pattern import Pattern, RedisSpec
from harness.process.redis import without_password
from harness.queueing import Victim
from harness.registry import all_patterns, load, names
from harness.scenario import BUILT_IN, Scenario, find_scenario, flag, override
from harness.workload import Exchange, Workload

_Command = TypeVar("_Command", bound=Callable[..., Any])
_DEFAULTS = Workload()

_HELP: Mapping[str, tuple[str, str]] = {
    "exchange": (
        "NAME",
        "broadcast, work_queue, request_reply, journey, group [what the patterns carry]",
    ),
    "publishers": ("N", "publishers, connections that call, or the users of a journey [1]"),
    "subscribers": (
        "N",
        "subscribers, consumers of a work queue, members of a group [1]",
    ),
    "rate": ("MSG/S", "open loop: messages per second over all publishers, 500 or 2k [1k]"),
    "arrivals": ("NAME", "poisson, constant or burst [poisson]"),
    "burst": ("N", "messages due at one instant, every N/rate seconds [none]"),
    "concurrency": ("N", "closed loop instead of a rate: messages in flight"),
    "payload": ("BYTES", "size of a message, 64B to 1MiB [256B]"),
    "payload_file": ("FILE", "text whose lines, one message each, become the payload"),
    "warmup": ("TIME", "audited but not timed, 500ms or 1s [1s]"),
    "duration": ("TIME", "length of the measured window [5s]"),
    "seed": ("N", "of schedule, payload and polls [1]"),
    "ramp": ("CONN/S", "new connections per second during set-up [500]"),
    "load_processes": ("N", "processes that hold the subscribers or callers [1]"),
    "client": ("NAME", "wire (lean, measures the server) or library (what you would use) [wire]"),
    "ingress": ("NAME", "feed (the same lean TCP for all) or native (as you would publish) [feed]"),
    "redis": (
        "URL|FILE",
        "redis://, rediss:// or unix:// URL, or a redis-server [the bundled]",
    ),
    "poll_interval": ("TIME", "between the polls of one subscriber [20ms]"),
    "deflate": ("", "compress WebSocket messages (permessage-deflate) [off]"),
    "service_time": ("TIME", "of a journey: what a worker takes for one job [0s]"),
    "workers": ("N", "of a journey: jobs that are worked on at a time [4]"),
    "workers_gone": ("TIME", "of a journey: all workers are lost in mid-window for so long [0s]"),
    "trace": ("", "of a journey: where the time goes, from notes of its servers [off]"),
    "command": ("NAME", "of redis_command: GET, SET, LPUSH, FLUSHDB-ASYNC … [PING]"),
    "pipeline": ("N", "Redis commands unanswered on one connection at a time [1]"),
    "keys": ("N", "keys that Redis commands work on, or that a flush takes away [1000]"),
    "pop": ("NAME", "how redis_queue's consumers take: brpop, rpop or lmove [brpop]"),
    "work": (
        "TIME",
        "how long a consumer works on each message, 0 or 1ms [0; with --kill, for half of its "
        "time, or for twice that where Redis dies]",
    ),
    "persistence": ("NAME", "of a Redis that stores: none, rdb, aof-everysec, aof-always [none]"),
    "kill": ("NAME", "whom to kill in mid-run: consumer, redis or gateway [none]"),
    "kill_after": ("TIME", "when in the window [1s]"),
    "url": ("URL", "a server of yours instead of ours: ws://, http://, redis:// … [none]"),
    "publish_url": ("URL", "where messages go in there, if not at --url [--url]"),
    "pid": ("PID", "a process of that server, may be given again [looked for on this host]"),
    "ca": ("FILE", "certificates to trust at wss://, https://, rediss:// [the system's]"),
    "body": ("FILE|TEXT", "of rest: what is posted to a --url that echoes nothing [GET]"),
    "expect_status": ("N", "of rest: the status of a good answer to it [200 to a --body]"),
    "tls": ("", "https and wss, by a certificate made on the spot [off]"),
    "rtt": ("TIME", "put a network in between: its round trip, 20ms [none]"),
    "jitter": ("TIME", "of that network: how far each way may differ [0]"),
    "bandwidth": ("BYTES/S", "of that network, each connection and way, 10MB/s [without limit]"),
    "gateways": ("N", "servers that WebSockets are spread over [3]"),
    "backplane": ("NAME", "what joins gateways: none, pubsub, streams, sharded [pubsub]"),
    "balancer": ("NAME", "what stands before gateways: none, caddy, haproxy, nginx [caddy]"),
}
_REPEATED = frozenset({"pid"})
"""Options that may be given again."""

_Takes = Callable[[Pattern, Workload], bool]


def _reads(field: str) -> _Takes:
    return lambda pattern, _workload: field in pattern.options


_EFFECT: Mapping[str, tuple[_Takes, str]] = {
    "subscribers": (
        lambda _pattern, workload: not workload.exchange.calls,
        "who receives are the publishers",
    ),
    "arrivals": (
        lambda _pattern, workload: workload.open_loop,
        "a closed loop has no schedule",
    ),
    "burst": (
        lambda _pattern, workload: workload.open_loop,
        "a closed loop has no schedule",
    ),
    "ingress": (
        lambda _pattern, workload: not workload.exchange.both_ways,
        "callers and members send by themselves",
    ),
    "redis": (
        lambda pattern, workload: any(
            isinstance(spec, RedisSpec) for spec in pattern.servers(workload)
        ),
        "no chosen pattern uses Redis",
    ),
    "poll_interval": (
        lambda pattern, workload: pattern.poll_interval_s(workload) > 0,
        "no chosen pattern polls",
    ),
    "publish_url": (
        lambda _pattern, workload: not workload.exchange.calls,
        "callers send to --url",
    ),
    "pop": (lambda pattern, _workload: bool(pattern.pops), "no chosen pattern has a choice"),
    "kill_after": (
        lambda _pattern, workload: workload.kill is not Victim.NONE,
        "nobody is to be killed",
    ),
    # A pattern that does not compress is refused; the floor goes without.
    "deflate": (lambda pattern, _workload: pattern.family != "floor", "a floor never compresses"),
    "tls": (lambda pattern, _workload: pattern.family != "floor", "a floor is plain TCP"),
    "service_time": (_reads("service_time"), "no chosen pattern has workers"),
    "workers": (_reads("workers"), "no chosen pattern has workers"),
    "workers_gone": (_reads("workers_gone"), "no chosen pattern has workers"),
    "trace": (_reads("trace"), "no chosen pattern's servers take notes"),
    **{
        field: (_reads(field), "only redis_command reads it")
        for field in ("command", "pipeline", "keys")
    },
    **{
        field: (_reads(field), "no chosen pattern has several gateways")
        for field in ("gateways", "backplane", "balancer")
    },
}
"""Whether an option changes anything for a pattern, and why none of them may take it."""


def workload_options(command: _Command) -> _Command:
    """Add ``--scenario`` and an option for every field of ``Workload``."""
    for field, (metavar, text) in reversed(tuple(_HELP.items())):
        if metavar:
            again = field in _REPEATED
            option = click.option(flag(field), field, metavar=metavar, help=text, multiple=again)
        else:
            option = click.option(flag(field), field, is_flag=True, default=None, help=text)
        command = option(command)
    return click.option(
        "--scenario",
        metavar="NAME|FILE",
        help=f"{', '.join(BUILT_IN)}, or a .toml file of your own; every option overrides it",
    )(command)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One scenario with its patterns, as the command line asks for it."""

    scenario: Scenario
    patterns: tuple[Pattern, ...]


def asked(pattern_names: Sequence[str], options: Mapping[str, Any]) -> list[Asked]:
    """Build what is asked from pattern names and the values of ``workload_options``.

    Without names, a scenario's own patterns are taken, or else all that carry its exchange
    on their default stack.

    Raises:
        BadInput: an unknown pattern, or a value that cannot be.
    """
    values = {field: options[field] for field in _HELP if options.get(field) not in (None, ())}
    if options.get("scenario") is None:
        named = [load(name) for name in pattern_names]
        if "exchange" not in values:
            values["exchange"] = _common_exchange(named)
        scenario = Scenario(name="", workload=override(_DEFAULTS, values))
        scenarios: Iterable[Scenario] = (scenario,)
    else:
        scenarios = [
            replace(scenario, workload=override(scenario.workload, values))
            for scenario in find_scenario(options["scenario"]).values()
        ]
    return [
        Asked(scenario=scenario, patterns=_patterns(pattern_names, scenario))
        for scenario in scenarios
    ]


def without_effect(questions: Sequence[Asked], options: Mapping[str, Any]) -> list[str]:
    """Say which of the options given change nothing in any of the questions, a line for each.

    What only a scenario's file sets is not looked at: its fields serve all of its patterns.
    """
    return [
        f"abec: {_typed(field, options[field])}: changes nothing here, {why}; leave it out"
        for field, (takes, why) in _EFFECT.items()
        if options.get(field) not in (None, ())
        and not any(
            takes(pattern, question.scenario.workload)
            for question in questions
            for pattern in question.patterns
        )
    ]


def _typed(field: str, value: object) -> str:
    shown = without_password(value) if field == "redis" and isinstance(value, str) else value
    return flag(field) if value is True else f"{flag(field)} {shown}"


def _patterns(pattern_names: Sequence[str], scenario: Scenario) -> tuple[Pattern, ...]:
    chosen = tuple(dict.fromkeys(pattern_names or scenario.patterns))
    if chosen:
        return tuple(load(name) for name in chosen)
    return default_patterns(scenario.workload.exchange)


def default_patterns(exchange: Exchange) -> tuple[Pattern, ...]:
    """Give all patterns that carry ``exchange``, each on its default stack, without the floors."""
    return tuple(
        pattern
        for pattern in all_patterns()
        if exchange in pattern.exchanges
        and "@" not in pattern.name
        and pattern.family != "floor"
        and not pattern.only_by_name
    )


def _common_exchange(patterns: Sequence[Pattern]) -> Exchange:
    for exchange in Exchange:
        if all(exchange in pattern.exchanges for pattern in patterns):
            return exchange
    each = "; ".join(f"{p.name}: {', '.join(sorted(p.exchanges))}" for p in patterns)
    raise BadInput("patterns", " ".join(p.name for p in patterns), f"share no exchange ({each})")


def with_floors(patterns: Sequence[Pattern], workload: Workload) -> tuple[str, ...]:
    """Give the patterns' names, before them the floor of each block that carries the exchange.

    A server of the user's has none: our relay is no measure of what runs somewhere else.
    """
    floors = dict.fromkeys(
        pattern.floor
        for pattern in patterns
        if workload.exchange in load(pattern.floor).exchanges and not workload.elsewhere
    )
    return tuple(dict.fromkeys((*floors, *(pattern.name for pattern in patterns))))


def complete_pattern(_ctx: object, _param: object, incomplete: str) -> list[str]:
    """Complete pattern names in the shell."""
    return [name for name in names() if name.startswith(incomplete)]
