"""One line for each block of a scenario: what to take, what the others cost, what is open.

Nothing is said that ``conclusions`` does not support: a pattern is ahead only where all stacks
compared agree and by more than implementations differ.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import combinations

from harness.measure.compare import Conclusion, Standing
from harness.measure.configuration import CPU_PER_DELIVERY, P50, Configuration
from harness.measure.statistics import median
from harness.report import cells, units
from harness.report.columns import listed
from harness.report.queues import kill_line


def answer(
    rows: Sequence[Configuration], found: Sequence[Conclusion], costs: Sequence[Conclusion]
) -> str:
    """Answer for rows of one workload and one block.

    ``found`` are conclusions about latency (closed loop: throughput), ``costs`` about CPU per
    delivery, both about these rows only. Where a consumer or Redis was killed, what that lost is
    the answer.
    """
    fates = [line for row in rows if not row.is_floor and (line := kill_line(row.pattern, row))]
    if fates:
        return " ".join(fates)
    families = sorted({row.family for row in rows if not row.is_floor})
    made = [c for c in found if c.standing is not Standing.NOT_COMPARED]
    begin = "For this scenario" if rows[0].workload.open_loop else "At saturation"
    if not families:
        return f"{begin}: only the floor was measured."
    if len(families) == 1:
        (only,) = families
        return f"{begin} only {_name(only, rows)} was measured: {_figures(only, rows)}."
    if not found:
        return f"{begin}: no answer; no two patterns were measured on one stack."
    if not made:
        return f"{begin}: no answer; {_reasons(found)}."
    compared = sorted({family for c in made for family in (c.first, c.second)})
    leads = _leads(compared, made)
    parts = [
        f"{begin}: {_head(leads, made, rows)}",
        _costs(leads or compared, costs, rows),
        _not_told_apart(leads or compared, made),
        _no_winner(leads or compared, made),
        _left_out(families, compared, found),
        _open(leads or compared, found),
        _alone(leads, made),
        _lost(leads, rows),
    ]
    return "; ".join(part for part in parts if part) + "."


def is_choice(rows: Sequence[Configuration]) -> bool:
    """Whether there is more than one pattern to choose from."""
    return len({row.family for row in rows if not row.is_floor}) > 1


def _figures(family: str, rows: Sequence[Configuration]) -> str:
    """Give what was found of one pattern's default implementation, or why that means nothing."""
    row = min((r for r in rows if r.family == family), key=lambda r: r.implementation)
    if not row.valid:
        rules = sorted({doubt.rule for run in row.invalid_runs for doubt in run.doubts})
        return f"{len(row.invalid_runs)} of {len(row.runs)} runs invalid ({', '.join(rules)})"
    if not row.workload.open_loop:
        return cells.throughput(row)
    told = [f"p50 {cells.latency(row, P50)}" if row.shows(P50) else ""]
    if row.samples(CPU_PER_DELIVERY):
        told.append(f"{cells.cost(row, CPU_PER_DELIVERY)} of server CPU per delivery")
    return ("saturated, " if row.saturated else "") + ", ".join(filter(None, told))


def _leads(compared: Sequence[str], made: Sequence[Conclusion]) -> list[str]:
    """Give the patterns that nobody unbeaten is ahead of; empty where that singles out none."""
    ahead = _ahead(made)
    unbeaten = [f for f in compared if f not in {behind for _, behind in ahead}]
    leads = [f for f in compared if not any((best, f) in ahead for best in unbeaten)]
    return leads if unbeaten and len(leads) < len(compared) else []


def _ahead(made: Iterable[Conclusion]) -> set[tuple[str, str]]:
    return {(c.first, c.second) for c in made if c.standing is Standing.AHEAD}


def _head(leads: Sequence[str], made: Sequence[Conclusion], rows: Sequence[Configuration]) -> str:
    if leads:
        return _either([_name(family, rows) for family in leads])
    if not _ahead(made):
        return "no pattern is ahead"
    by_metric = []
    for metric in dict.fromkeys(c.metric.name for c in made):
        ahead = _ahead(c for c in made if c.metric.name == metric)
        best = {first for first, _ in ahead} - {second for _, second in ahead}
        if best:
            by_metric.append(f"{_either(sorted(best))} at {metric}")
    return "no single pattern" + f" ({', '.join(by_metric)})" * bool(by_metric)


def _costs(leads: Sequence[str], costs: Sequence[Conclusion], rows: Sequence[Configuration]) -> str:
    """Give the CPU of others as multiples of the cheapest lead's, or the lead's of theirs."""
    cpu = {family: _cpu(family, rows) for family in leads}
    known = {family: value for family, value in cpu.items() if value is not None}
    if not known:
        return ""
    base = min(known, key=known.__getitem__)
    supported = [c for c in costs if c.standing is Standing.AHEAD]
    dearer = [f"{c.second} {_times(c)}" for c in supported if c.first == base]
    cheaper = [f"{_times(c)} the CPU of {c.first}" for c in supported if c.second == base]
    told = []
    if dearer:
        first, *others = dearer
        verb = first.replace(" ", " costs ", 1)
        told.append(f"{listed([verb, *others])} the CPU of {base}")
    if cheaper:
        told.append(f"{base} costs {listed(cheaper)}")
    return "; ".join(told)


def _cpu(family: str, rows: Sequence[Configuration]) -> float | None:
    row = next((r for r in rows if r.family == family and r.valid), None)
    samples = () if row is None else row.samples(CPU_PER_DELIVERY)
    return median(samples) if samples else None


def _times(found: Conclusion) -> str:
    low, high = (units.times(factor) for factor in (found.factors[0], found.factors[-1]))
    return f"{low} times" if low == high else f"{low} to {high} times"


def _not_told_apart(leads: Sequence[str], made: Sequence[Conclusion]) -> str:
    """Name the leads that no metric tells apart, several in one breath where all are alike."""
    alike = {
        frozenset(pair)
        for pair in _pairs(leads, made)
        if all(c.standing is Standing.UNDETECTED for c in _about(pair, made))
    }
    told = []
    while alike:
        group = _grown(min(alike, key=sorted), alike)
        within = {pair for pair in alike if pair <= group}
        told.append(
            listed(sorted(group)) + _would_show([c for p in within for c in _about(p, made)])
        )
        alike -= within
    return f"not told apart: {', '.join(told)}" if told else ""


def _grown(pair: frozenset[str], alike: Collection[frozenset[str]]) -> frozenset[str]:
    """Add to a pair every pattern that is like all those it already has."""
    group = pair
    for other in sorted({family for two in alike for family in two} - pair):
        if all(frozenset((other, one)) in alike for one in group):
            group |= {other}
    return group


def _about(pair: Collection[str], made: Iterable[Conclusion]) -> list[Conclusion]:
    return [c for c in made if {c.first, c.second} == set(pair)]


def _would_show(cases: Sequence[Conclusion]) -> str:
    """Say which ratio these runs would have shown for each metric, between any two of them."""
    known: dict[str, list[float]] = {}
    for c in cases:
        name = c.metric.name if c.workload.open_loop else "throughput"
        found = [f.resolution for f in c.findings.values() if f.resolution is not None]
        known.setdefault(name, []).extend(found)
    parts = [f"{name} {units.times(max(found))}×" for name, found in sorted(known.items()) if found]
    return f" ({', '.join(parts)} would have shown)" if parts else ""


def _no_winner(leads: Sequence[str], made: Sequence[Conclusion]) -> str:
    told = []
    for pair in _pairs(leads, made):
        standings = {c.standing for c in _about(pair, made)}
        if Standing.AHEAD in standings:
            continue
        if Standing.WITHIN_SPREAD in standings:
            told.append(f"{pair[0]} and {pair[1]}: implementations of one pattern differ by more")
        elif Standing.STACKS_DIFFER in standings:
            told.append(f"{pair[0]} and {pair[1]}: stacks disagree")
    return f"no winner between {'; '.join(told)}" if told else ""


def _pairs(leads: Sequence[str], made: Sequence[Conclusion]) -> list[tuple[str, str]]:
    """Give the compared pairs in which a lead takes part."""
    families = sorted({family for c in made for family in (c.first, c.second)})
    compared = {frozenset((c.first, c.second)) for c in made}
    return [
        pair
        for pair in combinations(families, 2)
        if frozenset(pair) in compared and not set(leads).isdisjoint(pair)
    ]


def _left_out(families: Sequence[str], compared: Sequence[str], found: Sequence[Conclusion]) -> str:
    left = [family for family in families if family not in compared]
    if not left:
        return ""
    about = [c for c in found if not {c.first, c.second}.isdisjoint(left)]
    return f"not compared: {listed(left)} ({_reasons(about) or 'alone on its stack'})"


def _open(leads: Sequence[str], found: Sequence[Conclusion]) -> str:
    """Name the leads that no metric could be compared by, though each was with others."""
    told: dict[str, list[str]] = {}
    for first, second in combinations(leads, 2):
        about = _about((first, second), found)
        if about and all(c.standing is Standing.NOT_COMPARED for c in about):
            told.setdefault(_reasons(about), []).append(f"{first} with {second}")
    parts = [f"{', '.join(pairs)} ({reason})" for reason, pairs in told.items()]
    return f"not compared: {'; '.join(parts)}" if parts else ""


def _reasons(found: Sequence[Conclusion]) -> str:
    """Say each reason once."""
    reasons = dict.fromkeys(
        reason
        for c in found
        if c.standing is Standing.NOT_COMPARED
        for f in c.findings.values()
        for reason in f.reason.split("; ")
    )
    return "; ".join(reasons)


def _alone(leads: Sequence[str], made: Sequence[Conclusion]) -> str:
    """Say where no second implementation stood beside what puts the leads ahead."""
    decisive = [c for c in made if c.standing is Standing.AHEAD and c.first in leads]
    if not any(c.spread is None for c in decisive):
        return ""
    return "one implementation each was measured"


def _lost(leads: Sequence[str], rows: Sequence[Configuration]) -> str:
    counts = [
        (row.pattern, sum(run.audit.lost for run in row.used))
        for row in rows
        if row.family in leads
    ]
    told = [f"{pattern} lost {units.count(lost)} messages" for pattern, lost in counts if lost]
    return ", ".join(told)


def _name(family: str, rows: Sequence[Configuration]) -> str:
    """Name a pattern; a polling one with its interval, without which its figures mean nothing."""
    polling = next((row for row in rows if row.family == family and row.polls), None)
    if polling is None:
        return family
    return f"{family} (every {units.span(polling.workload.poll_interval)})"


def _either(names: Sequence[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
