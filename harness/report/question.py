"""What was asked, on what it was measured, and what the answer cannot tell: lines around tables."""

from __future__ import annotations

from collections.abc import Sequence

from harness.given_server import is_tls
from harness.measure.configuration import Configuration, asked_of
from harness.pattern import BROKER
from harness.queueing import Persistence, Pop, Victim
from harness.report import gateways, units
from harness.report.columns import WIDTH, joined, paragraph
from harness.result import Result, Series
from harness.workload import Arrivals, Exchange, Ingress, Workload

CLOSED_LOOP = "closed loop: not comparable with open-loop figures"
TO_LAST = "to last: to the last subscriber of each message"
_UNDER_ALL = ("uvicorn", "uvloop")
"""Libraries whose version is always shown; others, where an implementation is named for them."""
_UNDER_FAMILY = {"strawberry-graphql": "graphql"}
"""Libraries that serve all patterns whose name begins so."""
_NAMES = {
    Exchange.BROADCAST: "broadcast",
    Exchange.WORK_QUEUE: "work queue",
    Exchange.REQUEST_REPLY: "request/reply",
    Exchange.JOURNEY: "journey",
    Exchange.GROUP: "group",
}


_ADDED = (
    "a network adds about half a round trip to what is pushed, one to request/reply, up to one and "
    "a half to long polling."
)


def question(rows: Sequence[Configuration], series: Series, width: int = WIDTH) -> str:
    """Restate what rows of one workload were asked: traffic, payload, time, runs."""
    workload = asked_of(rows)
    intervals = sorted({row.workload.poll_interval for row in rows if row.polls})
    counts = sorted({row.workload.gateways for row in rows})
    over = len(counts) > 1 and len({row.pattern for row in rows}) == 1
    parts = [
        traffic(workload.bare if over else workload),
        f"over {', '.join(map(units.count, counts))} gateways" if over else "",
        content(workload),
        arrivals(workload),
        f"polls every {', '.join(map(units.span, intervals))}" if intervals else "",
        commands(workload),
        _workers(workload),
        f"at {workload.url}" * bool(workload.elsewhere),
        f"published at {workload.publish_url}" * bool(workload.publish_url),
        "published natively" if workload.ingress is Ingress.NATIVE else "",
        "by TLS, the floor plain" if any(row.workload.tls for row in rows) else "",
        "compressed" if any(row.workload.deflate for row in rows) else "",
        network(workload),
        *jobs([row.workload for row in rows if not row.is_floor]),
        f"{units.span(workload.duration)} after {units.span(workload.warmup)} warm-up",
        f"{series.runs} runs each, interleaved" if series.runs > 1 else "one run each",
    ]
    return joined(parts, width)


def network(workload: Workload) -> str:
    """Say what stands between servers and clients; empty if nothing does."""
    if not workload.networked:
        return ""
    jitter = f" ± {units.span(workload.jitter)} each way" if workload.jitter else ""
    speed = f" at {units.size(int(workload.bandwidth))}/s" if workload.bandwidth else ""
    return f"network of {units.span(workload.rtt)} round trip{jitter}{speed}"


_VICTIMS = {
    Victim.CONSUMER: "a consumer",
    Victim.REDIS: "Redis",
    Victim.GATEWAY: "a gateway",
}


def jobs(workloads: Sequence[Workload]) -> list[str]:
    """Say how jobs are taken, kept and put at risk, where that is not the default."""
    told: dict[str, None] = {}
    for workload in workloads:
        if workload.pop is not Pop.BRPOP:
            told[f"lists popped by {workload.pop}"] = None
        if workload.work:
            told[f"{units.span(workload.work)} of work each"] = None
        if workload.persistence is not Persistence.NONE:
            told[f"persistence {workload.persistence}"] = None
        if workload.kill is not Victim.NONE:
            told[f"{_VICTIMS[workload.kill]} killed after {units.span(workload.kill_after)}"] = None
    return list(told)


def traffic(workload: Workload) -> str:
    """Say what goes where, how fast: ``broadcast 2,000 msg/s → 50 subscribers``."""
    name = _NAMES[workload.exchange] + ("" if workload.open_loop else ", closed loop:")
    speed = _speed(workload)
    if workload.exchange is Exchange.REQUEST_REPLY:
        return f"{name} {speed} over {_plural(workload.publishers, 'connection')}"
    if workload.exchange is Exchange.JOURNEY:
        return f"{name} {speed} from {_plural(workload.publishers, 'user')}"
    if workload.exchange is Exchange.GROUP:
        return f"{name} {speed} among {_plural(workload.subscribers, 'member')}"
    receiver = "consumer" if workload.exchange is Exchange.WORK_QUEUE else "subscriber"
    publishers = f" from {workload.publishers} publishers" if workload.publishers > 1 else ""
    return (
        f"{name} {speed}{publishers} → {_plural(workload.subscribers, receiver)}{_over(workload)}"
    )


def _over(workload: Workload) -> str:
    """Say what stands between, where that is not the default: floors have no part in it."""
    plain, set_up = Workload(), gateways.set_up(workload)
    return "" if set_up == gateways.set_up(plain) else f" over {set_up}"


def surroundings(rows: Sequence[Configuration], width: int = WIDTH) -> str:
    """Say where it ran: cores, client, versions, seed, Redis; one line for each plan."""
    runs = [row.runs[0] for row in rows]
    patterns_by_plan: dict[str, list[str]] = {}
    for run in runs:
        patterns_by_plan.setdefault(run.context.plan, []).append(run.pattern)
    alike = len(patterns_by_plan) == 1
    plans = [
        plan if alike else f"{', '.join(patterns)}: {plan}"
        for plan, patterns in patterns_by_plan.items()
    ]
    workload = rows[0].workload
    machine = runs[0].context.machine
    versions = [
        f"{name} {version}" for name, version in machine.libraries.items() if _is_shown(name, rows)
    ]
    redis = sorted({run.context.redis for run in runs} - {""})
    agreed = sorted({run.context.tls for run in runs} - {""})
    rest = [
        f"{workload.client} client",
        machine.python,
        *versions,
        *redis,
        *agreed,
        f"seed {workload.seed}",
    ]
    if alike:
        return joined([*plans, *rest], width)
    told = [paragraph(plan, hanging="  ", width=width) for plan in plans]
    return "\n".join([*told, joined(rest, width)])


def _is_shown(library: str, rows: Sequence[Configuration]) -> bool:
    family = _UNDER_FAMILY.get(library)
    # What is under a server of the user's, nobody knows.
    under_all = () if rows[0].workload.elsewhere else _UNDER_ALL
    return library in under_all or any(
        library in row.implementation or (family is not None and row.family.startswith(family))
        for row in rows
    )


def limits(runs: Sequence[Result], width: int = WIDTH) -> str:
    """Say what figures of these runs do not tell."""
    machine = runs[0].context.machine
    workloads = {run.workload for run in runs}
    payloads = " or ".join(units.size(size) for size in sorted({w.payload for w in workloads}))
    intervals = sorted({r.workload.poll_interval for r in runs if r.polled})
    chosen = f"The payload ({payloads})"
    if intervals:
        listed = ", ".join(map(units.span, intervals))
        chosen += f" and the poll interval ({listed}) were chosen, not found."
    else:
        chosen += " was chosen, not found."
    cores = len(machine.cores)
    virtual = "virtual " if machine.virtualisation else ""
    if all(workload.elsewhere for workload in workloads):
        return paragraph(
            "What this does not tell you: "
            "the server is yours, and so is what it does besides; a delivery contains the way in. "
            f"Load was made by {machine.python} on {cores} {virtual}core{'s' * (cores > 1)} of "
            f"this host, whose clock all times are of. {chosen}",
            width=width,
        )
    gateways_too = " (each gateway too)" * any(run.gateways is not None for run in runs)
    return paragraph(
        f"What this does not tell you: {_between(runs)} "
        f"HTTP is 1.1, every server{gateways_too} is one process, Python is {machine.python}, on "
        f"{cores} {virtual}core{'s' * (cores > 1)}. {chosen}",
        width=width,
    )


def _between(runs: Sequence[Result]) -> str:
    """Say what was between servers and clients, and what was not: in all, in some, or in none."""
    asked = [run for run in runs if run.pattern != run.floor] or runs
    tls = {_by_tls(run) for run in asked}
    lacks = " and no loss" if True in tls else ", no loss and no TLS"
    if len(tls) > 1:
        lacks += ", and TLS only where it is named"
    far = {run.workload.networked for run in asked}
    if far == {True}:
        return f"the network in between only delays{lacks}."
    named = "; where a network is named, it only delays" if True in far else ""
    return f"loopback has no distance{lacks}{named}; {_ADDED}"


def _by_tls(run: Result) -> bool:
    """Whether its clients spoke TLS, to our servers or to the Redis that was given."""
    return run.workload.tls or (run.block == BROKER and is_tls(run.workload.redis_at))


def saved(paths: str, following: str = "", width: int = WIDTH) -> str:
    """Say where the result is (comma-separated paths) and what can be done next."""
    return joined([f"saved {paths}", following], width)


def content(workload: Workload) -> str:
    """Say what a message is: its size, and the file that it is of."""
    if workload.body:
        return f"POST of {units.size(len(workload.body.encode()))}"
    if workload.opaque:
        return "GET"
    return units.size(workload.payload) + (
        f" of {workload.payload_file}" * bool(workload.payload_file)
    )


def commands(workload: Workload) -> str:
    """Say which Redis command is asked, and how; empty if it is the default."""
    plain = Workload()
    asked = (workload.command, workload.pipeline, workload.keys)
    if asked == (plain.command, plain.pipeline, plain.keys):
        return ""
    pipeline = f", {workload.pipeline} in a pipeline" if workload.pipeline > 1 else ""
    return f"{workload.command}{pipeline}, {_plural(workload.keys, 'key')}"


def _workers(workload: Workload) -> str:
    """Say what works on the jobs of a journey, and whether it is gone for a while."""
    if workload.exchange is not Exchange.JOURNEY:
        return ""
    gone = f", gone for {units.span(workload.workers_gone)}" if workload.workers_gone else ""
    work = f" of {units.span(workload.service_time)} each" if workload.service_time else ""
    return f"{_plural(workload.workers, 'worker')}{work}{gone}"


def arrivals(workload: Workload) -> str:
    """Say how due times are spaced; empty in a closed loop."""
    if not workload.open_loop:
        return ""
    if workload.arrivals is Arrivals.BURST:
        return f"bursts of {units.count(workload.burst)} every {units.span(workload.tick)}"
    return workload.arrivals


def _speed(workload: Workload) -> str:
    if workload.rate is not None:
        return units.rate(workload.rate)
    return f"at most {units.count(workload.concurrency)} in flight"


def _plural(number: int, noun: str) -> str:
    return f"{units.count(number)} {noun}{'s' * (number != 1)}"
