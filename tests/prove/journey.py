"""3.2: the same job, five ways of waiting: parts, the wait of a poll, workers that are gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.machine import Machine
from harness.scenario import BUILT_IN
from harness.workload import ClientKind
from tests.prove.claim import Claim, at_most, doubts, ms, within
from tests.truth.journey import SHARE, Followed, follow
from tests.truth.seen import undisturbed

_JUDGE = BUILT_IN["judge"]
_POLLED = "submit_job_polling"
_SYNC = "submit_job_sync"
_PUSHED = "submit_job_sse"
_FEWEST_VERDICTS = 1500
_POLLED_S = 40.0
"""2,000 verdicts: 5 % of the half second are then four standard errors of the mean wait."""
_WAIT_SHARE = 0.05
_LIBRARY_S = 5.0
_GONE_S = 5.0
_GONE_WINDOW_S = 14.0
_GONE_RATE = 20.0
_CAUGHT_UP_S = 2.5
"""After the workers are back: what was queued, the service time, and a poll interval."""


def prove(machine: Machine) -> Iterator[Claim]:
    """Follow each way; compare polling with being told; take the workers away."""
    followed = {name: _follow(name, machine) for name in _JUDGE.patterns}
    for name, seen in followed.items():
        yield from _parts(name, seen)
    for name in _JUDGE.patterns:
        seen = _follow(name, machine, ClientKind.LIBRARY, _LIBRARY_S)
        yield _audit(f"{name}, {ClientKind.LIBRARY}", seen)
    yield _wait(followed[_POLLED], followed[_PUSHED])
    for name in _JUDGE.patterns:
        yield _without_workers(name, machine)


def _follow(
    name: str, machine: Machine, client: ClientKind = ClientKind.WIRE, duration_s: float = 0.0
) -> Followed:
    usual_s = _POLLED_S if name == _POLLED else _JUDGE.workload.duration
    asked = replace(_JUDGE.workload, client=client, duration=duration_s or usual_s)
    return undisturbed(lambda: follow(name, asked, machine))


def _parts(name: str, seen: Followed) -> Iterator[Claim]:
    mean = seen.trace.mean
    parts = (mean.accepted, mean.queued, mean.worked, mean.notified)
    told = " + ".join(ms(part) for part in parts if part is not None)
    yield within(
        f"{name}: {told}, of {seen.trace.count} noted, {seen.backwards} steps backwards",
        mean.whole or 0.0,
        seen.whole_s,
        SHARE * seen.whole_s if not seen.backwards else 0.0,
        ms,
    )
    yield _audit(name, seen)


def _audit(what: str, seen: Followed) -> Claim:
    audit = seen.result.audit
    return Claim(
        what=f"{what}: verdicts lost, duplicated, corrupted of {audit.owed:,} owed",
        figure=f"{audit.lost}, {audit.duplicated}, {audit.corrupted}{doubts([seen.result])}",
        bound="0, 0, 0",
        ok=not (audit.lost or audit.duplicated or audit.corrupted) and audit.owed > 0,
    )


def _wait(polled: Followed, pushed: Followed) -> Claim:
    """Take the time to be told off that of polling: what is left is the wait for the poll."""
    verdicts = len(polled.service_ns)
    measured = float(polled.service_ns.mean() - pushed.service_ns.mean()) / 1e9
    expected = _JUDGE.workload.poll_interval / 2
    bound = _WAIT_SHARE * expected
    return Claim(
        what=f"mean service of {_POLLED} − that of {_PUSHED}, {verdicts:,} verdicts",
        figure=ms(measured) + doubts([polled.result, pushed.result]),
        bound=f"{ms(expected)} ± {ms(bound)}",
        ok=abs(measured - expected) <= bound and verdicts >= _FEWEST_VERDICTS,
    )


def _without_workers(name: str, machine: Machine) -> Claim:
    asked = replace(_JUDGE.workload, rate=_GONE_RATE, duration=_GONE_WINDOW_S, workers_gone=_GONE_S)
    # Not repeated: what disturbs a machine is far shorter than the workers are gone.
    result = follow(name, asked, machine).result
    audit = result.audit
    latest = 0.0 if result.journey is None else result.journey.latest or 0.0
    what = (
        f"{name}, workers gone for {_GONE_S:g} s: {audit.lost} of {audit.owed} lost "
        f"(at most the {asked.workers} that they can hold){doubts([result])}; the latest"
    )
    if audit.lost > asked.workers or audit.owed != audit.delivered + audit.lost:
        return Claim(what=what, figure=ms(latest), bound="lost no more than was held", ok=False)
    if name == _SYNC:
        # A user whose verdict is lost waits until the API gives up, and so does all behind it.
        return Claim(
            what=what,
            figure=f"{ms(latest)}, {audit.causes.get('timed out', 0)} timed out",
            bound=f"above {ms(_GONE_S)}; every lost one timed out",
            ok=latest > _GONE_S and audit.causes.get("timed out", 0) == audit.lost,
        )
    if latest <= _GONE_S - 1:
        return Claim(what=what, figure=ms(latest), bound=f"about {ms(_GONE_S)}", ok=False)
    return at_most(what, latest, _GONE_S + _CAUGHT_UP_S, ms)
