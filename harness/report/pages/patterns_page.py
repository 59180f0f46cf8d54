"""The *Patterns* page as a value: sections, and the facts about every machine in its header."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from harness.machine import Machine
from harness.report import units
from harness.report.pages.names import OwnMachine, machine_names, machine_of
from harness.report.pages.page import Fact, MachineFacts, Page
from harness.report.pages.parts import Source
from harness.report.pages.sections import Clean, sections
from harness.report.pages.within_runs import within_runs
from harness.report.question import limits
from harness.result import Result

_COMMIT = 10


def patterns_page(sources: Sequence[Source], clean: Clean, own: OwnMachine | None = None) -> Page:
    """Build the page of ``sources``, each of which holds at least one run.

    Raises:
        BadInput: a histogram cannot be read.
    """
    by_machine: dict[str, list[Source]] = {}
    for source in sources:
        by_machine.setdefault(machine_of(source.series).fingerprint, []).append(source)
    names = machine_names([machine_of(source.series) for source in sources], own)
    ordered = [source for together in by_machine.values() for source in together]
    return Page(
        machines=tuple(
            _facts(fingerprint, names[fingerprint], together, clean)
            for fingerprint, together in by_machine.items()
        ),
        sections=sections(ordered, clean),
        within=tuple(
            within_runs(names[fingerprint], together, clean)
            for fingerprint, together in by_machine.items()
        ),
        limits=" ".join(limits([run for s in sources for run in s.series.results]).split()),
    )


def _facts(fingerprint: str, name: str, sources: Sequence[Source], clean: Clean) -> MachineFacts:
    runs = [run for source in sources for run in source.series.results]
    days = sorted({run.context.started_at[:10] for run in runs})
    machine = runs[0].context.machine
    told = {
        "measured": days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}",
        "commit": _each(runs, lambda m: m.commit[:_COMMIT] + " with changes" * m.dirty),
        "Python": _each(runs, lambda m: m.python),
        "CPU": machine.cpu,
        "cores": str(len(machine.cores)),
        "memory": units.size(float(f"{machine.memory:.2e}")),
        "hypervisor": machine.virtualisation or "none seen",
        "kernel": _each(runs, lambda m: m.kernel),
        **_libraries(runs),
        "Redis": ", ".join(sorted({run.context.redis for run in runs} - {""})),
    }
    return MachineFacts(
        id=fingerprint,
        name=name,
        facts=(
            Fact(name="machine", value=name),  # as its owner wants it called
            *(Fact(name=n, value=clean(value)) for n, value in told.items() if value),
        ),
        commands=tuple(dict.fromkeys(clean(source.series.command) for source in sources)),
    )


def _each(runs: Iterable[Result], of: Callable[[Machine], str]) -> str:
    """Give every value that occurs, in the order in which they were met."""
    return ", ".join(dict.fromkeys(filter(None, (of(run.context.machine) for run in runs))))


def _libraries(runs: Sequence[Result]) -> dict[str, str]:
    found = sorted({name for run in runs for name in run.context.machine.libraries})
    return {name: _version(runs, name) for name in found}


def _version(runs: Sequence[Result], library: str) -> str:
    return _each(runs, lambda machine: machine.libraries.get(library, ""))
