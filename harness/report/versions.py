"""What differs between two series beside their figures."""

from __future__ import annotations

from harness.report import units
from harness.result import Series

_COMMIT = 10


def differences(old: Series, new: Series) -> list[str]:
    """Name versions, kernel, commit and Redis where they differ, for both sides."""
    before, after = _versions(old), _versions(new)
    differing = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if not differing:
        return ["same versions"]
    return [
        f"{side} {', '.join(f'{name} {values.get(name, units.ABSENT)}' for name in differing)}"
        for side, values in (("old", before), ("new", after))
    ]


def _versions(series: Series) -> dict[str, str]:
    if not series.results:
        return {}
    machine = series.results[0].context.machine
    interpreter, _, version = machine.python.partition(" ")
    commit = machine.commit[:_COMMIT] + "+" * machine.dirty
    found = {interpreter: version, **machine.libraries, "kernel": machine.kernel, "commit": commit}
    for served in sorted({run.context.redis for run in series.results} - {""}):
        name, _, rest = served.partition(" ")
        found[name] = rest
    return {name: version for name, version in found.items() if version}
