"""What is installed: interpreter, event loop, patterns, and the Redis that would be used."""

from __future__ import annotations

import sys
import time

from harness.doctor.check import Check, fail, ok, warn
from harness.errors import AbecError, BadInput, NotMeasured, ServerFailed
from harness.machine import Machine
from harness.pattern import RedisSpec
from harness.process.redis import resolve
from harness.process.servers import started
from harness.registry import load, names
from harness.report.units import seconds
from harness.workload import Workload


def installed(machine: Machine) -> Check:
    """Name interpreter and event loop, and try to load every pattern."""
    registered = names()
    broken = [problem for name in registered if (problem := _problem(name))]
    text = (
        f"{machine.python}, uvloop {machine.libraries.get('uvloop', 'missing')} · "
        f"{len(registered)} patterns registered"
    )
    if not sys.platform.startswith("linux"):
        return fail(f"{text} · {sys.platform}", "the instrument needs Linux: timerfd, /proc")
    if not registered:
        return fail(text, "install the suite, so that its entry points exist: pip install -e .")
    if broken:
        return fail(f"{text}, {len(broken)} of them broken: {'; '.join(broken)}")
    return ok(text)


def redis(given: str) -> Check:
    """Find the Redis that a run would use, and start it (or greet it, at an explicit URL).

    Raises:
        BadInput: ``given`` cannot be used.
    """
    try:
        label = resolve(given).label
    except BadInput:
        raise
    except NotMeasured as error:
        return warn(f"Redis patterns cannot be measured: {error}")
    began = time.monotonic()
    try:
        with started((RedisSpec(),), Workload(redis=given)):
            took_s = time.monotonic() - began
    except ServerFailed as error:
        return fail(f"{label} does not start: {error}", "give another with --redis")
    return ok(f"{label}: answers {seconds(took_s)} after its start")


def _problem(name: str) -> str:
    try:
        load(name)
    except AbecError as error:
        return f"{name} ({error})"
    return ""
