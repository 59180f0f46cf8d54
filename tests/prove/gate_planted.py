"""2.2: four small changes planted in servers: the gate finds each, and blames nothing else."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness import schema
from harness.errors import Exit
from harness.machine import Machine
from harness.regress.command import workload_arguments
from harness.regress.gate import BUILT_IN as CELLS
from harness.result import Result
from tests.prove.claim import Claim, us
from tests.prove.gate_checkout import BUILT_IN, Checkout, cloned

_ASGI = "servers/asgi.py"
_CONTRACT = "servers/contract.py"
_CALIBRATION_RUNS = "5"
_SLOWER = 0.20
_DEARER = 0.30
_LEAK_BYTES = 8192

_BUSY = """{indent}until = __import__("time").perf_counter() + {seconds:.9f}
{indent}while __import__("time").perf_counter() < until:
{indent}    pass
"""
_EVENT = '    """Write one message as a server-sent event."""\n'
_SENT = """            for text in await take():
"""
_PAUSE = """                if hash(text) % 50 == 0:
                    __import__("time").sleep(0.002)
"""
_ECHO = """            await respond(send, 413, TOO_LONG.encode())
        else:
            await respond(send, 200, body)
"""
_SUBSCRIBED = """            sse_event, resume_after(scope, query), heartbeat_s
        )
"""
_LEAK = f"""        kept = __import__("sys").__dict__.setdefault("kept", [])
        kept.append(bytearray(b"x" * {_LEAK_BYTES}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A change to one file, what must be blamed for it, and what may be, since it follows."""

    what: str
    file: str
    old: str
    new: str
    found: str
    follows: frozenset[str] = frozenset()


def prove(_machine: Machine) -> Iterator[Claim]:
    """Measure what is there, to know what a fifth of it is; plant; compare."""
    with cloned() as clone:
        p50_s = _measured(clone, "sse", lambda run: run.delivery.p50)
        cpu_s = _measured(clone, "rest", lambda run: run.server.cpu_per_delivery)
        for planted in changes(p50_s, cpu_s):
            yield _found(clone, planted)


def changes(p50_s: float, cpu_s: float) -> Sequence[Planted]:
    """Give the four changes; the first two follow from figures of this machine, in seconds."""
    slower_s, dearer_s = _SLOWER * p50_s, _DEARER * cpu_s
    return (
        Planted(
            what=f"sse: a busy wait of {us(slower_s)} a message, {_SLOWER:.0%} of p50 {us(p50_s)}",
            file=_CONTRACT,
            old=_EVENT,
            new=_EVENT + _BUSY.format(indent="    ", seconds=slower_s),
            found="sse p50",
            follows=frozenset({"sse server CPU per delivery"}),
        ),
        Planted(
            what="websocket: 2 ms on 2 % of the messages",
            file=_ASGI,
            old=_SENT,
            new=_SENT + _PAUSE,
            found="websocket p99",
        ),
        Planted(
            what=f"rest: {us(dearer_s)} of CPU a call, {_DEARER:.0%} of {us(cpu_s)}",
            file=_ASGI,
            old=_ECHO,
            new=_ECHO.replace(
                "        else:\n",
                "        else:\n" + _BUSY.format(indent=" " * 12, seconds=dearer_s),
            ),
            found="rest server CPU per delivery",
            follows=frozenset({"rest p50"}),
        ),
        Planted(
            what=f"sse: {_LEAK_BYTES // 1024} KiB kept for each connection",
            file=_ASGI,
            old=_SUBSCRIBED,
            new=_SUBSCRIBED + _LEAK,
            found="sse memory per connection",
        ),
    )


def _measured(checkout: Checkout, name: str, figure: Callable[[Result], float | None]) -> float:
    """Give the median of a figure of a cell of the gate, over a few runs of what is there."""
    cell = next(cell for cell in CELLS.cells if cell.name == name)
    done = checkout.run(
        (
            *(sys.executable, "-m", "harness", "run", cell.pattern),
            *workload_arguments(cell.workload),
            *("--no-floor", "--runs", _CALIBRATION_RUNS, "--json"),
        )
    )
    if not done.stdout:
        raise subprocess.SubprocessError(f"abec run {cell.pattern}: {done.stderr.strip()[-400:]}")
    runs = schema.from_json(done.stdout, f"abec run {cell.pattern}").results
    return statistics.median(seen for run in runs if (seen := figure(run)) is not None)


def _found(checkout: Checkout, planted: Planted) -> Claim:
    head = checkout.commit(planted.file, planted.old, planted.new)
    answer = checkout.root / "answer.json"
    answer.unlink(missing_ok=True)
    done = checkout.regress(
        *("--base", "HEAD", "--head", head, "--json", answer.name), gate=BUILT_IN
    )
    if not answer.is_file():
        raise subprocess.SubprocessError(f"abec regress: {done.stderr.strip()[-400:]}")
    said = json.loads(answer.read_text())
    blamed = set(said["regressions"])
    innocent = blamed - {planted.found} - planted.follows
    return Claim(
        what=planted.what,
        figure=f"exit {done.returncode}: {', '.join(_told(one) for one in _alarms(said))}; "
        f"{said['looks']} looks, {said['took_s'] / 60:.1f} minutes",
        bound=f"{planted.found} is blamed, and "
        + (f"nothing else but {', '.join(planted.follows)}" if planted.follows else "nothing else"),
        ok=done.returncode == Exit.ANSWER_IS_NO and planted.found in blamed and not innocent,
    )


def _alarms(said: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in said["comparisons"] if one["alarm"]]


def _told(one: Mapping[str, Any]) -> str:
    """Write an alarm with its change and the runs that it took."""
    change = one["change"]
    by = "" if change is None or change["value"] is None else f" {change['value'] - 1:+.0%}"
    return (
        f"{one['cell']} {one['metric']}{by} ({len(one['base'])} v {len(one['head'])} runs, "
        f"look {one['look']})"
    )
