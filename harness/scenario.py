"""Named workloads: the built-in ones, and a user's own from a TOML file.

A file has tables ``[scenario.NAME]`` whose keys are the fields of ``Workload``, ``patterns`` and
``assert``, a list of objectives.
The same values drive the command line, asv and tests.
"""

from __future__ import annotations

import difflib
import ssl
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from harness.envelope import HEADER_BYTES, MIN_PAYLOAD_BYTES
from harness.errors import BadInput
from harness.objective import Objective, parse_objective
from harness.quantities import parse_bandwidth, parse_bytes, parse_rate, parse_seconds
from harness.queueing import Persistence, Pop, Victim
from harness.scaling import Backplane, Balancer
from harness.workload import Arrivals, ClientKind, Exchange, Ingress, RedisCommand, Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A workload with a name, and the patterns it is meant for (empty: all that carry it)."""

    name: str
    workload: Workload
    patterns: tuple[str, ...] = ()
    objectives: tuple[Objective, ...] = ()
    """What each of them has to keep."""


_IN_A_BROWSER = ("long_polling", "rest_polling", "sse", "websocket")
"""What members of a group can hold, who are people."""
_LOAD_OF_CONSUMERS = {Victim.CONSUMER: 0.5, Victim.REDIS: 2.0}
"""Of the time that they have: how much work there is for them, where a kill says nothing else."""

BUILT_IN: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(name="ticker", workload=Workload(rate=1000.0, poll_interval=0.02)),
        Scenario(
            name="chat",
            workload=Workload(subscribers=64, rate=100.0, poll_interval=0.1),
        ),
        Scenario(
            name="newsfeed",
            workload=Workload(subscribers=500, rate=10.0, duration=10.0, poll_interval=1.0),
        ),
        Scenario(
            name="jobs",
            workload=Workload(exchange=Exchange.WORK_QUEUE, subscribers=4, rate=1000.0),
        ),
        Scenario(
            name="rpc",
            workload=Workload(exchange=Exchange.REQUEST_REPLY, publishers=64, rate=1000.0),
        ),
        Scenario(
            name="judge",
            workload=Workload(
                exchange=Exchange.JOURNEY,
                publishers=400,
                rate=50.0,
                payload=2048,
                duration=10.0,
                poll_interval=1.0,
                service_time=0.2,
                workers=32,
                trace=True,
            ),
            patterns=(
                "submit_job_polling",
                "submit_job_long_polling",
                "submit_job_sse",
                "submit_job_websocket",
                "submit_job_sync",
            ),
        ),
        Scenario(
            name="support",
            workload=Workload(
                exchange=Exchange.REQUEST_REPLY,
                publishers=100,
                rate=50.0,
                payload=512,
                duration=6.0,
            ),
        ),
        Scenario(
            name="sports",
            workload=Workload(
                subscribers=250, rate=20.0, payload=512, duration=12.0, poll_interval=0.5
            ),
        ),
        Scenario(
            name="group_chat",
            patterns=_IN_A_BROWSER,
            workload=Workload(
                exchange=Exchange.GROUP,
                publishers=50,
                subscribers=50,
                rate=25.0,
                duration=10.0,
                poll_interval=0.5,
            ),
        ),
        Scenario(
            name="gaming",
            patterns=_IN_A_BROWSER,
            workload=Workload(
                exchange=Exchange.GROUP,
                publishers=16,
                subscribers=16,
                rate=320.0,
                payload=128,
                duration=7.0,
                poll_interval=0.05,
            ),
        ),
        Scenario(
            name="collab",
            patterns=_IN_A_BROWSER,
            workload=Workload(
                exchange=Exchange.GROUP,
                publishers=64,
                subscribers=64,
                rate=64.0,
                payload=128,
                duration=10.0,
                poll_interval=0.2,
            ),
        ),
    )
}


def flag(field: str) -> str:
    """Give the command line's name of a field: ``poll_interval`` is ``--poll-interval``."""
    return "--" + field.replace("_", "-")


def override(workload: Workload, values: Mapping[str, Any]) -> Workload:
    """Replace fields of ``workload`` by ``values``, texts with units or plain numbers.

    Giving ``concurrency`` makes the loop closed, giving ``rate`` opens it. Giving ``burst`` makes
    arrivals bursts, giving other ``arrivals`` ends them. A group has as many ``publishers`` as
    ``subscribers``, whichever is given. A ``payload_file`` without a ``payload`` makes messages as
    long as its longest line. Who is to be killed without ``work`` gets some: half of what consumers
    have time for where one of them dies, twice that where Redis does, so that it dies with messages
    waiting in it.

    Raises:
        BadInput: an unknown field, a text that is no such value, or a workload that cannot be.
    """
    unknown = [field for field in values if field not in _PARSERS]
    if unknown:
        near = difflib.get_close_matches(unknown[0], _PARSERS, 1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(_PARSERS)}"
        raise BadInput(f'key "{unknown[0]}"', "", f"no field of a workload; {hint}")
    parsed = {field: _PARSERS[field](value, field) for field, value in values.items()}
    if parsed.get("concurrency") is not None and "rate" not in parsed:
        parsed["rate"] = None
    if parsed.get("rate") is not None and "concurrency" not in parsed:
        parsed["concurrency"] = None
    if parsed.get("burst") and "arrivals" not in parsed:
        parsed["arrivals"] = Arrivals.BURST
    if parsed.get("arrivals", Arrivals.BURST) is not Arrivals.BURST and "burst" not in parsed:
        parsed["burst"] = 0
    if parsed.get("exchange", workload.exchange) is Exchange.GROUP:
        given = parsed.get("subscribers", parsed.get("publishers", workload.subscribers))
        parsed = {"publishers": given, "subscribers": given} | parsed
    if parsed.get("payload_file") and "payload" not in parsed:
        longest = max(len(line) for line in payload_lines(parsed["payload_file"]))
        parsed["payload"] = max(MIN_PAYLOAD_BYTES, HEADER_BYTES + longest)
    killed = parsed.get("kill", Victim.NONE)
    if killed in _LOAD_OF_CONSUMERS and "work" not in parsed and not workload.work:
        rate = parsed.get("rate", workload.rate)
        consumers = parsed.get("subscribers", workload.subscribers)
        parsed["work"] = _LOAD_OF_CONSUMERS[killed] * consumers / rate if rate else 0.0
    return replace(workload, **parsed)


def read_scenarios(path: str) -> Mapping[str, Scenario]:
    """Read a user's scenarios.

    Raises:
        BadInput: no such file, no TOML, no scenario in it, or a key that means nothing.
    """
    document = _read_toml(path)
    tables = document.pop("scenario", None)
    if document:
        raise BadInput(
            f'{path}, key "{next(iter(document))}"', "", "only tables [scenario.NAME] are read"
        )
    if not isinstance(tables, dict) or not tables:
        raise BadInput("--scenario", path, "has no table [scenario.NAME]; abec init writes one")
    return {name: _scenario(path, name, table) for name, table in tables.items()}


def find_scenario(name: str) -> Mapping[str, Scenario]:
    """Give the built-in scenario ``name``, or all of the file that it is the path of."""
    if name in BUILT_IN:
        return {name: BUILT_IN[name]}
    if name.endswith(".toml") or Path(name).is_file():
        return read_scenarios(name)
    near = difflib.get_close_matches(name, BUILT_IN, 1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(BUILT_IN)}"
    raise BadInput("--scenario", name, f"no such scenario and no .toml file; {hint}")


def payload_lines(path: str) -> tuple[str, ...]:
    """Read a payload file: its non-empty lines, one message each."""
    if not path:
        return ()
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise BadInput("--payload-file", path, _why(error)) from error
    lines = tuple(line for line in text.splitlines() if line.strip())
    if not lines:
        raise BadInput("--payload-file", path, "is empty; one message a line is read")
    return lines


def _scenario(path: str, name: str, table: object) -> Scenario:
    if not isinstance(table, dict):
        raise BadInput(f"{path}, scenario.{name}", "", "must be a table, [scenario.NAME]")
    values = dict(table)
    where = f"{path}, scenario.{name}"
    patterns = _texts(values.pop("patterns", []), f"{where}, patterns", "names")
    objectives = tuple(
        parse_objective(text, f"{where}, assert")
        for text in _texts(values.pop("assert", []), f"{where}, assert", "texts")
    )
    if "payload_file" in values:
        values["payload_file"] = str(Path(path).parent / str(values["payload_file"]))
    for field in ("ca", "body"):
        beside = Path(path).parent / str(values.get(field, ""))
        if values.get(field) and (field == "ca" or _is_file(beside)):
            values[field] = str(beside)
    try:
        workload = override(Workload(), values)
    except BadInput as error:
        field = error.field.removeprefix("--").replace("-", "_")
        raise BadInput(f"{where}, {field}", error.value, error.problem) from error
    return Scenario(name=name, workload=workload, patterns=patterns, objectives=objectives)


def _texts(value: object, field: str, what: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadInput(field, value, f"must be a list of {what}")
    return tuple(value)


def _read_toml(path: str) -> dict[str, Any]:
    try:
        with Path(path).open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise BadInput("--scenario", path, _why(error)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput("--scenario", path, f"is no TOML: {error}") from error


def _why(error: OSError) -> str:
    return f"cannot be read: {error.strerror or error}"


_Choice = TypeVar("_Choice", bound=StrEnum)


def _one_of(kind: type[_Choice]) -> Callable[[Any, str], _Choice]:
    def parse(value: Any, field: str) -> _Choice:
        try:
            return kind(value)
        except ValueError:
            choices = ", ".join(kind)
            raise BadInput(flag(field), value, f"must be one of {choices}") from None

    return parse


def _whole(value: Any, field: str) -> int:
    try:
        if isinstance(value, bool) or int(value) != float(value):
            raise ValueError
        return int(value)
    except (TypeError, ValueError):
        raise BadInput(flag(field), value, "must be a whole number; for example 4") from None


def _with_unit(read: Callable[[str, str], Any]) -> Callable[[Any, str], Any]:
    return lambda value, field: read(str(value), flag(field))


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str):
        raise BadInput(flag(field), value, "must be a text")
    return value


def _command(value: Any, field: str) -> RedisCommand:
    read: RedisCommand = _one_of(RedisCommand)(str(value).upper(), field)
    return read


def _switch(value: Any, field: str) -> bool:
    if not isinstance(value, bool):
        raise BadInput(flag(field), value, "must be true or false")
    return value


def _processes(value: Any, field: str) -> tuple[int, ...]:
    return tuple(
        _whole(one, field) for one in (value if isinstance(value, list | tuple) else [value])
    )


def _readable(value: Any, field: str) -> str:
    path = Path(_text(value, field))
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        # An ssl.SSLError is one of them, whose words are for programmers.
        problem = "holds no certificate (PEM)" if isinstance(error, ssl.SSLError) else _why(error)
        raise BadInput(flag(field), value, f"{problem}; give the file of who signed it") from error
    return str(path.absolute())


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long for a name, or with a zero in it
        return False


def _file_or_text(value: Any, field: str) -> str:
    text = _text(value, field)
    if not _is_file(Path(text)):
        return text
    try:
        return Path(text).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(flag(field), value, f"cannot be read as UTF-8: {error}") from error


_PARSERS: Mapping[str, Callable[[Any, str], Any]] = {
    "exchange": _one_of(Exchange),
    "publishers": _whole,
    "subscribers": _whole,
    "rate": _with_unit(parse_rate),
    "arrivals": _one_of(Arrivals),
    "burst": _whole,
    "concurrency": _whole,
    "payload": _with_unit(parse_bytes),
    "payload_file": _text,
    "warmup": _with_unit(parse_seconds),
    "duration": _with_unit(parse_seconds),
    "seed": _whole,
    "ramp": _with_unit(parse_rate),
    "load_processes": _whole,
    "client": _one_of(ClientKind),
    "ingress": _one_of(Ingress),
    "redis": _text,
    "poll_interval": _with_unit(parse_seconds),
    "deflate": _switch,
    "service_time": _with_unit(parse_seconds),
    "workers": _whole,
    "workers_gone": _with_unit(parse_seconds),
    "trace": _switch,
    "command": _command,
    "pipeline": _whole,
    "keys": _whole,
    "pop": _one_of(Pop),
    "work": _with_unit(parse_seconds),
    "persistence": _one_of(Persistence),
    "kill": _one_of(Victim),
    "kill_after": _with_unit(parse_seconds),
    "url": _text,
    "publish_url": _text,
    "pid": _processes,
    "ca": _readable,
    "body": _file_or_text,
    "expect_status": _whole,
    "tls": _switch,
    "rtt": _with_unit(parse_seconds),
    "jitter": _with_unit(parse_seconds),
    "bandwidth": _with_unit(parse_bandwidth),
    "gateways": _whole,
    "backplane": _one_of(Backplane),
    "balancer": _one_of(Balancer),
}
