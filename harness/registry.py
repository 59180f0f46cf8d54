"""Patterns, found by the entry-point group ``abec.patterns`` and known by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from harness.errors import BadInput, NotMeasured
from harness.pattern import Pattern
from harness.workload import Exchange

GROUP = "abec.patterns"

_WHAT_IT_DOES = {
    Exchange.BROADCAST: "every subscriber gets every message",
    Exchange.WORK_QUEUE: "each message goes to exactly one consumer",
    Exchange.REQUEST_REPLY: "each message is answered to the one that sent it",
    Exchange.JOURNEY: "each submission's verdict comes back to its user",
    Exchange.GROUP: "every member gets what any of them sends",
}


@cache
def _registered() -> dict[str, EntryPoint]:
    points: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP):
        if points.setdefault(point.name, point) is not point:
            packages = f"{_package(points[point.name])} and {_package(point)}"
            raise NotMeasured(
                f'pattern "{point.name}" is registered by {packages}; uninstall or rename one'
            )
    return points


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.module


def names() -> tuple[str, ...]:
    """Name all registered patterns in alphabetical order, importing none."""
    return tuple(sorted(_registered()))


@cache
def load(name: str) -> Pattern:
    """Import one pattern.

    Raises:
        BadInput: no pattern has this name; suggests the nearest.
        NotMeasured: its package fails to import, or registers something else under this name.
    """
    point = _registered().get(name)
    if point is None:
        nearest = _nearest(name)
        guess = f"did you mean {nearest}? " if nearest else ""
        count = len(names())
        raise BadInput(
            f'pattern "{name}"', "", f"not registered; {guess}(abec patterns shows all {count})"
        )
    package = _package(point)
    try:
        pattern = point.load()
    except Exception as error:
        # Any code may run in a plug-in's import, so any error may come out of it.
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise NotMeasured(
            f'pattern "{name}" of package {package} cannot be imported ({reason}); '
            "repair or uninstall that package"
        ) from error
    if not isinstance(pattern, Pattern) or pattern.name != name:
        found = type(pattern).__name__
        if isinstance(pattern, Pattern):
            found = f"the pattern {pattern.name}"
        raise NotMeasured(
            f'pattern "{name}" of package {package}: its entry point {point.value} is {found}; '
            f"it must be a harness.pattern.Pattern named {name}"
        )
    return pattern


def all_patterns() -> tuple[Pattern, ...]:
    """Import all registered patterns, in the order of their names.

    Raises:
        NotMeasured: one of them cannot be imported.
    """
    return tuple(map(load, names()))


def storing() -> tuple[str, ...]:
    """Name the patterns whose servers keep messages until a consumer took them."""
    return tuple(name for name in names() if _stores(name))


def _stores(name: str) -> bool:
    with suppress(NotMeasured):
        return load(name).stores
    return False


def encrypting() -> tuple[str, ...]:
    """Name the patterns that speak TLS, each on its default stack."""
    return tuple(name for name in names() if "@" not in name and _encrypts(name))


def _encrypts(name: str) -> bool:
    with suppress(NotMeasured):
        return load(name).encrypts
    return False


def require_exchange(pattern: Pattern, exchange: Exchange) -> None:
    """Refuse an exchange that ``pattern`` cannot carry.

    Raises:
        BadInput: says what the pattern does, and which one does what was asked.
    """
    if exchange in pattern.exchanges:
        return
    does = "; ".join(_WHAT_IT_DOES[carried] for carried in sorted(pattern.exchanges))
    other = next(_carriers(exchange), None)
    instead = f"{other} does this" if other else "no registered pattern does this"
    raise BadInput(f"{pattern.name} with exchange {exchange}", "", f"{does}; {instead}")


def _carriers(exchange: Exchange) -> Iterator[str]:
    """Name the patterns that carry ``exchange``: no floor, nothing broken, defaults first.

    Of these the plainest first, as far as the length of a name tells.
    """
    for name in sorted(names(), key=lambda name: ("@" in name, len(name), name)):
        try:
            pattern = load(name)
        except NotMeasured:
            continue
        if exchange in pattern.exchanges and pattern.family != "floor":
            yield name


def _nearest(name: str) -> str | None:
    """Name the pattern that was probably meant."""
    family, _, stack = name.partition("@")
    if stack and family in names():
        # The default implementation carries no stack in its name.
        with suppress(NotMeasured):
            if load(family).stack == stack:
                return family
    return next(iter(get_close_matches(name, names())), None)
