"""2.6: the gate refuses what it cannot judge, in a line each; ended, it leaves nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from harness.errors import Exit
from harness.machine import Machine
from tests.prove.claim import Claim
from tests.prove.gate_checkout import Checkout, cloned
from tests.prove.users import users_of

GONE_S = 6.0
"""asv gives pip a second to end, and a measuring abec its servers another one and a half."""
_APPEARS_S = 300.0


def prove(_machine: Machine) -> Iterator[Claim]:
    """Refuse, and interrupt, building and measuring."""
    with cloned() as clone:
        yield _refused(clone, "unknown commit", Exit.BAD_INPUT, "no such commit", "v99")
        for name, number in (("Ctrl-C", signal.SIGINT), ("SIGTERM", signal.SIGTERM)):
            yield _ended(clone, f"{name} while building", number, _installs)
        lacking = clone.commit("pyproject.toml", 'sse = "harness.patterns.sse:SSE"\n', "")
        yield _refused(
            clone, "base without the pattern", Exit.NOT_MEASURED, "has no pattern sse", lacking
        )
        broken = clone.commit("pyproject.toml", "[build-system]", "[build-system")
        yield _refused(
            clone, "base that does not build", Exit.NOT_MEASURED, "does not build", broken
        )
        for name, number in (("Ctrl-C", signal.SIGINT), ("SIGTERM", signal.SIGTERM)):
            yield _ended(clone, f"{name} while measuring", number, _measures)


def _refused(checkout: Checkout, what: str, code: Exit, hint: str, base: str) -> Claim:
    done = checkout.regress("--base", base, "--head", "HEAD")
    first, *tail = done.stderr.splitlines() or [""]
    left = _left(checkout)
    return Claim(
        what=what,
        figure=f"exit {done.returncode}: {first.replace(str(checkout.root), '.')}"
        + (f" (and {len(tail)} lines of its log)" if tail else "")
        + (f"; left: {', '.join(left)}" if left else ""),
        bound=f"exit {code:d}, one line and at most a log's tail, nothing left",
        ok=done.returncode == code
        and first.startswith("abec: ")
        and hint in first
        and all(line.startswith("        ") for line in tail if line)
        and not done.stdout
        and not left,
    )


def _ended(
    checkout: Checkout, what: str, how: signal.Signals, so_far: Callable[[Checkout], bool]
) -> Claim:
    """Start a comparison, end it when it is ``so_far``, and watch what stays."""
    process = subprocess.Popen(
        checkout.command("--base", "HEAD"),
        cwd=checkout.root,
        env=checkout.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # A terminal's Ctrl-C goes to the whole foreground group.
        start_new_session=True,
    )
    try:
        deadline_s = time.monotonic() + _APPEARS_S
        while not so_far(checkout):
            if process.poll() is not None or time.monotonic() > deadline_s:
                raise RuntimeError(f"{what}: did not get that far (exit {process.returncode})")
            time.sleep(0.05)
        running = len(users_of(checkout.root.parent))
        ended_s = time.monotonic()
        if how is signal.SIGINT:
            os.killpg(process.pid, how)
        else:
            process.send_signal(how)
        while process.poll() is None or _left(checkout):
            if time.monotonic() > ended_s + 2 * GONE_S:
                break
            time.sleep(0.05)
        gone_s = time.monotonic() - ended_s
        left = _left(checkout)
    finally:
        for pid in users_of(checkout.root.parent):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
    return Claim(
        what=what,
        figure=f"exit {process.returncode}; {running} processes and all temporary files gone "
        f"after {gone_s:.1f} s" + (f"; left: {', '.join(left)}" if left else ""),
        bound=f"exit {Exit.NOT_MEASURED:d}, nothing left after {GONE_S:g} s, at least 2 running",
        ok=process.returncode == Exit.NOT_MEASURED
        and gone_s <= GONE_S
        and not left
        and running >= 2,
    )


def _installs(checkout: Checkout) -> bool:
    return any("pip install" in _arguments(pid) for pid in users_of(checkout.root.parent))


def _measures(checkout: Checkout) -> bool:
    return any("servers.uvicorn_stack" in _arguments(pid) for pid in users_of(checkout.root.parent))


def _arguments(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _left(checkout: Checkout) -> list[str]:
    files = [path.name for path in checkout.temporary.iterdir()]
    return files + [f"process {pid}" for pid in users_of(checkout.root.parent)]
