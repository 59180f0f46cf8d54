"""2.6: the gate refuses what it cannot judge, in a line each, and leaves nothing when it is ended.

And once as it is meant: a change that was planted is found, and asv has the samples of both
commits.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from harness.errors import Exit
from harness.machine import Machine
from tests.prove.claim import Claim
from tests.prove.users import users_of

ROOT = Path(__file__).parents[2]
GONE_S = 6.0
"""asv gives pip a second to end, and a measuring abec its servers another one and a half."""
_APPEARS_S = 300.0
_GATE = """
[scenario.prices]
patterns = ["sse"]
rate = "200"
warmup = "100ms"
duration = "700ms"
"""
_SERVER = "servers/asgi.py"
_SENDS = """                items = await take()
                await send(
                    {
                        "type": "http.response.body",
"""
_DELAY = "                __import__('time').sleep(0.002)\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A clone with commits of its own, and the environment its commands run in."""

    root: Path
    env: Mapping[str, str]

    @property
    def temporary(self) -> Path:
        """Where its commands put what is not to stay."""
        return Path(self.env["TMPDIR"])

    def git(self, *arguments: str) -> str:
        """Run git in it."""
        options = ("-c", "user.name=prove", "-c", "user.email=prove@example.org")
        done = subprocess.run(
            ("git", *options, *arguments), cwd=self.root, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, file: str, old: str, new: str) -> str:
        """Commit a change to what is checked out, and go back to where it was."""
        path = self.root / file
        text = path.read_text()
        if old not in text:
            raise RuntimeError(f"{file} has no {old!r} to be changed")
        path.write_text(text.replace(old, new, 1))
        self.git("commit", "--quiet", "--all", "--message", f"Change {file}")
        made = self.git("rev-parse", "HEAD")
        self.git("reset", "--quiet", "--hard", "HEAD~1")
        return made

    def command(self, *arguments: str) -> tuple[str, ...]:
        """Give ``abec regress`` with arguments."""
        return (sys.executable, "-m", "harness", "regress", "--scenario", "gate.toml", *arguments)

    def regress(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.root,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def prove(_machine: Machine) -> Iterator[Claim]:
    """Refuse, interrupt, and find a planted change."""
    with _checkout() as checkout:
        yield _refused(checkout, "unknown commit", Exit.BAD_INPUT, "no such commit", "v99")
        for name, number in (("Ctrl-C", signal.SIGINT), ("SIGTERM", signal.SIGTERM)):
            yield _ended(checkout, f"{name} while building", number, _installs)
        lacking = checkout.commit("pyproject.toml", 'sse = "harness.patterns.sse:SSE"\n', "")
        yield _refused(
            checkout, "base without the pattern", Exit.NOT_MEASURED, "has no pattern sse", lacking
        )
        broken = checkout.commit("pyproject.toml", "[build-system]", "[build-system")
        yield _refused(
            checkout, "base that does not build", Exit.NOT_MEASURED, "does not build", broken
        )
        for name, number in (("Ctrl-C", signal.SIGINT), ("SIGTERM", signal.SIGTERM)):
            yield _ended(checkout, f"{name} while measuring", number, _measures)
        yield from _found(checkout)


@contextmanager
def _checkout() -> Iterator[Checkout]:
    with tempfile.TemporaryDirectory(prefix="prove-") as directory:
        place = Path(directory)
        for name in ("tmp", "home"):
            (place / name).mkdir()
        subprocess.run(("git", "clone", "--quiet", ROOT, place / "clone"), check=True)
        (place / "clone/gate.toml").write_text(_GATE)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ABEC_")}
        yield Checkout(
            root=place / "clone",
            env={
                **kept,
                "TMPDIR": str(place / "tmp"),
                "HOME": str(place / "home"),
                "PIP_CACHE_DIR": str(place / "pip"),
                "PYTHONPATH": str(place / "clone"),
                "COLUMNS": "100",
            },
        )


def _refused(checkout: Checkout, what: str, code: Exit, hint: str, base: str) -> Claim:
    done = checkout.regress("--base", base)
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
        and all(line.startswith("        ") for line in tail)
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


def _found(checkout: Checkout) -> Iterator[Claim]:
    """Plant a delay in the sse server, and have it found; then have asv compare the same runs."""
    head = checkout.commit(_SERVER, _SENDS, _SENDS.replace("\n", f"\n{_DELAY}", 1))
    sides = ("--base", "HEAD", "--head", head)
    done = checkout.regress(*sides, "--json", "answer.json", "--markdown", "answer.md")
    blamed: list[str] = []
    if (checkout.root / "answer.json").is_file():
        blamed = json.loads((checkout.root / "answer.json").read_text())["regressions"]
    yield Claim(
        what="a delay of 2 ms planted in the sse server",
        figure=f"exit {done.returncode}: {', '.join(blamed) or done.stderr.strip()}",
        bound=f"exit {Exit.ANSWER_IS_NO:d}, prices p50 among what is blamed",
        ok=done.returncode == Exit.ANSWER_IS_NO and "prices p50" in blamed,
    )
    compared = subprocess.run(
        (sys.executable, "-m", "asv", "compare", "HEAD", head, "--only-changed"),
        cwd=checkout.root,
        env=checkout.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    rows = [line for line in compared.stdout.splitlines() if "gate.Gate.track_p50" in line]
    yield Claim(
        what="the same runs in asv compare",
        figure=rows[0].strip() if rows else (compared.stdout + compared.stderr).strip()[-200:],
        bound="a row of gate.Gate.track_p50, marked as slower",
        ok=bool(rows) and rows[0].lstrip("| ").startswith("+"),
    )
