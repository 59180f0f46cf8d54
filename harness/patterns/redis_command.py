"""One Redis command at a time, and the answer to it: SET, GET, LPUSH … FLUSHALL.

Whoever calls sends the command of the workload (``--command``) for its next key, and has the
message back once the right reply is there. Of one connection at most ``--pipeline`` commands are
unanswered; what is due meanwhile waits in the client. ``wire`` sends each as soon as there is
room, ``library`` sends what is waiting as one ``pipeline()`` of redis-py and awaits all of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import BadInput
from harness.given_server import is_redis
from harness.library.redis_command import calling_by_library
from harness.pattern import BROKER, Client, Endpoints, Pattern, RedisSpec
from harness.patterns.stored_redis import stored_redis
from harness.wire.redis_call import calling
from harness.wire.redis_commands import SPECS, Holds, rehearsal
from harness.wire.redis_place import redis_cli
from harness.workload import ClientKind, Exchange, RedisCommand, Workload

_FILL_PER_KEY_S, _FILL_PER_BYTE_S = 5e-6, 2e-9
"""Several times what it takes."""


def _servers(workload: Workload) -> Sequence[RedisSpec]:
    command, spec = workload.command, SPECS[workload.command]
    if spec.empties:
        _refuse_emptying(command, workload)
    needed = workload.publishers * (workload.pipeline + 1)
    if spec.holds is not Holds.NOTHING and not spec.empties and workload.keys < needed:
        raise BadInput(
            "--keys",
            workload.keys,
            f"each connection ({workload.publishers}) needs one key of its own more than its "
            f"pipeline ({workload.pipeline}) holds; use {needed} or more",
        )
    return stored_redis(workload, (), *rehearsal(command))


def _refuse_emptying(command: RedisCommand, workload: Workload) -> None:
    """Let one connection at a time empty a server of ours, at a pace at which it fills again."""
    if is_redis(workload.redis_at):
        raise BadInput(
            "--command",
            command,
            "only ever empties a Redis that the harness started; leave --redis out, or give a "
            "redis-server binary",
        )
    for field, value in (("--publishers", workload.publishers), ("--pipeline", workload.pipeline)):
        if value > 1:
            raise BadInput(field, value, f"a second {command} would find nothing left; use 1")
    if not workload.open_loop:
        raise BadInput(
            "--concurrency",
            "" if workload.concurrency is None else workload.concurrency,
            f"the keys are made anew before the next {command}; give a --rate, for example 20",
        )


def _filling_s(workload: Workload) -> float:
    if SPECS[workload.command].holds is Holds.NOTHING:
        return 0.0
    return workload.keys * (_FILL_PER_KEY_S + _FILL_PER_BYTE_S * workload.payload)


def _example(endpoints: Endpoints) -> Sequence[str]:
    ask = redis_cli(endpoints["redis"])
    return (f"{ask} SET greeting hello", f"{ask} GET greeting")


REDIS_COMMAND = Pattern(
    name="redis_command",
    block=BROKER,
    exchanges=frozenset({Exchange.REQUEST_REPLY}),
    path="command → Redis → its reply",
    guarantees="each command is answered, in order, or its connection ends: whether it was carried "
    "out, the caller then cannot know",
    stack="redis",
    servers=_servers,
    publish={},
    clients={
        ClientKind.WIRE: Client(call=calling),
        ClientKind.LIBRARY: Client(call=calling_by_library),
    },
    floor="floor@no-loop",
    options=frozenset({"command", "pipeline", "keys", "persistence"}),
    only_by_name=True,
    prepare_s=_filling_s,
    example=_example,
)
