"""The runs of one pattern under one workload, which of them count, and what is read from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from harness.measure.statistics import FEWEST_RUNS, Sample, median
from harness.measure.validity import shown
from harness.result import Result, Series
from harness.workload import Workload

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99_9": 0.999}
"""The quantiles that a ``Latency`` holds, by the name of its field."""
FEWEST_CONNECTIONS = 100
"""Below, what servers allocate for their own first messages drowns what connections take."""


class Kind(StrEnum):
    """What a metric is about; more is worse in each."""

    LATENCY = "latency"
    COST = "cost"
    LOSS = "loss"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number of a run."""

    name: str
    kind: Kind
    unit: str = "s"
    """``s``, ``B``, or what is counted: ``switches``, ``messages``, ``per million``."""
    of: Callable[[Result], Sample]
    """A latency's None is infinite; a cost's None was not measured."""
    shown: Callable[[Result], bool] = lambda _run: True
    """Whether the run holds enough messages for the number to mean something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """All runs of one pattern under one workload in one series.

    Its figures stand on ``used``: the valid runs, if at least five (or all of fewer) are valid.
    Otherwise it is invalid: ``used`` is then all runs, to be shown as invalid and nothing else.
    """

    pattern: str
    workload: Workload
    runs: tuple[Result, ...]
    used: tuple[Result, ...]
    valid: bool

    @property
    def family(self) -> str:
        """The pattern without its implementation: ``sse`` for ``sse@aiohttp``."""
        return self.pattern.partition("@")[0]

    @property
    def implementation(self) -> str:
        """What follows the ``@``; empty for the default."""
        return self.pattern.partition("@")[2]

    @property
    def block(self) -> str:
        """``edge`` or ``broker``."""
        return self.runs[0].block

    @property
    def is_floor(self) -> bool:
        """Whether others are given as multiples of this."""
        return self.pattern == self.runs[0].floor

    @property
    def invalid_runs(self) -> tuple[Result, ...]:
        """Runs that carry a doubt."""
        return tuple(run for run in self.runs if not run.valid)

    @property
    def saturated(self) -> bool:
        """Whether an open loop asked for more than was delivered, in half of the used runs.

        A closed loop saturates by design, which is no remark on it.
        """
        late = sum(run.saturated for run in self.used)
        return self.workload.open_loop and 2 * late >= len(self.used)

    @property
    def killed(self) -> bool:
        """Whether somebody was killed on purpose in all of its runs."""
        return all(
            run.kill is not None or (run.gateways is not None and run.gateways.failover is not None)
            for run in self.runs
        )

    @property
    def polls(self) -> bool:
        """Whether its latency is a choice of the poll interval."""
        return self.runs[0].polled

    def shows(self, metric: Metric) -> bool:
        """Whether every used run holds enough messages for ``metric``."""
        return all(metric.shown(run) for run in self.used)

    def samples(self, metric: Metric) -> tuple[Sample, ...]:
        """Give one value per used run; costs that were not measured are left out."""
        values = tuple(metric.of(run) for run in self.used)
        if metric.kind is Kind.LATENCY:
            return values
        return tuple(value for value in values if value is not None)


def latency_metric(field: str, side: str = "delivery", name: str = "") -> Metric:
    """Give the metric ``field`` (``p50``, ``p99_9``) of the latency ``side`` of a run."""
    quantile = QUANTILES[field]

    def shown_in(run: Result) -> bool:
        return shown(getattr(run, side), quantile)

    def of(run: Result) -> Sample:
        value: Sample = getattr(getattr(run, side), field)
        return value

    return Metric(name=name or field.replace("_", "."), kind=Kind.LATENCY, of=of, shown=shown_in)


P50 = latency_metric("p50")
P90 = latency_metric("p90")
P99 = latency_metric("p99")
P99_9 = latency_metric("p99_9")
LAST_P50 = latency_metric("p50", "delivery_last", "to last p50")
SERVICE_P50 = latency_metric("p50", "service", "service p50")
CPU_PER_MESSAGE = Metric(
    name="server CPU", kind=Kind.COST, of=lambda run: run.server.cpu_per_message
)
CPU_PER_DELIVERY = Metric(
    name="server CPU per delivery", kind=Kind.COST, of=lambda run: run.server.cpu_per_delivery
)
CLIENT_CPU_PER_DELIVERY = Metric(
    name="client CPU per delivery",
    kind=Kind.COST,
    of=lambda run: run.generator.cpu_mean / run.throughput if run.throughput else None,
)
"""Of the generator's busiest core: subscribers, and publishers where they share it."""
TIME_PER_MESSAGE = Metric(
    name="time per message",
    kind=Kind.COST,
    of=lambda run: 1 / run.achieved_rate if run.achieved_rate else None,
)
"""The inverse of the throughput, so that more is worse here too."""
BYTES_PER_DELIVERY = Metric(
    name="TCP payload per delivery",
    kind=Kind.COST,
    unit="B",
    of=lambda run: run.wire.bytes_per_delivery,
)
"""Both ways together, at the receivers' connections."""
SWITCHES_PER_DELIVERY = Metric(
    name="switches per delivery",
    kind=Kind.COST,
    unit="",
    of=lambda run: run.server.switches_per_delivery,
)
LOST = Metric(name="lost", kind=Kind.LOSS, unit="messages", of=lambda run: run.audit.lost)


def _memory_per_connection(run: Result) -> Sample:
    connections, grown = run.workload.receivers, run.server.grown
    if connections < FEWEST_CONNECTIONS or grown is None:
        return None
    return grown / connections


MEMORY_PER_CONNECTION = Metric(
    name="memory per connection", kind=Kind.COST, unit="B", of=_memory_per_connection
)
"""Proportional set size; not measured with fewer than 100 connections."""


def _lost_per_million(run: Result) -> Sample:
    return 1e6 * run.audit.lost / run.audit.owed if run.audit.owed else 0.0


LOST_PER_MILLION = Metric(
    name="lost per million", kind=Kind.LOSS, unit="per million", of=_lost_per_million
)
"""Of the deliveries owed, warm-up included."""


def tail(configurations: Iterable[Configuration]) -> Metric | None:
    """Give the tail that all of these can show: p99, else p90, else None.

    It depends on how many messages the workload asks for and not on what was measured.
    """
    among = tuple(configurations)
    return next((metric for metric in (P99, P90) if all(c.shows(metric) for c in among)), None)


def configurations(series: Series) -> tuple[Configuration, ...]:
    """Group a series: by workload as they first appear; within it floors first, then by name."""
    grouped: dict[tuple[Workload, str], list[Result]] = {}
    for run in series.results:
        grouped.setdefault((run.workload, run.pattern), []).append(run)
    workloads = list(dict.fromkeys(workload for workload, _ in grouped))
    found = [_configuration(pattern, runs) for (_, pattern), runs in grouped.items()]
    return tuple(
        sorted(found, key=lambda c: (workloads.index(c.workload), not c.is_floor, c.pattern))
    )


def far(among: Iterable[Configuration]) -> Metric:
    """Give the tail that a table of these rows has a column for: p99 if any can show it."""
    return P99 if any(row.shows(P99) for row in among) else P90


def by_workload(series: Series) -> list[list[Configuration]]:
    """Divide a series by workload, in the order in which these were first measured.

    Floors that went without compression, or another thing that floors take no part in, are one
    group with the patterns that did not.
    """
    groups: dict[Workload, list[Configuration]] = {}
    for row in configurations(series):
        groups.setdefault(row.workload, []).append(row)
    for workload, rows in tuple(groups.items()):
        beside = (other for other in groups if other != workload and other.bare == workload)
        richer = next(beside, None)
        if richer is not None and all(row.is_floor for row in rows):
            groups[richer] = [*groups.pop(workload), *groups[richer]]
    return list(groups.values())


def asked_of(rows: Sequence[Configuration]) -> Workload:
    """Give the workload of rows that are one question: a floor's lacks what it goes without."""
    return next((row.workload for row in rows if not row.is_floor), rows[0].workload)


def comparable(workload: Workload) -> Workload:
    """Give the workload without what only some patterns take part in, to find its floor by."""
    plain = Workload()
    return replace(workload.bare, poll_interval=plain.poll_interval, redis=plain.redis, ca=plain.ca)


def floor_of(row: Configuration, among: Sequence[Configuration]) -> Configuration | None:
    """Find the floor of ``row``'s block under the same workload; None if it was not measured."""
    wanted = (row.runs[0].floor, comparable(row.workload))
    return next((c for c in among if (c.pattern, comparable(c.workload)) == wanted), None)


def times_floor(row: Configuration, among: Sequence[Configuration]) -> float | None:
    """Give the median service latency as a multiple of the floor's.

    None unless both are valid, neither is saturated, and both are finite.
    """
    floor = floor_of(row, among)
    if floor is None or any(not c.valid or c.saturated for c in (row, floor)):
        return None
    if not (row.shows(SERVICE_P50) and floor.shows(SERVICE_P50)):
        return None
    own, base = (median(c.samples(SERVICE_P50)) for c in (row, floor))
    return own / base if own is not None and base else None


def fans_out(workload: Workload) -> bool:
    """Whether one message is owed to several subscribers."""
    return workload.deliveries_per_message > 1


def _configuration(pattern: str, runs: Sequence[Result]) -> Configuration:
    fit = tuple(run for run in runs if run.valid)
    valid = len(fit) >= min(FEWEST_RUNS, len(runs))
    return Configuration(
        pattern=pattern,
        workload=runs[0].workload,
        runs=tuple(runs),
        used=fit if valid else tuple(runs),
        valid=valid,
    )
